from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.services.graphql_schema import ACKNOWLEDGED, refuse_breaking

BEFORE = "type Query { me: String, old: String }"
AFTER = "type Query { me: String }"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A schema that clients rely on."""
    file = tmp_path / "schema.graphql"
    file.write_text(BEFORE)
    return file


def test_a_change_that_breaks_clients_is_refused(file: Path) -> None:
    """The message has the line that acknowledges it."""
    with pytest.raises(CommandError, match=r"Query\.old was removed"):
        refuse_breaking(file, AFTER)


def test_an_acknowledged_change_is_rendered(file: Path) -> None:
    """The line of the message, in the list, is enough; another change is still refused."""
    file.with_name(ACKNOWLEDGED).write_text("# decided\nField Query.old was removed.\n")

    refuse_breaking(file, AFTER)

    with pytest.raises(CommandError, match=r"Query\.me was removed"):
        refuse_breaking(file, "type Query { other: String }")


@pytest.mark.parametrize("after", [BEFORE, "type Query { me: String, old: String, new: String }"])
def test_what_clients_rely_on_may_grow(file: Path, after: str) -> None:
    """A new field breaks no client."""
    refuse_breaking(file, after)


def test_a_first_schema_breaks_nothing(tmp_path: Path) -> None:
    """There is nothing that clients could rely on."""
    refuse_breaking(tmp_path / "schema.graphql", AFTER)
