"""The files of the development stack, and writing files that only their owner may read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ROOT / ".dev"  # deleted by `make reset`
LOCK = DEVELOPMENT / "lock"
SECRETS = DEVELOPMENT / "secrets.json"
ENVIRONMENT = DEVELOPMENT / "env"


def write_private(path: Path, text: str) -> None:
    """Write *text* to *path*, readable by its owner only; a reader sees the old text or the new one, never a part."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
