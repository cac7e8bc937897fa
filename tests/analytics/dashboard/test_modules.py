"""What the page's modules compute, without its panels: all in one page per time zone."""

from datetime import UTC, datetime

import pytest

from tests.analytics.dashboard.conftest import Modules

NOW = datetime(2026, 11, 20, 20, 30, 30, tzinfo=UTC)
A, B = "0197a6b2-0000-7000-8000-0000a1b2c3d4", "0197a6b2-0000-7000-8000-000099887766"


def at(text: str) -> datetime:
    """Read a UTC time."""
    return datetime.fromisoformat(text)


async def test_a_range_is_whole_days_until_now(modules: Modules) -> None:
    """A range is in local time; the period before it is as long, and ends at the same time of the day."""
    week = await modules.run("ranges.periodOf", "7d", NOW, zone="Asia/Tokyo")

    assert (week["from"], week["to"]) == ("2026-11-14T15:00:00.000Z", "2026-11-20T20:31:00.000Z")
    assert week["before"] == {"from": "2026-11-07T15:00:00.000Z", "to": "2026-11-13T20:31:00.000Z"}
    assert (week["first"], week["last"], week["isOpen"]) == ("2026-11-15", "2026-11-21", True)
    assert (week["bucket"], week["bars"], week["weeks"]) == ("hour", "day", 2)


async def test_dates_are_a_range(modules: Modules) -> None:
    """A range of dates includes both; the future is left out, and people are counted by the same dates in UTC."""
    past = await modules.run("ranges.periodOf", {"from": "2026-10-24", "to": "2026-10-25"}, NOW, zone="Europe/Berlin")
    coming = await modules.run("ranges.periodOf", {"from": "2026-11-20", "to": "2026-12-24"}, NOW, zone="Europe/Berlin")
    future = await modules.run("ranges.periodOf", {"from": "2026-12-01", "to": "2026-12-02"}, NOW, zone="Europe/Berlin")

    assert (past["from"], past["to"]) == ("2026-10-23T22:00:00.000Z", "2026-10-25T23:00:00.000Z")
    assert past["before"] == {"from": "2026-10-21T22:00:00.000Z", "to": "2026-10-23T22:00:00.000Z"}
    assert (past["people"]["from"], past["people"]["to"]) == ("2026-10-24T00:00:00.000Z", "2026-10-26T00:00:00.000Z")
    assert (coming["last"], coming["to"]) == ("2026-11-20", "2026-11-20T20:31:00.000Z")
    assert (future["from"], future["to"]) == ("2026-11-30T23:00:00.000Z", "2026-12-02T23:00:00.000Z")


@pytest.mark.parametrize(
    ("dates", "problem"),
    [
        (("2026-11-01", "2026-11-01"), ""),
        (("2026-11-02", "2026-11-01"), "The first day must not be after the last."),
        (("2023-01-01", "2026-11-01"), "At most 1098 days."),
        (("2026-02-30", "2026-11-01"), "Enter two dates, from 2010 on."),
        (("1999-01-01", ""), "Enter two dates, from 2010 on."),
    ],
)
async def test_dates_that_are_no_range_are_explained(modules: Modules, dates: tuple[str, str], problem: str) -> None:
    """Dates that are no range are refused before anything is requested."""
    assert await modules.run("ranges.problemOf", dict(zip(("from", "to"), dates, strict=True))) == problem


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
async def test_yesterday_until_now_is_until_the_same_time_on_the_wall(modules: Modules, zone: str) -> None:
    """Yesterday ends at the same local time as today, also on days with a clock change."""
    for now, yesterday in YESTERDAYS[zone]:
        today = await modules.run("ranges.periodOf", "today", at(now), zone=zone)

        assert tuple(today["before"][end][:16] for end in ("from", "to")) == yesterday, now
        assert today["from"] < now < today["to"]


VIEWS = [
    ({"range": "7d", "hidden": [], "steps": None, "window": "604800"}, ""),
    (
        {"range": "today", "hidden": ["a&b", "ü"], "steps": None, "window": "3600"},
        "?range=today&hide=a%26b&hide=%C3%BC&window=3600",
    ),
    (
        {"range": {"from": "2026-11-01", "to": "2026-11-14"}, "hidden": [], "steps": ["a", "b"], "window": "604800"},
        "?from=2026-11-01&to=2026-11-14&step=a&step=b",
    ),
]


async def test_a_view_is_read_from_the_address_as_it_was_written(modules: Modules) -> None:
    """The usual view has a plain address; whatever is invalid is as usual."""
    for view, address in VIEWS:
        assert await modules.run("view.writeView", view) == address
        assert await modules.run("view.readView", address) == view
    nonsense = "?range=constructor&from=2026-11-14&to=2026-11-01&step=alone&window=1&hide="
    assert await modules.run("view.readView", nonsense) == VIEWS[0][0]
    assert len((await modules.run("view.readView", "?" + "hide=x&" * 1000))["hidden"]) == 60


