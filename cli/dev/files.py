"""Where the development stack keeps its things, and how it writes what only its owner may read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ROOT / ".dev"  # everything `make reset` forgets
LOCK = DEVELOPMENT / "lock"
SECRETS = DEVELOPMENT / "secrets.json"
ENVIRONMENT = DEVELOPMENT / "env"


def write_private(path: Path, text: str) -> None:
    """Write *text* to *path*, for its owner's eyes only; a reader finds the old text or the new one, never half."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
