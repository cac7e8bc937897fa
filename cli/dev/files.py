"""The files of the development stack, and writing files that only their owner may read."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ROOT / ".dev"  # deleted by `make reset`
LOCK = DEVELOPMENT / "lock"
SECRETS = DEVELOPMENT / "secrets.json"
ENVIRONMENT = DEVELOPMENT / "env"


def write_private(path: Path, text: str) -> None:
    """
    Write *text* to *path*, readable by its owner only; a reader sees the old text or the new one, never a part.

    A file that is there keeps its owner: root may change a file of the user who runs the services.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    if path.exists():
        os.chown(draft, path.stat().st_uid, path.stat().st_gid)
    draft.write_text(text)
    draft.replace(path)
