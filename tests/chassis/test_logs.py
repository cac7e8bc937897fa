import asyncio
import json
import logging
import re
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.telemetry import logging as logs
from chassis.telemetry import masking
from tests.chassis.log_lines import Line, finish, lines_of, start
from tests.chassis.log_writer import (
    ARGON2,
    FERNET,
    HIDDEN,
    JWT,
    LONG,
    REQUEST_ID,
    SECRET,
    SHOWN,
    SPAN_ID,
    TRACE_ID,
    URL,
)
from tests.support.often import times


@dataclass(frozen=True, slots=True)
class Written:
    """The output of the writer, in production and locally."""

    production: list[Line]
    local: str
    file: list[Line]
    errors: list[Line]
    local_file: list[Line]

    @property
    def everything(self) -> str:
        """Return all of it as text; JSON without escapes."""
        return f"{self.local}{self.production}{self.file}{self.errors}{self.local_file}"

    def find(self, event: str) -> Line:
        """Return the one production line whose event begins with this text."""
        (line,) = [line for line in self.production if str(line["event"]).startswith(event)]
        return line


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A line of each kind, written in production and locally."""
    folders = [tmp_path_factory.mktemp(name) / "logs" for name in ("production", "local")]
    writers = [start(folders[0], PRODUCTION="true"), start(folders[1])]
    production, local = map(finish, writers)
    return Written(
        lines_of(production),
        local,
        lines_of((folders[0] / "user-service.log").read_text()),
        lines_of((folders[0] / "user-service_errors.log").read_text()),
        lines_of((folders[1] / "user-service.log").read_text()),
    )


def test_a_line_is_json_in_production(written: Written) -> None:
    """Every line of standard output is one JSON object with the same leading fields."""
    assert len(written.production) > len(HIDDEN)
    assert all(line.keys() >= {"event", "level", "logger", "service", "timestamp"} for line in written.production)
    assert {line["service"] for line in written.production} == {"user"}


def test_a_line_is_text_locally(written: Written) -> None:
    """Locally lines are text, without colours unless on a terminal."""
    (line,) = [line for line in written.local.splitlines() if "inside" in line]

    assert "\x1b" not in written.local
    assert f"request_id={REQUEST_ID}" in line
    assert "number=1" in line
    assert not line.startswith("{")


def test_files_have_what_standard_output_has(written: Written) -> None:
    """The log file is JSON in every environment; its lines are those of standard output."""
    assert written.file == written.production
    assert [line["event"] for line in written.local_file] == [line["event"] for line in written.production]


def test_errors_have_a_file_of_their_own(written: Written) -> None:
    """The second file has only the errors."""
    assert written.errors == [line for line in written.production if line["level"] == "error"]
    assert "broken" in [line["event"] for line in written.errors]


def test_a_line_within_a_request_says_which(written: Written) -> None:
    """Within a request a line has its ids and the time elapsed; outside it has none of them."""
    inside, outside = written.find("inside"), written.find("outside")

    assert (inside["request_id"], inside["trace_id"], inside["span_id"]) == (REQUEST_ID, TRACE_ID, SPAN_ID)
    assert 0 <= inside["duration_ms"] < 10_000
    assert not outside.keys() & {"request_id", "trace_id", "span_id", "duration_ms"}


@pytest.mark.parametrize("event", ["library line", "uvicorn line"])
def test_lines_of_libraries_have_the_same_form(written: Written, event: str) -> None:
    """Lines of the standard library's logging have the form of our own."""
    assert written.find(event).keys() == written.find("inside").keys() - {"number"}
    assert written.find(event)["request_id"] == REQUEST_ID


@pytest.mark.parametrize("event", ["too low", "repeated"])
def test_noise_is_not_written(written: Written, event: str) -> None:
    """Lines below the level, and access lines that duplicate ours, are left out."""
    assert event not in written.everything


@pytest.mark.parametrize("case", HIDDEN)
def test_a_secret_is_hidden(written: Written, case: str) -> None:
    """The line is written to every output, without the secret."""
    outputs: list[list[Any]] = [
        written.production,
        written.file,
        written.local_file,
        re.split(r"(?m)^(?=\d{4}-\d\d-\d\dT)", written.local),
    ]

    about = [str(line) for output in outputs for line in output if f"case {case};" in str(line)]
    assert len(about) == len(outputs)
    assert not [line for line in about if SECRET in line]


