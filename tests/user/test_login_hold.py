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
    """Logins from any network."""

    def __init__(self, database: Postgres, issuer: TokenIssuer) -> None:
        self.database, self.issuer = database, issuer

    async def enter(self, client: Client, name: str = "ada", password: str = PASSWORD) -> str:
        """Try to log in; returns the outcome."""
        try:
            credentials = Credentials(username=name, password=SecretStr(password))
            await log_in(self.database, self.issuer, client, credentials)
        except (InvalidCredentials, TooManyAttempts) as refusal:
            return refusal.code
        return "in"

    async def storm(self, networks: int, name: str = "ada") -> None:
        """Guess wrong from many networks, from each as often as it may without a wait."""
        for number in range(networks * 5):
            await self.enter(Client(f"192.0.2.{number % networks}"), name, "wrong password")
        await prolong(self.database)


@pytest.fixture
def door(database: Postgres, issuer: TokenIssuer) -> LoginLimiter:
    """Logins at the user service, without a socket."""
    return LoginLimiter(database, issuer)


async def test_a_stranger_holds_nobody_elses_login(door: LoginLimiter, make_user: MakeUser) -> None:
    """Guesses from one network, by name and by address, lock out that network only; another account is not affected."""
    ada = await make_user("ada")
    await make_user("bob")
    await door.storm(1)

    assert await door.enter(Client("192.0.2.0")) == "too_many_attempts"
    assert await door.enter(Client("192.0.2.0"), ada.email) == "too_many_attempts"
    assert await door.enter(HOME) == "in"
    assert await door.enter(HOME, "bob") == "in"


async def test_guesses_from_many_networks_are_slowed(door: LoginLimiter, make_user: MakeUser) -> None:
    """A guesser with many networks has at most fifty guesses before every new network has to wait."""
    await make_user("ada")
    await make_user("bob")

    await door.storm(12)

    assert await door.enter(CAFE) == "too_many_attempts"
    assert await door.enter(CAFE, "bob") == "in"


async def test_who_has_come_from_a_network_before_is_let_in(door: LoginLimiter, make_user: MakeUser) -> None:
    """The owner's network stays open during guesses from elsewhere, and allows few guesses itself."""
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
    """An owner in a new network gets in by a mail during guesses from elsewhere."""
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
    """A network from which the old password was used has no advantage any more."""
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
    """Wrong passwords from one network do not use up the attempts of another."""
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
    """Networks of a deleted account are deleted; another account's stay."""
    ada, bob = await make_user("ada"), await make_user("bob")
    for name in ("ada", "bob"):
        await door.enter(HOME, name)

    await people["user"].delete(f"{USERS}/{ada.id}", headers=admin)

    assert await read(database, select(FamiliarNetwork.user_id)) == [bob.id]
