from zoneinfo import available_timezones

import pytest

from analytics.queries.zones import zone
from tests.analytics.asking import Ask

DAY = {"since": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z"}


@pytest.mark.parametrize(
    "name",
    [
        "right/Europe/Berlin",
        "right/UTC",
        "posix/Europe/Berlin",
        "posixrules",
        "localtime",
        "Factory",
        "Mars/Phobos",
        "undefined",
        "Europe",
        "../zoneinfo/right/UTC",
        "/etc/localtime",
        "",
        "+05:30",
        "x" * 65,
    ],
)
@pytest.mark.parametrize("question", ["stats", "timeseries", "revenue"])
async def test_what_is_no_zone_is_refused(ask: Ask, question: str, name: str) -> None:
    """An invalid zone is refused on every route with one, and the message describes the valid names."""
    answer = await ask.response(question, tz=name, **DAY)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/tz"


def test_every_zone_is_taken() -> None:
    """Every zone is accepted, except for names that are not zones."""
    names = available_timezones() - {"localtime", "Factory"}

    assert [name for name in names if zone(name).key != name] == []
