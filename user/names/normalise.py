"""One key for all spellings of a name or an address: what case, width and invisible characters do not change."""

import unicodedata

import regex

_INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")


def without_invisible(text: str) -> str:
    """Replace compatibility forms (full-width letters become plain ones), and leave out what is not drawn."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def name_key(name: str) -> str:
    """Fold case, compatibility forms and what is invisible: NFKC_Casefold."""
    return unicodedata.normalize("NFKC", without_invisible(name).casefold())