texts = st.lists(
    st.one_of(
        st.sampled_from([JWT, FERNET, ARGON2, URL, "Bearer abc", "bearer abc", "Basic abc", "password=a", "token=a"]),
        st.sampled_from([JWT[:9], URL[-30:], " ", "&", "=", "\x1b[1m", "\x7f", "\u202e", "\u2028", "\ud800"]),
        st.text(max_size=5),
    )
).map("".join)
values = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=3), st.lists(texts))


@settings(max_examples=times(100), deadline=None)
@given(texts)
def test_the_shortcuts_change_nothing(text: str) -> None:
    """A text is masked and escaped as if every expression were tried on it."""
    assert masking.safe_text(text) == masking._SECRET_TEXT.sub(masking._HIDDEN, text).translate(masking._CONTROLS)  # noqa: SLF001


@settings(max_examples=times(100), deadline=None)
@given(
    st.dictionaries(st.sampled_from(["event", "path", "password", "exception", "status"]), values),
    st.sampled_from([None, "x" * (masking.MAX_TEXT - 1), "x" * (masking.MAX_TEXT + 1)]),
)
def test_a_line_without_anything_to_mask_is_what_masking_leaves(line: Line, long: str | None) -> None:
    """JSON that is written without looking at each value is that of the values made safe."""
    line = line | {"long": long}

    assert masking.json_line(line) == orjson.dumps(masking.make_safe(line)).decode()


def test_no_output_has_a_secret(written: Written) -> None:
    """Neither standard output nor a file contains any of the secrets."""
    assert SECRET not in written.everything


@pytest.mark.parametrize("case", ["exception with a jwt", "library's exception"])
def test_an_exception_keeps_its_traceback(written: Written, case: str) -> None:
    """The secret is removed; the location of the error and its cause stay."""
    line = written.find(f"case {case};")

    assert "in fail" in line["exception"]
    assert "The above exception was the direct cause" in line["exception"]
    assert "RuntimeError: bad [hidden]" in line["exception"]


@pytest.mark.parametrize("case", SHOWN)
def test_no_control_character_reaches_a_terminal(written: Written, case: str) -> None:
    """Text from outside is escaped: it neither moves the cursor nor starts a line of its own."""
    (line,) = [line for line in written.local.splitlines() if f"shown {case};" in line]

    assert "forged" in (line if case != "exception" else written.local)
    assert not [character for character in written.local if not character.isprintable() and character != "\n"]
    assert not [line for line in written.local.splitlines() if line.startswith("2026-01-01 [info] forged")]
    assert written.find(f"shown {case};")


@pytest.mark.parametrize("case", LONG)
def test_what_is_logged_has_a_limit(written: Written, case: str) -> None:
    """A megabyte of text from outside is cut, in every output; the line is still written."""
    lines = [line for line in (*written.production, *written.file) if str(line["event"]).startswith(f"long {case};")]

    assert len(lines) == 2
    assert max(len(json.dumps(line)) for line in lines) < 200_000
    assert len(written.local) < 2_000_000


def test_a_value_without_a_text_costs_no_line(written: Written) -> None:
    """A line whose value cannot be converted to text is written without it; so are the lines after it."""
    assert written.find("unprintable")["unprintable"] == "ZeroDivisionError"
    assert written.find("after it")
    assert "after it" in written.local


def test_a_request_that_the_server_cancels_has_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """At its end the server cancels what still runs; its lines about that are left out, those about errors stay."""
    logs._quiet_libraries("INFO")  # noqa: SLF001
    server = logging.getLogger("uvicorn.error")
    for error in (asyncio.CancelledError(), ValueError("bad")):
        server.error("Exception in ASGI application", exc_info=error)
    for last in ("asyncio.exceptions.CancelledError", "ValueError: bad"):
        server.error(f"Traceback (most recent call last):\n  File …\n{last}\n")  # as its lifespan logs them

    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [ValueError]
    assert [record.msg.split()[-2] for record in caplog.records if not record.exc_info] == ["ValueError:"]
