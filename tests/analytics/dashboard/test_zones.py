"""The dashboard's time zone: the browser's, otherwise UTC."""

import pytest
from playwright.async_api import expect

from chassis.mongodb.database import MotorDatabase
from tests.analytics.dashboard.conftest import Visit
from tests.analytics.dashboard.screen import PANELS
from tests.analytics.dashboard.seeds import seed
from user.models import User

pytestmark = pytest.mark.long

TODAY = """async () => {
  const { periodOf } = await import("/dashboard/ranges.js");
  const { from, to } = periodOf("today", new Date("2026-11-20T20:30:30Z"));
  return JSON.parse(JSON.stringify({ from, to }));
}"""
"""Returns the period of a day."""


def naming(zone: str) -> str:
    """A script that makes the browser report another zone."""
    return f"""
        const original = Intl.DateTimeFormat.prototype.resolvedOptions;
        Intl.DateTimeFormat.prototype.resolvedOptions = function () {{
            return {{ ...original.call(this), timeZone: {zone} }};
        }};"""


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
        today = await screen.page.evaluate(TODAY)
        refused = [one for one in screen.complaints if "422" in one]
        assert len(refused) == len(screen.complaints) <= 1
        screen.complaints.clear()

    assert "page.viewed 5" in shown["over-time"]
    assert not any("This panel could not be shown" in text or "Try again" in text for text in shown.values())
    assert today == {"from": "2026-11-20T00:00:00.000Z", "to": "2026-11-20T20:31:00.000Z"}
