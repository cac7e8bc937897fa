"""The dashboard's time zone: the browser's, otherwise UTC, and days on which the clock changes."""

import pytest
from playwright.async_api import expect

from chassis.mongodb.database import MotorDatabase
from tests.analytics.dashboard.conftest import Visit
from tests.analytics.dashboard.screen import PANELS
from tests.analytics.dashboard.seeds import seed
from tests.support.aliases import MakeUser
from user.models import User

RANGES = """async ([function_name, now]) => {
  const ranges = await import("/dashboard/ranges.js");
  return JSON.parse(JSON.stringify(ranges[function_name](new Date(now))));
}"""
"""Calls the page's module for a range at a time."""


def naming(zone: str) -> str:
    """A script that makes the browser report another zone."""
    return f"""
        const original = Intl.DateTimeFormat.prototype.resolvedOptions;
        Intl.DateTimeFormat.prototype.resolvedOptions = function () {{
            return {{ ...original.call(this), timeZone: {zone} }};
        }};"""


@pytest.fixture
async def root(make_user: MakeUser) -> User:
    """An admin."""
    return await make_user("root", role="admin")


@pytest.mark.long
@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("undefined", "UTC: this browser does not name its time zone"),
        ('""', "UTC: this browser does not name its time zone"),
        ('"Mars/Phobos"', "UTC: the service does not know the time zone Mars/Phobos"),
        ('"Etc/Unknown"', "UTC: the service does not know the time zone Etc/Unknown"),
        ('"right/Europe/Berlin"', "UTC: the service does not know the time zone right/Europe/Berlin"),
    ],
)
async def test_without_a_zone_that_is_known_the_dashboard_is_in_utc(
    visit: Visit, root: User, database: MotorDatabase, zone: str, said: str
) -> None:
    """The page shows that it uses UTC, and its panels show numbers of UTC days."""
    await seed(database)
    async with visit(timezone_id="Asia/Tokyo") as screen:
        await screen.page.add_init_script(naming(zone))
        await screen.page.reload()
        await screen.log_in()
        await screen.settle()

        await expect(screen.page.locator("#zone")).to_have_text(said)
        shown = {name: await screen.text_of(name) for name in PANELS}
        days = await screen.page.evaluate(RANGES, ["todayAndYesterday", "2026-11-20T20:30:30Z"])
        refused = [one for one in screen.complaints if "422" in one]
        assert len(refused) == len(screen.complaints) <= 1
        screen.complaints.clear()

    assert "page.viewed 5" in shown["over-time"]
    assert not any("This panel could not be shown" in text or "Try again" in text for text in shown.values())
    assert days["today"] == {"from": "2026-11-20T00:00:00.000Z", "to": "2026-11-20T20:31:00.000Z"}


async def test_a_zone_that_is_known_is_used(visit: Visit, root: User, database: MotorDatabase) -> None:
    """The zone's name is shown, and days begin at its midnight."""
    async with visit(timezone_id="Asia/Tokyo") as screen:
        await screen.log_in()
        await screen.settle()

        await expect(screen.page.locator("#zone")).to_have_text("Asia/Tokyo")
        days = await screen.page.evaluate(RANGES, ["todayAndYesterday", "2026-11-20T20:30:30Z"])

    assert days["today"] == {"from": "2026-11-20T15:00:00.000Z", "to": "2026-11-20T20:31:00.000Z"}


YESTERDAYS = {
    "Europe/Berlin": [
        # The clock moved forward today: nine hours since midnight, but ten yesterday.
        ("2026-03-29T08:00:30Z", ("2026-03-27T23:00", "2026-03-28T09:01")),
        # It moved forward yesterday, after the same time, and before it.
        ("2026-03-29T22:30:30Z", ("2026-03-28T23:00", "2026-03-28T23:31")),
        ("2026-03-30T08:00:30Z", ("2026-03-28T23:00", "2026-03-29T08:01")),
        # Yesterday's clock skipped this time: the range ends at the change.
        ("2026-03-30T00:30:30Z", ("2026-03-28T23:00", "2026-03-29T01:00")),
        # It moved back today: ten hours since midnight, and nine yesterday.
        ("2026-10-25T08:00:30Z", ("2026-10-23T22:00", "2026-10-24T07:01")),
        # It moved back yesterday; of two hours with this name the first one counts.
        ("2026-10-26T08:00:30Z", ("2026-10-24T22:00", "2026-10-25T08:01")),
        ("2026-10-26T01:30:30Z", ("2026-10-24T22:00", "2026-10-25T00:31")),
        # The last minute of a day ends with the day.
        ("2026-03-28T22:59:30Z", ("2026-03-26T23:00", "2026-03-27T23:00")),
    ],
    # Where midnight is skipped, a day begins at the change, which may be of half an hour.
    "America/Havana": [("2026-03-09T12:00:30Z", ("2026-03-08T05:00", "2026-03-08T12:01"))],
    "Australia/Lord_Howe": [("2026-10-04T15:10:30Z", ("2026-10-03T13:30", "2026-10-03T15:30"))],
    "UTC": [("2026-03-29T08:00:30Z", ("2026-03-28T00:00", "2026-03-28T08:01"))],
}
"""Time zone -> moments, each with the beginning and the end of yesterday until then."""


@pytest.mark.parametrize("zone", YESTERDAYS)
async def test_yesterday_until_now_is_until_the_same_time_on_the_wall(visit: Visit, zone: str) -> None:
    """Yesterday ends at the same local time, on days with a clock change as on all others."""
    async with visit(timezone_id=zone) as screen:
        for now, yesterday in YESTERDAYS[zone]:
            days = await screen.page.evaluate(RANGES, ["todayAndYesterday", now])

            assert tuple(days["yesterday"][end][:16] for end in ("from", "to")) == yesterday, now
            assert days["today"]["from"] < now < days["today"]["to"]
