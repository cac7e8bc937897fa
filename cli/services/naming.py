"""The name of a new service, and the forms in which a skeleton's own name is replaced by it."""

import builtins
import keyword
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from token import NAME
from tokenize import TokenInfo, generate_tokens

from cli.errors import CommandError
from cli.services.discovery import SERVICES, check_name

LONGEST = 30
"""PostgreSQL's names of indexes, which begin with it, have 63 characters at most."""
_UNCHANGED_PLURAL = re.compile(r"(?<![sui])s$")
_SIBILANT = re.compile(r"(s|x|z|ch|sh)$")
_Y = re.compile(r"(?<=[^aeiou])y$")


def plural(name: str) -> str:
    """Return the plural of a name: ``gift_cards``, ``boxes``, ``deliveries``; of a plural, the same."""
    if _UNCHANGED_PLURAL.search(name):
        return name
    if _SIBILANT.search(name):
        return f"{name}es"
    return _Y.sub("ie", name) + "s"


def renaming(old: str, new: str) -> Mapping[str, str]:
    """Return the forms of a name in code and in sentences, longest first, with what replaces them."""
    singulars, plurals = (
        zip(_forms(old), _forms(new), strict=True),
        zip(_forms(f"{old}s"), _forms(plural(new)), strict=True),
    )
    spoken = old.replace("_", " ")
    article = "an" if new[0] in "aeio" else "a"
    articles = {
        f"{a} {spoken}": f"{article if a == 'a' else article.capitalize()} {new.replace('_', ' ')}" for a in "aA"
    }
    found = {**articles, **dict(plurals), **dict(singulars)}
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def renamed(text: str, forms: Mapping[str, str]) -> str:
    """Return a text with the forms of a name replaced."""
    return re.sub("|".join(map(re.escape, forms)), lambda found: forms[found[0]], text)


def check_new_name(name: str, root: Path) -> None:
    """
    Check that a new service below *root* may have this name.

    Raises:
        CommandError: It may not; the message has the reason.
    """
    check_name(name)
    if reason := _reason(name, root):
        raise CommandError(f"'{name}' is not a name for a service: {reason}")


def check_words(name: str, sources: Iterable[str], forms: Mapping[str, str]) -> None:
    """
    Check that the names in Python code stay different when those of a skeleton are replaced.

    Raises:
        CommandError: Two things would have one name.
    """
    names = {token.string for source in sources for token in _tokens(source) if token.type == NAME}
    new = {word: renamed(word, forms) for word in names}
    own = {one for word, one in new.items() if one != word}
    kept = {word for word, one in new.items() if one == word} | set(dir(builtins))
    if taken := sorted(own & kept):
        raise CommandError(
            f"'{name}' is not a name for a service: its code has another '{taken[0]}'. Add a word, as in {name}_desk."
        )


def _tokens(source: str) -> Iterable[TokenInfo]:
    return generate_tokens(StringIO(source).readline)


def _forms(name: str) -> tuple[str, ...]:
    words = name.split("_")
    spoken = " ".join(words)
    return name, name.upper(), "-".join(words), "".join(map(str.capitalize, words)), spoken, spoken.capitalize()


def _reason(name: str, root: Path) -> str:
    """Return why it cannot have this name; empty if it can."""
    from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS

    from chassis.postgres.tables import chassis_metadata
    from cli.__main__ import COMMANDS

    there = [path for path in (name, f"tests/{name}") if (root / path).exists()]
    reasons = {
        "there is such a service.": name in {service.name for service in SERVICES},
        f"use {LONGEST} characters at most.": len(name) > LONGEST,
        "Python has this word itself.": keyword.iskeyword(name) or keyword.issoftkeyword(name),
        "Python's standard library has a module of this name.": name in sys.stdlib_module_names,
        "bin/cli has a command of this name.": name in COMMANDS,
        "PostgreSQL has this word, or its plural, itself.": not {name, plural(name)}.isdisjoint(RESERVED_WORDS),
        "the chassis has a table of this name.": plural(name) in chassis_metadata.tables,
        f"{' and '.join(there)} is there already.": bool(there),
        "an installed package has it.": find_spec(name) is not None,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")
