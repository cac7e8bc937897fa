from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from uuid import UUID

import pytest

from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from cli.checks.contents import Contents
from order.invariants import RESERVATIONS_KEPT_DAYS, Facts, compare, read_facts
from product.expiries import KEEP_RESERVATIONS
from tests.support.aliases import Bearer, People
from tests.support.consistency import broken_rules
from user.models import User

CUP, POT = "cup", "pot"
WHOLE = Facts(
    orders={
        "kept": "confirmed",
        "sent": "fulfilled",
        "given up": "cancelled",
        "refused": "rejected",
        "late": "expired",
    },
    owners={"kept": "ada", "sent": "ada", "given up": "ada", "refused": "ben", "late": "eve"},
    lines={"kept": {CUP: 2, POT: 1}, "sent": {CUP: 1}, "given up": {POT: 3}, "refused": {POT: 99}, "late": {CUP: 1}},
    statuses={
        ("kept", "confirmed"),
        ("sent", "confirmed"),
        ("sent", "fulfilled"),
        ("given up", "cancelled"),
        ("refused", "rejected"),
        ("late", "expired"),
    },
    keyed={"kept", "given up"},
    reservations={"kept": "committed", "sent": "fulfilled", "given up": "released", "refused": "released"},
    reserved={"kept": {CUP: 2, POT: 1}, "sent": {CUP: 1}, "given up": {POT: 3}},
    ledger={"kept": {CUP: 2, POT: 1}, "sent": {CUP: 1}, "given up": {POT: 0}},
    events=Counter(
        {
            ("order.confirmed", "kept"): 1,
            ("order.confirmed", "sent"): 1,
            ("order.fulfilled", "sent"): 1,
            ("order.cancelled", "given up"): 1,
            ("order.rejected", "refused"): 1,
        }
    ),
    deleted={"eve"},
)
"""Facts that agree: Eve's account is deleted, and her events are anonymised."""


def drop_event(facts: Facts, kind: str, subject: str) -> None:
    """Remove an event from analytics."""
    del facts.events[kind, subject]


BREAKS: list[tuple[str, str, Callable[[Facts], object]]] = [
    ("no order is pending", "new", lambda facts: facts.orders.update(new="pending")),
    ("the order of every key is there", "lost", lambda facts: facts.keyed.add("lost")),
    ("an order's total is the sum of its lines", "kept", lambda facts: facts.wrong_totals.append("kept")),
    ("a valid order holds exactly its units", "kept", lambda facts: facts.reservations.update(kept="reserved")),
    ("a valid order holds exactly its units", "sent", lambda facts: facts.reservations.update(sent="committed")),
    ("a valid order holds exactly its units", "kept", lambda facts: facts.reserved["kept"].update({CUP: 3})),
    ("a valid order holds exactly its units", "kept", lambda facts: facts.ledger["kept"].update({POT: 2})),
    ("a valid order holds exactly its units", "sent", lambda facts: facts.lines["sent"].update({POT: 1})),
    ("nothing else holds units", "given up", lambda facts: facts.reservations.update({"given up": "committed"})),
    ("nothing else holds units", "given up", lambda facts: facts.ledger["given up"].update({POT: 1})),
    ("nothing else holds units", "nobody", lambda facts: facts.reservations.update(nobody="reserved")),
    (
        "every status of an order is counted in analytics",
        "order.fulfilled sent",
        lambda facts: drop_event(facts, "order.fulfilled", "sent"),
    ),
    (
        "analytics counts only statuses that orders had",
        "order.cancelled kept",
        lambda facts: facts.events.update({("order.cancelled", "kept"): 1}),
    ),
    (
        "no status of an order is counted twice",
        "order.confirmed kept",
        lambda facts: facts.events.update({("order.confirmed", "kept"): 1}),
    ),
]


def test_what_agrees_breaks_no_rule() -> None:
    """Orders of every status, and an account that is deleted."""
    assert [rule for rule, ids in compare(WHOLE).items() if ids] == []


@pytest.mark.parametrize(("rule", "named", "change"), BREAKS)
def test_one_changed_row_breaks_one_rule(rule: str, named: str, change: Callable[[Facts], object]) -> None:
    """The rule lists what differs, and no other rule is broken."""
    facts = deepcopy(WHOLE)
    change(facts)

    assert {broken: ids for broken, ids in compare(facts).items() if ids} == {rule: [named]}


def test_every_rule_can_be_broken() -> None:
    """No rule is always true."""
    assert {rule for rule, _, _ in BREAKS} == compare(WHOLE).keys()


async def test_the_databases_are_read_as_they_are(
    environment: dict[str, str], people: People, bearer: Bearer, sealed: Dispatcher
) -> None:
    """An order, its reservation, its ledger and its event, each from its own database."""
    account = {"username": "ada", "email": "ada@example.org", "password": "correct horse battery"}
    ada = ((await sealed.send("user", "POST", "/api/v1/users/register", json=account)).json())["id"]
    product = {"name": "Cup", "price": 6.99, "stock": 5}
    cup = (await people["product"].post("/api/v1/products", json=product, headers=bearer(role="admin"))).json()["id"]
    headers = {**bearer(User(id=UUID(ada), role="user")), "Idempotency-Key": str(new_id())}
    wanted = {"product_id": cup, "quantity": 2}
    order = (await people["order"].post("/api/v1/orders", json=wanted, headers=headers)).json()["id"]
    assert await broken_rules(environment) == {}

    facts = await read_facts(Contents(environment))

    assert (facts.orders, facts.owners, facts.keyed) == ({order: "confirmed"}, {order: ada}, {order})
    assert facts.lines == facts.reserved == facts.ledger == {order: {cup: 2}}
    assert (facts.statuses, facts.reservations) == ({(order, "confirmed")}, {order: "committed"})
    assert (facts.events["order.confirmed", order], facts.deleted, facts.wrong_totals) == (1, set(), [])


def test_the_rules_know_how_long_product_keeps_a_reservation() -> None:
    """Both services name the same number of days."""
    assert KEEP_RESERVATIONS.days == RESERVATIONS_KEPT_DAYS


@pytest.mark.parametrize(
    ("order", "is_aged", "ledger", "agrees"),
    [
        ("sent", True, {CUP: 1}, True),
        ("sent", False, {CUP: 1}, False),
        ("sent", True, {CUP: 2}, False),
        ("kept", True, {CUP: 2, POT: 1}, False),
    ],
)
def test_the_reservation_of_an_order_sent_long_ago_may_be_gone(
    order: str, ledger: dict[str, int], *, is_aged: bool, agrees: bool
) -> None:
    """The units of an order without a reservation are compared with the ledger; a young or open order must have one."""
    facts = deepcopy(WHOLE)
    del facts.reservations[order], facts.reserved[order]
    facts.ledger[order] = ledger
    facts.aged.add(order if is_aged else "given up")

    assert compare(facts)["a valid order holds exactly its units"] == ([] if agrees else [order])
