import asyncio
from collections.abc import Iterator
from inspect import get_annotations
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from chassis.core.errors import ServiceUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from cli.dev.polling import eventually
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having
from tests.user.logins import PASSWORD, USERS, change, read
from user.client import Client
from user.mail.mailer import Mail
from user.mail.outgoing import Mailing
from user.main import ROUTERS
from user.models import EmailToken, Throttle, User
from user.throttle import Limit, count_attempt, mail_limits
from user.tokens.email_tokens import Purpose, issue_email_token

PROFILE = f"{USERS}/profile"
HERE = Client("127.0.0.1")
EVE = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}


class Counter:
    """Counts mails by recipient."""

    def __init__(self) -> None:
        self.mails: dict[str, int] = {}

    async def send(self, mail: Mail) -> None:
        """Count a mail."""
        self.mails[mail.to] = self.mails.get(mail.to, 0) + 1


@pytest.fixture
def sent(apps: dict[str, FastAPI], clean: None) -> Iterator[dict[str, int]]:
    """The number of mails to each address."""
    counter = Counter()
    with having(apps["user"], mailer=counter):
        yield counter.mails


async def use_up(database: Postgres, limit: Limit) -> None:
    """Use up all free attempts."""
    async with database.transaction() as session:
        await count_attempt(session, limit)
    blocked = {"attempts": limit.free, "blocked_until": func.now() + func.make_interval(0, 0, 0, 0, 0, 10)}
    await change(database, update(Throttle).where(Throttle.key == limit.key).values(blocked))


async def have_come(sent: dict[str, int], count: int) -> bool:
    """Whether this many mails arrive, after the answers."""

    async def have() -> bool:
        return sum(sent.values()) >= count

    return await eventually(have)


async def test_changing_ones_own_address_again_and_again_mails_nobody_without_limit(
    people: People, make_user: MakeUser, bearer: Bearer, sent: dict[str, int]
) -> None:
    """Mails are limited even with the right password each time; the account is unchanged, and others still get mail."""
    ada, bob = await make_user("ada"), await make_user("bob")
    body = {"email": "victim@example.com", "password": PASSWORD}

    answers = [await people["user"].patch(PROFILE, json=body, headers=bearer(ada)) for _ in range(12)]
    neighbour = await people["user"].post(f"{USERS}/email-verification", headers=bearer(bob))

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 7
    assert answers[-1].json()["code"] == "too_many_attempts"
    assert int(answers[-1].headers["retry-after"]) > 30
    assert neighbour.status_code == 202
    assert await have_come(sent, 6)
    assert sent == {"victim@example.com": 5, "bob@example.org": 1}
    assert (await people["user"].get(PROFILE, headers=bearer(ada))).json()["email"] == "ada@example.org"


async def test_one_account_mails_few_addresses(
    people: People, make_user: MakeUser, bearer: Bearer, sent: dict[str, int]
) -> None:
    """Using another address each time does not evade the limit."""
    ada = bearer(await make_user("ada"))

    answers = [
        await people["user"].patch(PROFILE, json={"email": f"v{n}@example.com", "password": PASSWORD}, headers=ada)
        for n in range(7)
    ]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert await have_come(sent, 5)


async def test_many_accounts_mail_one_address_a_few_times(
    people: People, make_user: MakeUser, bearer: Bearer, sent: dict[str, int]
) -> None:
    """Neither other accounts nor other suffixes of the mailbox evade the limit."""
    answers = []
    for n in range(7):
        body = {"email": f"victim+{n}@example.com", "password": PASSWORD}
        answers.append(await people["user"].patch(PROFILE, json=body, headers=bearer(await make_user(f"ada{n}"))))

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert await have_come(sent, 5)


async def token(database: Postgres, user: User, purpose: Purpose, email: str) -> str:
    """Issue the token of a mail."""
    async with database.transaction() as session:
        return await issue_email_token(session, user.id, purpose, email)


