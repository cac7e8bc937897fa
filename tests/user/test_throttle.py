import asyncio
from time import monotonic

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from chassis.core.errors import ServiceUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import PASSWORD, USERS, attempt, change, prolong, read
from user.audit import AuditKind
from user.client import Client
from user.models import AuditEntry, Throttle
from user.schemas import Credentials
from user.services import log_in as logging_in
from user.services.log_in import log_in
from user.throttle import account_limit, guess_limit
from user.tokens.email_tokens import Purpose, issue_email_token
from user.tokens.issuer import TokenIssuer


async def guess_wrong(people: People, username: str, times: int) -> None:
    """Try wrong passwords, which are checked."""
    for _ in range(times):
        assert (await attempt(people, username, "wrong password")).status_code == 401


async def block(people: People, database: Postgres, username: str = "ada") -> None:
    """Use up the free attempts of an account."""
    await guess_wrong(people, username, 5)
    await prolong(database)


async def test_the_sixth_attempt_has_to_wait(people: People, make_user: MakeUser, database: Postgres) -> None:
    """After five wrong passwords even the right one is refused, and the answer has the waiting time."""
    await make_user("ada")
    await block(people, database)

    response = await attempt(people)

    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) >= 1


async def test_a_name_without_an_account_is_slowed_too(people: People, database: Postgres) -> None:
    """Throttling does not reveal whether an account exists."""
    await block(people, database, "nobody")

    assert (await attempt(people, "nobody")).status_code == 429


async def test_other_accounts_are_not_slowed(people: People, make_user: MakeUser, database: Postgres) -> None:
    """Guesses at one account do not affect another person, even at the same address."""
    await make_user("ada")
    await make_user("bob")
    await block(people, database)

    assert (await attempt(people, "bob")).status_code == 200


async def test_after_the_wait_the_right_password_works(people: People, make_user: MakeUser, database: Postgres) -> None:
    """No account is locked for good, and after a login there are five free attempts again."""
    await make_user("ada")
    await block(people, database)
    await change(database, update(Throttle).values(blocked_until=func.now()))

    response = await attempt(people)

    assert response.status_code == 200
    await guess_wrong(people, "ada", 5)


async def test_of_fifty_guesses_at_once_five_are_looked_at(
    people: People, make_user: MakeUser, database: Postgres
) -> None:
    """An attempt is counted before the password is checked, so guessing in parallel gains nothing."""
    await make_user("ada")

    began = monotonic()
    answers = await asyncio.gather(*(attempt(people, "ada", "wrong password") for _ in range(50)))
    took_s = monotonic() - began

    looked_at = [answer for answer in answers if answer.status_code == 401]
    failures = await read(database, select(AuditEntry).where(AuditEntry.kind == AuditKind.LOGIN_FAILED))
    assert {answer.status_code for answer in answers} == {401, 429}
    assert len(looked_at) == len(failures)
    assert 5 <= len(failures) <= 5 + took_s  # the sixth is free a second after the fifth: a slow machine gets that far


async def test_sealed_guesses_are_slowed_too(sealed: Dispatcher, make_user: MakeUser, database: Postgres) -> None:
    """A trusted program does not allow more attempts on an account."""
    await make_user("ada")
    wrong = {"username": "ada", "password": "wrong password"}
    for _ in range(5):
        with pytest.raises(RemoteError, match="Username or password is wrong"):
            await sealed.send("user", "POST", f"{USERS}/login", json=wrong)
    await prolong(database)

    with pytest.raises(ServiceUnavailable, match="429") as refused:
        await sealed.send("user", "POST", f"{USERS}/login", json=wrong)

    assert int(refused.value.headers["Retry-After"]) >= 1


async def test_sealed_logins_do_not_count_against_an_address(sealed: Dispatcher, database: Postgres) -> None:
    """Behind a trusted program only the account's attempts count."""
    with pytest.raises(RemoteError):
        await sealed.send("user", "POST", f"{USERS}/login", json={"username": "eve", "password": "wrong password"})

    limits = guess_limit("login", "eve", Client(program="client")), account_limit("login", "eve")
    assert set(await read(database, select(Throttle.key))) == {limit.key for limit in limits}


async def test_a_right_password_does_not_count_against_the_address(
    people: People, make_user: MakeUser, database: Postgres
) -> None:
    """Many people at one address can log in one after the other, even if one of them made mistakes."""
    await make_user("ada")
    await attempt(people)
    await change(database, update(Throttle).values(attempts=29))

    assert [(await attempt(people)).status_code for _ in range(3)] == [200] * 3


async def test_a_reset_of_the_password_forgives(people: People, make_user: MakeUser, database: Postgres) -> None:
    """An owner locked out by others' guesses gets in again, by name and by address."""
    ada = await make_user("ada")
    await block(people, database)
    async with database.transaction() as session:
        token = await issue_email_token(session, ada.id, Purpose.RESET, ada.email)
    new = "staple battery horse"

    response = await people["user"].post(f"{USERS}/password-reset/confirm", json={"token": token, "password": new})

    assert response.status_code == 204

    assert [(await attempt(people, name, new)).status_code for name in ("ada", ada.email)] == [200, 200]


async def test_right_logins_at_once_do_not_disturb_each_other(
    database: Postgres, issuer: TokenIssuer, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People who log in at the same time, from one address and with several devices each, all succeed."""

    async def is_right(_password: str, _hash: str | None) -> bool:
        return True

    monkeypatch.setattr(logging_in, "verify_password", is_right)
    names = ["ada", "bob", "eve"]
    for name in names:
        await make_user(name)
    entering = [
        Credentials(username=name, password=SecretStr(PASSWORD)) for name in names * 3
    ]  # the pool serves all at once
    for _ in range(6):
        await asyncio.gather(*(log_in(database, issuer, Client("192.0.2.1"), one) for one in entering))
