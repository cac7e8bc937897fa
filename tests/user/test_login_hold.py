import pytest
from pydantic import SecretStr
from sqlalchemy import select

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import PASSWORD, USERS, attempt, prolong, read
from user.client import Client
from user.errors import InvalidCredentials, TooManyAttempts, WrongPassword
from user.models import FamiliarNetwork
from user.passwords import prove_password
from user.schemas import Credentials
from user.services.log_in import log_in
from user.tokens.email_tokens import Purpose, issue_email_token
from user.tokens.issuer import TokenIssuer

HOME, CAFE = Client("198.51.100.1"), Client("198.51.100.2")


class LoginLimiter:
    """Where people log in from anywhere."""

    def __init__(self, database: Postgres, issuer: TokenIssuer) -> None:
        self.database, self.issuer = database, issuer

    async def enter(self, client: Client, name: str = "ada", password: str = PASSWORD) -> str:
        """Try to log in; gives what came of it."""
        try:
            credentials = Credentials(username=name, password=SecretStr(password))
            await log_in(self.database, self.issuer, client, credentials)
        except (InvalidCredentials, TooManyAttempts) as refusal:
            return refusal.code
        return "in"

    async def storm(self, networks: int, name: str = "ada") -> None:
        """Guess wrong from so many networks, from each as often as it may before it has to wait."""
        for number in range(networks * 5):
            await self.enter(Client(f"192.0.2.{number % networks}"), name, "wrong password")
        await prolong(self.database)


@pytest.fixture
def door(database: Postgres, issuer: TokenIssuer) -> LoginLimiter:
    """The user service's, without a socket."""
    return LoginLimiter(database, issuer)


async def test_a_stranger_holds_nobody_elses_login(door: LoginLimiter, make_user: MakeUser) -> None:
    """Guesses from one network, by name and by address, keep out that network alone; another account is not touched."""
    ada = await make_user("ada")
    await make_user("bob")
    await door.storm(1)

    assert await door.enter(Client("192.0.2.0")) == "too_many_attempts"
    assert await door.enter(Client("192.0.2.0"), ada.email) == "too_many_attempts"
    assert await door.enter(HOME) == "in"
    assert await door.enter(HOME, "bob") == "in"


async def test_guesses_from_many_networks_are_slowed(door: LoginLimiter, make_user: MakeUser) -> None:
    """A guesser with many networks has no more than fifty guesses before every network that is new has to wait."""
    await make_user("ada")
    await make_user("bob")

    await door.storm(12)

    assert await door.enter(CAFE) == "too_many_attempts"
    assert await door.enter(CAFE, "bob") == "in"


async def test_who_has_come_from_a_network_before_is_let_in(door: LoginLimiter, make_user: MakeUser) -> None:
    """The owner's own network stays open while all the world guesses, and guesses from there are few as ever."""
    await make_user("ada")
    await door.enter(HOME)

    await door.storm(12)

    assert await door.enter(HOME) == "in"
    assert [await door.enter(HOME, password="wrong password") for _ in range(5)] == ["invalid_credentials"] * 5
    await prolong(door.database)
    assert await door.enter(HOME) == "too_many_attempts"


async def test_a_new_password_opens_a_new_network(
    door: LoginLimiter, people: People, make_user: MakeUser, database: Postgres
) -> None:
    """Who is away from home while all the world guesses comes in by a mail."""
    ada = await make_user("ada")
    await door.storm(12)
    async with database.transaction() as session:
        token = await issue_email_token(session, ada.id, Purpose.RESET, ada.email)
    new = {"token": token, "password": "staple battery horse"}

    before = await attempt(people)
    await people["user"].post(f"{USERS}/password-reset/confirm", json=new)

    assert before.status_code == 429
    assert (await attempt(people, password="staple battery horse")).status_code == 200


async def test_a_new_password_makes_every_other_network_a_strangers(
    door: LoginLimiter, people: People, make_user: MakeUser, database: Postgres
) -> None:
    """Who knew the old one, and came in with it, has no better place than others."""
    ada = await make_user("ada")
    await door.enter(CAFE)
    async with database.transaction() as session:
        token = await issue_email_token(session, ada.id, Purpose.RESET, ada.email)
    await people["user"].post(f"{USERS}/password-reset/confirm", json={"token": token, "password": "staple battery ho"})

    await door.storm(12)

    assert await door.enter(CAFE, password="staple battery ho") == "too_many_attempts"


async def test_who_has_stolen_a_token_does_not_keep_the_owner_from_proving_the_password(
    make_user: MakeUser, database: Postgres
) -> None:
    """Wrong passwords from one network leave those from another free."""
    ada = await make_user("ada")
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await prove_password(database, CAFE, ada, SecretStr("wrong password"))
    await prolong(database)

    with pytest.raises(TooManyAttempts):
        await prove_password(database, CAFE, ada, SecretStr(PASSWORD))
    await prove_password(database, HOME, ada, SecretStr(PASSWORD))


async def test_networks_are_forgotten_with_the_account(
    door: LoginLimiter, people: People, admin: dict[str, str], make_user: MakeUser, database: Postgres
) -> None:
    """Those of a deleted account; another's stay."""
    ada, bob = await make_user("ada"), await make_user("bob")
    for name in ("ada", "bob"):
        await door.enter(HOME, name)

    await people["user"].delete(f"{USERS}/{ada.id}", headers=admin)

    assert await read(database, select(FamiliarNetwork.user_id)) == [bob.id]
