"""Names in Python for names in PostgreSQL."""

import keyword
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.orm.names import RESERVED, assign, class_name, member_name, snake_case

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("parentId", "parent_id"), ("photoURL", "photo_url"), ("HTMLBody", "html_body"), ("created_at", "created_at"),
        ("ID", "id"), ("currentRESTSession", "current_rest_session"), ("_id", "id"), ("$", "column"),
        ("1st", "n1st"), (":0", "n0"),
    ],
)  # fmt: skip
def test_words_are_kept(name: str, attribute: str) -> None:
    """The words of a name stay."""
    assert snake_case(name) == attribute


@pytest.mark.parametrize(
    ("name", "expected"), [("PageStatus", "PageStatus"), ("film_actor", "FilmActor"), ("_AToB", "AToB"), ("1", "N1")]
)
def test_classes_are_named_as_tables(name: str, expected: str) -> None:
    """A class has the name of its table, with capitals where words begin."""
    assert class_name(name) == expected


@given(
    names=st.lists(NAMES, min_size=1, max_size=8, unique=True),
    form=st.sampled_from([snake_case, class_name, member_name]),
)
def test_any_names_become_different_identifiers(names: list[str], form: Callable[[str], str]) -> None:
    """Whatever the names are, theirs in Python are identifiers, different from each other and from what is taken."""
    assigned = assign(((name, form(name)) for name in names), RESERVED)

    assert sorted(assigned) == sorted(names)
    assert len(set(assigned.values())) == len(names)
    for name in assigned.values():
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert name not in RESERVED
        assert not name.startswith("_")
        assert unicodedata.normalize("NFKC", name) == name
