"""`bin/cli service remove` and `check`: what stands in the way, and what is left, in a clone of this project."""

import subprocess
from pathlib import Path

import pytest

from cli.calls import call_rows
from cli.errors import CommandError
from cli.git import try_git
from cli.services import check as checking
from cli.services.belongings import unmatched_patterns, without_passages
from cli.services.check import check, lacks
from cli.services.discovery import ROOT, SERVICES, Service, find_service
from cli.services.links_between_pages import without_links
from cli.services.remove import callers, calls_beside, refuse
from tests.cli.services.clones import attempt, run
from tests.support.git import commit, git

SHOP = ["order", "product"]


def test_all_that_stands_in_the_way_is_named_at_once() -> None:
    """Each service that calls it, with its calls and what to change; without an obstacle nothing is raised."""
    user = find_service("user")

    with pytest.raises(CommandError) as refused:
        refuse(user, callers(user, call_rows()))
    refuse(user, [])

    first, *lines = str(refused.value).splitlines()
    assert first == "Nothing was removed. In the way of user:"
    assert [line.split()[0] for line in lines] == [one.name for one in SERVICES if one != user]
    assert "/.well-known/jwks.json" in lines[0]
    assert f"or remove {lines[0].split()[0]} first." in lines[0]


def test_a_passage_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    """In each kind of comment; passages about another service, and text that mentions a mark, stay."""
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- --- about memo --- -->\nb\n<!-- --- end about memo --- -->\nc `--- about memo ---`\n"
        "    # --- about card ---\nd\n    # --- end about card ---\n| e <!-- about memo --> |\n"
    )

    assert without_passages(tmp_path, "page.md", "memo") == (
        "a\nc `--- about memo ---`\n    # --- about card ---\nd\n    # --- end about card ---\n"
    )
    assert without_passages(tmp_path, "page.md", "list") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# --- about memo ---\na\n", "page:1: the passage that begins in line 1 has no end"),
        ("a\n# --- end about memo ---\n", "page:2: a passage ends here that has no beginning"),
        ("# --- about memo ---\n# --- about memo ---\n", "page:2: the passage that begins in line 1 has no end"),
    ],
)
def test_a_passage_without_both_marks_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """The message names the line."""
    (tmp_path / "page").write_text(text)

    with pytest.raises(CommandError, match=says):
        without_passages(tmp_path, "page", "memo")


def test_links_to_removed_pages_become_text(tmp_path: Path) -> None:
    """An entry or a row about a removed page goes, and so does an image; other links stay."""
    page = tmp_path / "README.md"
    page.write_text(
        "See [the memo](pages/memo.md#x) and [this](pages/kept.md).\n"
        "- [Memo](pages/memo.md)\n| [m](pages/memo.md) | x |\n"
        "![picture](pages/memo.svg)\n"
    )
    removed = {(tmp_path / path).resolve() for path in ("pages/memo.md", "pages/memo.svg")}

    assert without_links(page, removed) == "See the memo and [this](pages/kept.md).\n\n"
    assert without_links(page, set()) is None


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_what_a_service_owns_is_there(service: Service) -> None:
    """Each entry of ``owns`` matches a file, and each passage about the service has two marks."""
    assert unmatched_patterns(service, ROOT) == []


def test_a_folder_made_by_hand_lacks_what_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a service.toml, it is the first thing; with it, each missing file is named with what to write."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: S607
    (tmp_path / "memo").mkdir()
    monkeypatch.setattr(checking, "ROOT", tmp_path)

    with pytest.raises(CommandError, match=r"memo/service\.toml is missing: write port"):
        check("memo")
    found = list(lacks(Service("memo", 8100, "postgres", owns=("pages/memo.md",)), tmp_path))

    assert [problem.split()[0] for problem in found] == [
        *("memo/settings.py", "memo/main.py", "memo/README.md", "memo/alembic.ini", "memo/service.toml:")
    ]


def take_out(clone: Path, *names: str) -> None:
    """Remove services, one after the other."""
    for name in names:
        run(clone, "cli", "service", "remove", name)
        commit(clone)
    assert git(clone, "ls-files", *names, *(f"tests/{name}" for name in names)) == ""


def check_left(clone: Path) -> None:
    """Run the checks, and the tests that need no database."""
    checks = [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["cli", "render", "--check"]]
    suites = ["tests/docs", "tests/cli/services", "tests/cli/test_events.py", "tests/test_contracts.py"]
    collected, fast = ["pytest", "-n", "0", "-q", "--collect-only"], ["pytest", "-n", "0", "-q", *suites]
    for command in (*checks, ["cli", "service", "check"], collected, fast):
        run(clone, *command)


# --- about order ---
@pytest.mark.long
def test_calls_in_passages_about_a_service_do_not_keep_it(clone: Path) -> None:
    """Other calls do: those of a front are in passages, and that of order is not."""
    found = {
        name: [line.split()[0] for line in callers(find_service(name), calls_beside(find_service(name), clone))]
        for name in SHOP
    }

    assert found == {"order": [], "product": ["order"]}


# --- end about order ---
# --- about product ---
@pytest.mark.long
def test_the_example_shop_can_be_removed(clone: Path) -> None:
    """First order, then product: what is left is complete, linted, typed and rendered, and its pages and tests hold."""
    refused = attempt(clone, "cli", "service", "remove", "product")
    assert "order calls it (POST /api/v1/reservations" in refused.stderr
    assert git(clone, "status", "--porcelain") == ""

    take_out(clone, *SHOP)

    check_left(clone)


# --- end about product ---
# --- about gateway ---
NAMES = "gateway-service|gateway/|the gateway|graphql|strawberry"
OF_OTHERS = [
    *(":!CHANGELOG.md", ":!chassis", ":!cli/dev/reloading.py", ":!requirements", ":!docs/decisions/0016-kubernetes.md")
]
"""They may have the word: history, a span's name, a kind of file, libraries of libraries, Kubernetes' Gateway API."""


def check_unnamed(clone: Path) -> None:
    """Find no file that names the gateway."""
    assert try_git(clone, "grep", "-liE", NAMES, "--", *OF_OTHERS).stdout == ""


@pytest.mark.long
def test_the_gateway_can_be_removed(clone: Path) -> None:
    """What is left is complete, linted, typed and rendered, its pages and tests hold, and nothing names the gateway."""
    take_out(clone, "gateway")

    check_left(clone)
    check_unnamed(clone)


@pytest.mark.long
def test_the_gateway_can_be_removed_between_others(clone: Path) -> None:
    """Nothing that is left imports what is gone."""
    take_out(clone, "order", "gateway", "product")

    run(clone, "ruff", "check")
    run(clone, "pytest", "-n", "0", "-q", "--collect-only")
    check_unnamed(clone)


# --- end about gateway ---


# --- about content ---
@pytest.mark.long
def test_the_service_of_another_teams_tables_can_be_removed(clone: Path) -> None:
    """What is left is complete, linted, typed and rendered, its pages and tests hold, and nothing names its pages."""
    take_out(clone, "content")

    check_left(clone)
    names = "content-service|CONTENT_(DATABASE|OWNER)_URL|api/v1/pages|PageSummary|pageBySlug|about content"
    others = (":!CHANGELOG.md", ":!docs/decisions/0040-tables-of-another-owner.md")
    assert try_git(clone, "grep", "-lE", names, "--", *others).stdout == ""


# --- end about content ---
