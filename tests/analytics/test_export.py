import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from analytics.queries import export_routes as export
from chassis.mongodb.database import MotorDatabase
from cli.dev.polling import eventually
from tests.analytics.asking import Ask, count
from tests.analytics.counting import NOON, event
from tests.support.aliases import Bearer, People
from tests.support.plain import NO_AUTHORITIES

DAY = {"since": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z"}
EXPORT = "/api/v1/analytics/export?from=2026-11-20T00:00Z&to=2026-11-21T00:00Z"


async def lines(ask: Ask, **asked: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a query
    """The events of an export as NDJSON."""
    return [json.loads(line) for line in (await ask.response("export", **DAY, **asked)).text.splitlines()]


async def table(ask: Ask) -> list[dict[str, str]]:
    """The events of an export as CSV."""
    return list(csv.DictReader(StringIO((await ask.response("export", format="csv", **DAY)).text)))


async def test_events_are_handed_out_oldest_first(database: MotorDatabase, ask: Ask) -> None:
    """An export has one JSON object per line, with all stored fields."""
    first = event(user_id="ada", data={"$a.b": [1, 2.5, None]}, anonymous_id="browser")
    await count(database, event(NOON + timedelta(seconds=1)), first)

    one, _ = await lines(ask)

    assert one.pop("received_at").startswith("20")
    assert one == {
        "id": first["_id"],
        "type": "page.viewed",
        "source": "/clients",
        "subject": None,
        "user_id": "ada",
        "anonymous_id": "browser",
        "occurred_at": "2026-11-20T12:00:00Z",
        "data": {"$a.b": [1, 2.5, None]},
    }


async def test_more_than_is_in_memory_at_a_time_is_handed_out(database: MotorDatabase, ask: Ask) -> None:
    """A long export has each event once, in order."""
    events = [event(NOON + timedelta(seconds=n)) for n in range(1001)]
    await count(database, *events)

    assert [one["id"] for one in await lines(ask)] == [one["_id"] for one in events]


async def test_the_end_is_not_in_the_range(database: MotorDatabase, ask: Ask) -> None:
    """Two adjacent exports contain each event once."""
    await count(database, event(), event(NOON.replace(hour=0)), event(NOON.replace(hour=0) + timedelta(days=1)))

    assert len(await lines(ask)) == 2


async def test_only_what_is_asked_for_is_handed_out(database: MotorDatabase, ask: Ask) -> None:
    """Filters are type, person and property."""
    await count(database, event(kind="a", user_id="ada", data={"n": 1}), event(kind="a", user_id="ada"), event())

    assert len(await lines(ask, type="a", user_id="ada", property="n:1")) == 1


async def test_without_events_there_is_an_empty_file(database: MotorDatabase, ask: Ask) -> None:
    """An empty export as CSV still has a header."""
    assert (await lines(ask), await table(ask)) == ([], [])
    assert (await ask.response("export", format="csv", **DAY)).text.startswith("id,type,source,")


@pytest.mark.parametrize(
    ("form", "media_type"), [("ndjson", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8")]
)
async def test_the_answer_is_a_file(database: MotorDatabase, ask: Ask, form: str, media_type: str) -> None:
    """The file's name describes its content."""
    headers = (await ask.response("export", format=form, **DAY)).headers

    assert headers["content-type"] == media_type
    assert headers["content-disposition"] == f'attachment; filename="events-2026-11-20-2026-11-21.{form}"'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
async def test_no_cell_is_a_formula(database: MotorDatabase, ask: Ask, text: str) -> None:
    """A spreadsheet that opens the file computes nothing."""
    await count(database, event(kind=text, subject=text, user_id=text, anonymous_id=text, source=text))

    (one,) = await table(ask)

    names = ("type", "subject", "user_id", "anonymous_id", "source")
    assert [one[name] for name in names] == [f"'{text}"] * len(names)


async def test_cells_hold_any_text(database: MotorDatabase, ask: Ask) -> None:
    """Commas, quotes and line breaks are preserved; data is JSON."""
    odd = 'a,"b"\nc;ä'
    await count(database, event(subject=odd, data={odd: [odd]}))

    (one,) = await table(ask)

    assert (one["subject"], json.loads(one["data"])) == (odd, {odd: [odd]})
    assert one["occurred_at"] == "2026-11-20T12:00:00Z"


@pytest.fixture
async def much(database: MotorDatabase) -> None:
    """More than sockets buffer for a client that does not read."""
    await count(database, *(event(data={"text": "x" * 30_000}) for _ in range(1000)))


async def is_idle(apps: dict[str, FastAPI]) -> bool:
    """Whether analytics serves no request."""
    return bool(apps["analytics"].state.application.receiver.in_flight == 0)


async def test_an_export_ends_when_its_reader_goes(
    apps: dict[str, FastAPI], environment: dict[str, str], bearer: Bearer, much: None
) -> None:
    """An export waits for a slow client, and stops when the client has disconnected."""
    receiver = apps["analytics"].state.application.receiver
    async with (
        httpx.AsyncClient(base_url=environment["ANALYTICS_SERVICE_URL"], verify=NO_AUTHORITIES) as client,
        client.stream("GET", EXPORT, headers=bearer(role="analyst")) as answer,
    ):
        await anext(answer.aiter_bytes())
        assert receiver.in_flight == 1

    assert await eventually(lambda: is_idle(apps))


async def test_an_export_that_takes_too_long_is_cut_off(
    apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch, people: People, bearer: Bearer, much: None
) -> None:
    """A client that stops reading delays nothing else, and sees that the file is incomplete."""
    monkeypatch.setattr(export, "LONGEST_EXPORT_S", 0.2)
    async with people["analytics"].stream("GET", EXPORT, headers=bearer(role="analyst")) as answer:
        assert await eventually(lambda: is_idle(apps))
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()
