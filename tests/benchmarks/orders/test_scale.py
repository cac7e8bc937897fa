"""The rules of the scale benchmark, which is not run here."""

from pathlib import Path

import pytest

from benchmarks.deployment import check_version, find_nginx
from benchmarks.scenarios.scale.fleet import nginx_configuration
from benchmarks.scenarios.scale.recovery import Exchange, Kill, Recovery, failure_of, recovery
from chaos.journal import EventJournal
from chaos.scenarios.orders.shop import Reply
from chaos.verdict import compare_ids
from cli.errors import CommandError

KILLED, DEAD, NEXT = 100.0, 100.5, 115.0


def after_kill(*exchanges: Exchange) -> Recovery:
    """Return the recovery from a kill at KILLED, with the next one at NEXT."""
    return recovery(Kill("something", KILLED, DEAD), NEXT, exchanges)


def order(begun: float, ended: float) -> Exchange:
    """Return an acknowledged order."""
    return Exchange(begun, ended, acknowledges="order")


def event(begun: float, ended: float) -> Exchange:
    """Return acknowledged events."""
    return Exchange(begun, ended, acknowledges="event")


def test_every_replica_stands_behind_the_port_of_its_service() -> None:
    """Each replica is behind the port of its service, and behind no other."""
    written = nginx_configuration(Path("/run/it"), {"order": 1, "product": 2}, {"order": [11, 12], "product": [21]})

    orders, products = written.partition("upstream product")[::2]
    assert [f"127.0.0.1:{port}" in orders for port in (11, 12, 21)] == [True, True, False]
    assert "listen 127.0.0.1:1;" in orders
    assert "proxy_pass http://order;" in orders
    assert "127.0.0.1:21" in products
    assert "listen 127.0.0.1:2;" in products
    assert "proxy_pass http://product;" in products


def test_all_that_nginx_writes_is_in_the_folder_of_the_run() -> None:
    """An installed nginx would write to /var/lib and /run."""
    written = nginx_configuration(Path("/run/it"), {}, {})

    places = [line.split()[1] for line in written.splitlines() if line.startswith("pid ") or "_temp_path " in line]
    assert len(places) == 6
    assert all(place.startswith("/run/it/") for place in places)


@pytest.mark.parametrize(("said", "version"), [("nginx version: nginx/1.18.0\n", "1.18.0"), ("nginx/2.1", "2.1")])
def test_a_version_that_is_new_enough_is_taken(said: str, version: str) -> None:
    """The version is returned, for the report."""
    assert check_version(said) == version


@pytest.mark.parametrize("said", ["nginx version: nginx/1.17.10\n", "nginx/0.99", "command not found", ""])
def test_another_nginx_is_refused(said: str) -> None:
    """The error says how to install one."""
    with pytest.raises(CommandError, match="apt install nginx-light"):
        check_version(said)


def test_without_nginx_it_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install nginx, not only that it is missing."""
    monkeypatch.setattr("benchmarks.deployment._PLACES", "")

    with pytest.raises(CommandError, match="apt install nginx-light"):
        find_nginx(str(tmp_path))


def test_an_order_that_was_under_way_shows_no_recovery() -> None:
    """Only a request sent after the victim's death counts: earlier answers were perhaps on their way already."""
    found = after_kill(order(99, 101), order(100.4, 101), order(101, 104), order(102, 103.5), event(100.5, 101))

    assert (found.order_s, found.event_s) == (3.5, 1.0)
    assert found.is_met


def test_what_happens_after_the_next_kill_counts_for_that() -> None:
    """Requests after the next kill, and failures before the first one, do not count for this kill."""
    found = after_kill(Exchange(98, 99, "503"), event(100, 101), order(114, 116), Exchange(114, 115, "502"))

    assert (found.order_s, found.failing_s, found.failures.total(), found.requests) == (None, 0.0, 0, 1)


@pytest.mark.parametrize(
    ("exchanges", "is_met"),
    [
        ((order(101, 110), event(101, 110)), True),
        ((order(101, 110.1), event(101, 110)), False),
        ((order(101, 110), event(101, 110.1)), False),
        ((order(101, 110),), False),
        ((), False),
    ],
)
def test_orders_and_events_must_be_back_in_time(exchanges: tuple[Exchange, ...], *, is_met: bool) -> None:
    """Orders and events must both recover in time; one that never does breaks the rule."""
    assert after_kill(*exchanges).is_met is is_met


def test_failures_are_counted_by_kind_with_the_time_of_the_last() -> None:
    """Failures are counted by kind, also with successes in between."""
    found = after_kill(Exchange(100, 101, "order: 503"), order(101, 102), Exchange(102, 104, "order: 503"))

    assert (found.failures, found.failing_s, found.requests) == ({"order: 503": 2}, 4.0, 3)


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (201, {}, ""),
        (202, {}, ""),
        (409, {"code": "insufficient_stock"}, ""),
        (409, {"code": "in_flight"}, "order: 409 in_flight"),
        (429, {}, "order: 429"),
        (502, {}, "order: 502"),
        (503, {"code": "database_unavailable"}, "order: 503 database_unavailable"),
    ],
)
def test_what_must_be_sent_again_is_a_failure(status: int, body: dict[str, str], failure: str) -> None:
    """A refusal is an answer, and so is an order accepted as pending."""
    assert failure_of("order", Reply(status, body, "")) == failure


def test_an_event_that_was_acknowledged_and_is_not_there_is_lost() -> None:
    """A stored event that was not sent, or one acknowledged as new twice, is found too."""
    journal = EventJournal(events={"a": {}, "b": {}}, acknowledged={"a", "b"})
    journal.new.update(["a", "a", "b"])

    broken = {rule: ids for rule, ids in compare_ids(journal, {"a", "c"}).items() if ids}

    assert broken == {
        "every acknowledged event is stored": ["b"],
        "every stored event was sent": ["c"],
        "no event was acknowledged as new twice": ["a"],
    }
