"""
``python -m deploy.manifests``: writes deploy/kubernetes/rendered/, the manifests that each overlay applies.

They are committed, so that they can be validated and tested without kustomize, and a review shows what a change does
to the cluster. Needs ``kubectl``.
"""

import subprocess
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "kubernetes"
RENDERED = FOLDER / "rendered"
OVERLAYS = sorted(folder.name for folder in (FOLDER / "overlays").iterdir())


def main() -> None:
    """
    Write a file for each overlay.

    Raises:
        CalledProcessError: kustomize failed; it has printed the reason.
    """
    RENDERED.mkdir(exist_ok=True)
    for overlay in OVERLAYS:
        manifests = _render(overlay)
        (RENDERED / f"{overlay}.yaml").write_text(f"{header(manifests)}\n{manifests}")


def header(manifests: str) -> str:
    """Return the first line of a rendered file: a digest of the sources and of *manifests*."""
    folders = FOLDER, FOLDER.parent / "nginx"
    sources = [file for folder in folders for kind in ("*.yaml", "*.conf") for file in folder.rglob(kind)]
    digest = sha256()
    for file in sorted(source for source in sources if RENDERED not in source.parents):
        digest.update(f"{file.relative_to(FOLDER.parent)}\0".encode() + file.read_bytes() + b"\0")
    digest.update(manifests.encode())
    return f"# Written by `make manifests` from these sources, {digest.hexdigest()[:16]}; not to be edited."


def _render(overlay: str) -> str:
    """Return the manifests of an overlay."""
    command = ["kubectl", "kustomize", str(FOLDER / "overlays" / overlay)]  # needs the program, but no cluster
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - all of it is ours


if __name__ == "__main__":
    main()
