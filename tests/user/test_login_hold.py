import pytest
from pydantic import SecretStr

from chassis.auth.tokens import TokenIssuer
from chassis.postgres import Postgres
from tests.aliases import MakeUser, People
from tests.user.logins import PASSWORD, USERS, attempt, prolong
from user.client import Client
from user.email_tokens import Purpose, issue_email_token
from user.errors import InvalidCredentials, TooManyAttempts
from user.schemas import Credentials
from user.services.log_in import log_in

HOME, CAFE = Client("198.51.100.1"), Client("198.51.100.2")


class Door:
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
        """Guess wrong, ten times from each of so many networks."""
        for number in range(networks * 10):
            await self.enter(Client(f"192.0.2.{number % networks}"), name, "wrong password")
        await prolong(self.database)


@pytest.fixture
def door(database: Postgres, issuer: TokenIssuer) -> Door:
    """The user service's, without a socket."""
    return Door(database, issuer)


async def test_a_stranger_holds_nobody_elses_login(door: Door, make_user: MakeUser) -> None:
    """Guesses from one network, by name and by address, keep out that network alone; another account is not touched."""
    ada = await make_user("ada")
    await make_user("bob")
    await door.storm(1)

    assert await door.enter(Client("192.0.2.0")) == "too_many_attempts"
    assert await door.enter(Client("192.0.2.0"), ada.email) == "too_many_attempts"
    assert await door.enter(HOME) == "in"
    assert await door.enter(HOME, "bob") == "in"


async def test_guesses_from_many_networks_are_slowed(door: Door, make_user: MakeUser) -> None:
    """A guesser with many networks has no more than fifty guesses before every network that is new has to wait."""
    await make_user("ada")
    await make_user("bob")

    await door.storm(12)

    assert await door.enter(CAFE) == "too_many_attempts"
    assert await door.enter(CAFE, "bob") == "in"


async def test_who_has_come_from_a_network_before_is_let_in(door: Door, make_user: MakeUser) -> None:
    """The owner's own network stays open while all the world guesses, and guesses from there are few as ever."""
    await make_user("ada")
    await door.enter(HOME)

    await door.storm(12)

    assert await door.enter(HOME) == "in"
    assert [await door.enter(HOME, password="wrong password") for _ in range(5)] == ["invalid_credentials"] * 5
    await prolong(door.database)
    assert await door.enter(HOME) == "too_many_attempts"


async def test_a_new_password_opens_a_new_network(
    door: Door, people: People, make_user: MakeUser, database: Postgres
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
    door: Door, people: People, make_user: MakeUser, database: Postgres
) -> None:
    """Who knew the old one, and came in with it, has no better place than others."""
    ada = await make_user("ada")
    await door.enter(CAFE)
    async with database.transaction() as session:
        token = await issue_email_token(session, ada.id, Purpose.RESET, ada.email)
    await people["user"].post(f"{USERS}/password-reset/confirm", json={"token": token, "password": "staple battery ho"})

    await door.storm(12)

    assert await door.enter(CAFE, password="staple battery ho") == "too_many_attempts"