@pytest.mark.parametrize(
    ("now", "before", "shown"), [(3, 2, "+50%"), (2, 2, "0%"), (0, 2, "-100%"), (3, 0, "new"), (0, 0, None)]
)
async def test_growth_from_nothing_is_no_percentage(modules: Modules, now: int, before: int, shown: str | None) -> None:
    """Growth from nothing is new, and nothing after nothing has no change."""
    assert await modules.run("format.change", now, before) == shown


async def test_an_axis_of_money_has_its_currency(modules: Modules) -> None:
    """An amount on an axis has its currency, in the reader's language, and is short."""
    assert await modules.run("format.shortMoney", 1500, "EUR") == "€1.5k"
    assert await modules.run("format.shortMoney", 2_000_000, "JPY") == "JP¥2m"


async def test_ids_and_products_are_told_apart(modules: Modules) -> None:
    """Products of one name show the ends of their ids, because ids of one time begin alike; others stay whole."""
    products = [{"name": "Cup", "product_id": A}, {"name": "Cup", "product_id": B}, {"name": "Pot", "product_id": A}]

    assert await modules.run("names.productLabels", products) == ["Cup (…a1b2c3d4)", "Cup (…99887766)", "Pot"]
    assert await modules.run("names.productLabels", [{"name": None, "product_id": B}]) == ["…99887766"]
    assert (
        await modules.run("names.tail", "kettle-0000000000000000000000000001") == "kettle-0000000000000000000000000001"
    )


@pytest.mark.parametrize(
    ("types", "steps"),
    [
        (
            ["page.viewed", "order.confirmed", "user.registered", "zoom"],
            ["page.viewed", "user.registered", "order.confirmed"],
        ),
        (["product.created", "a", "page.viewed", "b", "c"], ["page.viewed", "a", "b"]),
        (["order.confirmed", "a", "order.cancelled"], ["a", "order.confirmed"]),
        (["d", "c", "b", "a"], ["d", "c", "b"]),
        ([], []),
    ],
)
async def test_the_usual_funnel_has_steps_that_occur(modules: Modules, types: list[str], steps: list[str]) -> None:
    """The usual funnel is the way to an order, or else the most frequent types."""
    assert await modules.run("names.usualSteps", types) == steps


async def test_equal_lines_take_turns(modules: Modules) -> None:
    """Each of three equal lines shows a third of itself; a line that equals none is solid."""
    series = [{"values": values} for values in ([1, 2], [3, 4], [1, 2], [1, 2])]

    assert await modules.run("series.dashes", series) == [[], [], [12, 6], [6, 12]]


async def test_rare_types_are_added_up(modules: Modules) -> None:
    """Seven types are shown, the others are added up, and types without events are left out."""
    series = [{"name": str(number), "values": [number, 0]} for number in range(10)]

    shown = await modules.run("series.mostFrequent", series)

    assert [one["name"] for one in shown] == [*"9876543", "others"]
    assert shown[-1]["values"] == [3, 0]


async def test_rare_orders_are_counted(modules: Modules) -> None:
    """Orders are requested on their own if there are too many types for one answer."""
    script = """async () => {
      const { figures } = await import("/dashboard/figures.js");
      const { periodOf } = await import("/dashboard/ranges.js");
      const one = (name, count) => ({ name, counts: [count], currency: "EUR", amounts: [2] });
      const answer = (name, count) => ({ total: 1, series: [one(name, count)] });
      const ask = async (_path, { type }) => (type ? answer(type, 3) : answer("other", 100));
      return figures({ ask, period: periodOf("7d") });
    }"""

    numbers = await modules.evaluate(script)

    assert numbers["now"] == {"events": 100, "people": 1, "orders": 3, "revenue": {"EUR": 2}}


async def test_keys_are_no_shortcuts_while_a_person_types(modules: Modules) -> None:
    """A key is no shortcut while a person types, nor with a modifier, which makes it the browser's."""
    page = {"key": "E", "target": {}}
    others = [{**page, name: True} for name in ("ctrlKey", "metaKey", "altKey", "repeat")]

    assert await modules.run("shortcuts.shortcutOf", page) == "e"
    assert [await modules.run("shortcuts.shortcutOf", one) for one in others] == [None] * 4


async def test_the_command_of_an_empty_panel_is_for_a_shell(modules: Modules) -> None:
    """The command leaves out types of services, which a key cannot send; a quote in a type ends no quote."""
    command = await modules.run("empty.sending", ["it's", "order.confirmed"], "http://127.0.0.1:8001")

    assert "http://127.0.0.1:8001/api/v1/analytics/events/batch" in command
    assert """-d '{"events":[{"type":"it\\u0027s","userid":""" in command
    assert "order.confirmed" not in command
