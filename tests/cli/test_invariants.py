from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from uuid import UUID

import pytest

from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from cli.checks import invariants as command
from cli.checks.invariants import Facts, check, invariants, read_facts
from cli.errors import CommandError
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
            ("user.registered", "ada"): 1,
            ("user.registered", "ben"): 1,
        }
    ),
    users={"ada": False, "ben": False, "eve": True},
)
"""Facts that agree: Eve's account is deleted, and her events are anonymised."""


def drop_event(facts: Facts, kind: str, subject: str) -> None:
    """Remove an event from analytics."""
    del facts.events[kind, subject]


BREAKS: list[tuple[str, str, Callable[[Facts], object]]] = [
    ("analytics has counted all stored events", "new", lambda facts: facts.uncounted.append("new")),
    ("analytics' counts are those of its events", "today a", lambda facts: facts.miscounted.append("today a")),
    ("no order is pending", "new", lambda facts: facts.orders.update(new="pending")),
    ("the order of every key is there", "lost", lambda facts: facts.keyed.add("lost")),
    ("an order's total is the sum of its lines", "kept", lambda facts: facts.wrong_totals.append("kept")),
    ("stock is the sum of its ledger and not negative", CUP, lambda facts: facts.wrong_stock.append(CUP)),
    ("a product's held units are those of its open reservations", CUP, lambda facts: facts.wrong_held.append(CUP)),
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
        "every account is counted in analytics",
        "user.registered ada",
        lambda facts: drop_event(facts, "user.registered", "ada"),
    ),
    (
        "no event that happens once is counted twice",
        "order.confirmed kept",
        lambda facts: facts.events.update({("order.confirmed", "kept"): 1}),
    ),
    ("every outbox is empty", "order: 1 for product", lambda facts: facts.waiting.append("order: 1 for product")),
]


def test_what_agrees_breaks_no_rule() -> None:
    """Orders of every status, and an account that is deleted."""
    assert [rule for rule, ids in check(WHOLE).items() if ids] == []


@pytest.mark.parametrize(("rule", "named", "change"), BREAKS)
def test_one_changed_row_breaks_one_rule(rule: str, named: str, change: Callable[[Facts], object]) -> None:
    """The rule lists what differs, and no other rule is broken."""
    facts = deepcopy(WHOLE)
    change(facts)

    assert {broken: ids for broken, ids in check(facts).items() if ids} == {rule: [named]}


def test_every_rule_can_be_broken() -> None:
    """No rule is always true."""
    assert {rule for rule, _, _ in BREAKS} == check(WHOLE).keys()


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

    facts = await read_facts(environment)

    assert (facts.orders, facts.owners, facts.keyed) == ({order: "confirmed"}, {order: ada}, {order})
    assert facts.lines == facts.reserved == facts.ledger == {order: {cup: 2}}
    assert (facts.statuses, facts.reservations) == ({(order, "confirmed")}, {order: "committed"})
    assert (facts.events["order.confirmed", order], facts.users) == (1, {ada: False})
    assert (facts.wrong_totals, facts.wrong_stock, facts.wrong_held, facts.waiting) == ([], [], [], [])


@pytest.mark.parametrize("held", [True, False], ids=["agreeing", "differing"])
def test_the_command_names_what_differs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, held: bool
) -> None:
    """A line for each rule; it fails if one is broken."""
    facts = deepcopy(WHOLE)

    async def read(_environment: object) -> Facts:
        return facts

    monkeypatch.setattr(command, "read_facts", read)
    monkeypatch.setattr(command, "use_running_stack", dict)
    if held:
        invariants()
    else:
        facts.keyed.update(f"lost {number}" for number in range(9))
        with pytest.raises(CommandError):
            invariants()

    lines = " ".join(capsys.readouterr().out.split())
    assert lines.count("✓") == len(check(facts)) - (not held)
    assert ("9 differ: lost 0, lost 1, lost 2, lost 3, lost 4, …" in lines) is not held


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

    assert check(facts)["a valid order holds exactly its units"] == ([] if agrees else [order])