CAUSES: dict[str, tuple[str, str, str, str]] = {
    # cause: request, kind of the mail, who causes it, recipient
    "changes the own address": (f"PATCH {PROFILE}", "verify", "ada", "new@example.org"),
    "asks for proof": (f"POST {USERS}/email-verification", "verify", "ada", "ada@example.org"),
    "changes the own password": (f"POST {USERS}/password", "password changed", "ada", "ada@example.org"),
    "confirms": (f"POST {USERS}/email-verification/confirm", "address changed", "ada", "ada@example.org"),
    "resets": (f"POST {USERS}/password-reset/confirm", "password changed", "ada", "ada@example.org"),
    "forgets": (f"POST {USERS}/password-reset", "reset", "nobody", "ada@example.org"),
    "adds": (f"POST {USERS}", "verify", "root", "eve@example.org"),
    "changes another's address": (f"PATCH {USERS}/ada", "verify", "root", "new@example.org"),
    "tells another's address": (f"PATCH {USERS}/ada", "address changed", "root", "ada@example.org"),
}
BODIES: dict[str, dict[str, Any]] = {
    f"PATCH {PROFILE}": {"username": "countess", "email": "new@example.org", "password": PASSWORD},
    f"POST {USERS}/password": {"current_password": PASSWORD, "new_password": "wombat teapot lantern"},
    f"POST {USERS}/password-reset": {"email": "ada@example.org"},
    f"POST {USERS}": EVE,
    f"PATCH {USERS}/ada": {"username": "countess", "email": "new@example.org"},
}


@pytest.mark.parametrize(
    ("cause", "by"),
    [
        (cause, by)
        for cause in CAUSES
        for by in ("account", "recipient", "address")
        if (cause, by) != ("forgets", "account")
    ],
)
async def test_what_would_send_too_many_mails_is_refused_whole(  # noqa: PLR0913, PLR0917 - a row of the table and its world
    database: Postgres,
    people: People,
    make_user: MakeUser,
    bearer: Bearer,
    sent: dict[str, int],
    cause: str,
    by: str,
) -> None:
    """Each of the three limits refuses with a 429, without a mail, and the request has no effect."""
    request, kind, actor, recipient = CAUSES[cause]
    users = {"ada": await make_user("ada"), "root": await make_user("root", role="admin")}
    actor_id: UUID | None = users[actor].id if actor in users else None
    limits = mail_limits(kind, HERE, recipient, actor_id, is_admin=actor == "root")
    await use_up(database, limits[["address", "recipient", "account"].index(by) * -1 - 1])
    proof = {"token": await token(database, users["ada"], Purpose.VERIFY, "new@example.org")}
    reset = {"token": await token(database, users["ada"], Purpose.RESET, "ada@example.org")}
    bodies = BODIES | {
        f"POST {USERS}/email-verification/confirm": proof,
        f"POST {USERS}/password-reset/confirm": {**reset, "password": "wombat teapot lantern"},
    }
    before = await rows(database)
    method, path = request.split()

    response = await people["user"].request(
        method,
        path.replace("/ada", f"/{users['ada'].id}"),
        json=bodies.get(request),
        headers=bearer(users[actor]) if actor_id else {},
    )

    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")
    assert await rows(database) == before
    assert sent == {}


async def rows(database: Postgres) -> list[Any]:
    """The stored accounts and mail tokens."""
    accounts = select(func.row(User.username, User.email, User.password_hash, User.is_active)).order_by(User.id)
    return await read(database, accounts) + await read(database, select(EmailToken.token_hash).order_by("token_hash"))


async def test_registrations_mail_an_address_a_few_times(
    database: Postgres, sealed: Dispatcher, sent: dict[str, int]
) -> None:
    """A registration with a mail too many is refused, and creates no account; another person may register."""
    await use_up(database, mail_limits("verify", HERE, EVE["email"], None)[0])

    with pytest.raises(ServiceUnavailable, match="429"):
        await sealed.send("user", "POST", f"{USERS}/register", json=EVE)
    await sealed.send("user", "POST", f"{USERS}/register", json=EVE | {"username": "bob", "email": "bob@example.org"})

    assert await read(database, select(User.username)) == ["bob"]


def test_every_route_that_sends_mail_says_that_it_is_limited() -> None:
    """Sending counts the mail, so every route that can send mail can refuse it, and documents that."""
    routes = [route for router in ROUTERS for route in router.routes]

    senders = {
        f"{route.methods} {route.path}": 429 in route.responses
        for route in routes
        if Mailing in get_annotations(route.endpoint).values()
    }

    assert len(senders) == 9
    assert all(senders.values()), senders


async def test_causes_at_once_send_no_more_mails(
    people: People, make_user: MakeUser, bearer: Bearer, sent: dict[str, int]
) -> None:
    """Twenty concurrent requests send no more mails than twenty in sequence."""
    ada = bearer(await make_user("ada"))

    answers = await asyncio.gather(
        *(people["user"].post(f"{USERS}/email-verification", headers=ada) for _ in range(20))
    )

    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429] * 15
    assert await have_come(sent, 5)
    assert sent == {"ada@example.org": 5}
