"""One key for all spellings of a name or an address: it ignores case, width and invisible characters."""

import unicodedata

import regex

_INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")


def without_invisible(text: str) -> str:
    """Replace compatibility forms (full-width letters become plain ones), and remove invisible characters."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def name_key(name: str) -> str:
    """Fold case, compatibility forms and invisible characters: NFKC_Casefold."""
    return unicodedata.normalize("NFKC", without_invisible(name).casefold())
