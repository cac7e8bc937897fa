"""One key for all spellings of a name, so that no two accounts look alike."""

import unicodedata


def name_key(name: str) -> str:
    """Fold case and compatibility forms (Unicode's caseless matching, NFKC): full-width letters are plain ones."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
