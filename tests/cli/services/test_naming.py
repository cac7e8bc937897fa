"""The name of a new service, and what a skeleton's own name becomes."""

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cli.errors import CommandError
from cli.services.copying import SKELETON_OF, copied, write_files
from cli.services.discovery import ROOT, Kind
from cli.services.drafts import settle
from cli.services.naming import LONGEST, check_new_name, plural, renamed, renaming

NAMES = st.from_regex(r"[a-z]{1,9}[0-9]?(_[a-z]{1,9}[0-9]?){0,2}", fullmatch=True)
OLD = re.compile(r"sample[ _-]?(record|document|view)", re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Gifts", "use lower-case words"),
        ("gift-card", "use lower-case words"),
        ("gift__card", "use lower-case words"),
        ("2gifts", "use lower-case words"),
        ("../gift", "use lower-case words"),
        ("", "use lower-case words"),
        ("edge", "another part of the project has it"),
        ("user", "there is such a service"),
        ("lambda", "Python has this word"),
        ("match", "Python has this word"),
        ("json", "standard library"),
        ("pydantic", "an installed package has it"),
        ("render", "bin/cli has a command of this name"),
        ("reference", "PostgreSQL has this word, or its plural"),
        ("idempotency_key", "the chassis has a table of this name"),
        ("system", "tests/system is there already"),
        ("g" * (LONGEST + 1), f"use {LONGEST} characters at most"),
    ],
)
def test_a_name_that_cannot_work_is_refused_with_the_reason(name: str, reason: str) -> None:
    """A name becomes a module, tables, hosts and commands, so it must be free in each of these places."""
    with pytest.raises(CommandError, match=reason):
        check_new_name(name, ROOT)


@pytest.mark.parametrize("name", ["page", "session", "person", "exception"])
def test_a_name_that_the_code_has_already_is_refused(name: str) -> None:
    """Otherwise an import would be shadowed; the message has a name that works."""
    with pytest.raises(CommandError, match=f"its code has another .* as in {name}_desk"):
        copied("postgres", name)

    assert copied("postgres", f"{name}_desk")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gift_card", "gift_cards"),
        ("box", "boxes"),
        ("delivery", "deliveries"),
        ("essay", "essays"),
        ("shipments", "shipments"),
        ("gift_status", "gift_statuses"),
        ("address", "addresses"),
    ],
)
def test_a_list_has_the_plural(name: str, expected: str) -> None:
    """Paths, tables and functions of lists have it; a plural stays as it is."""
    assert plural(name) == expected


def test_every_form_of_the_name_is_replaced() -> None:
    """In code, environment, paths and sentences, with the article."""
    text = "A sample record; a sample record's SampleRecordRead, sample_records, /sample-records, SAMPLE_RECORD_URL"

    assert renamed(text, renaming("sample_record", "order_entry")) == (
        "An order entry; an order entry's OrderEntryRead, order_entries, /order-entries, ORDER_ENTRY_URL"
    )


@settings(max_examples=6, deadline=None, phases=[Phase.generate])  # a failing name explains itself, and ruff is slow
@given(wanted=st.dictionaries(NAMES, st.sampled_from(list(SKELETON_OF)), min_size=5, max_size=10))
def test_a_name_is_refused_or_makes_a_service(wanted: dict[str, Kind]) -> None:
    """The files are Python that ruff accepts, and the skeleton's own name is nowhere."""
    services = {}
    for name, kind in wanted.items():
        with suppress(CommandError):
            check_new_name(name, ROOT)
            services[name] = copied(kind, name)

    check_files(services)


def test_the_shortest_and_the_longest_name_make_a_service() -> None:
    """A line of a comment or a docstring has room for the longest one."""
    check_files(
        {
            name: copied(kind, name)
            for kind, letter in zip(SKELETON_OF, "wxyz", strict=True)
            for name in (letter, letter * LONGEST, f"{letter}_" * (LONGEST // 2 - 1) + "as")
        }
    )


def check_files(services: dict[str, dict[Path, str]]) -> None:
    """Check the files of services, in a folder with the project's settings of ruff."""
    files = {path: text for own in services.values() for path, text in own.items()}
    assert not [path for path, text in files.items() if OLD.search(f"{path} {text}")]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "pyproject.toml", folder)
        for package in ("chassis", "tests/support", "user"):
            (Path(folder) / package).mkdir(parents=True)
        write_files(Path(folder), files)
        settle(Path(folder), ["."])
        command = [
            str(Path(sys.executable).with_name("ruff")),
            "check",
            "--no-cache",
            "--output-format=concise",
            folder,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
