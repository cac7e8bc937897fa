from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from chassis.core.types import new_id
from cli.dev.polling import eventually
from tests.gateway.asking import ADDRESS, BROWSER, Asking
from tests.support.access import PASSWORD
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having
from user.mail.mailer import Mail
from user.models import AuditEntry, UserSession

USERS = "/api/v1/users"
EVE = {"name": "eve", "email": "eve@example.org"}


class Mailbox:
    """Stores sent mails."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        """Store a mail."""
        self.mails.append(mail)


@pytest.fixture
async def mailbox(apps: dict[str, FastAPI], clean: None) -> AsyncIterator[Mailbox]:
    """Receives the user service's mails."""
    mailbox = Mailbox()
    with having(apps["user"], mailer=mailbox):
        yield mailbox


async def test_an_account_is_read(ask: Asking, root: dict[str, str], make_user: MakeUser, bearer: Bearer) -> None:
    """By an admin by its id, and by its owner; in the form of REST."""
    ada = await make_user("ada")

    by_id = await ask(f'query {{ user(id: "{ada.id}") {{ id name email isActive }} }}', root)
    own = await ask("{ me { id role createdAt emailVerifiedAt } }", bearer(ada))

    assert by_id.data["user"] == {"id": str(ada.id), "name": "ada", "email": "ada@example.org", "isActive": True}
    created_at = ada.created_at.isoformat().replace("+00:00", "Z")
    assert own.data["me"] == {"id": str(ada.id), "role": "USER", "createdAt": created_at, "emailVerifiedAt": None}


async def test_a_list_is_read_page_by_page(ask: Asking, root: dict[str, str], make_user: MakeUser) -> None:
    """Each cursor continues after its item; the last page has none."""
    for name in ("ada", "bob", "cid"):
        await make_user(name)
    document = """query ($after: String) { users(first: 3, after: $after) {
        edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

    first = (await ask(document, root)).data["users"]
    cursor = first["pageInfo"]["endCursor"]
    second = (await ask(document, root, after=cursor)).data["users"]

    assert [edge["node"]["name"] for edge in first["edges"] + second["edges"]] == ["cid", "bob", "ada", "root"]
    assert [edge["cursor"] for edge in first["edges"]] == [None, None, cursor]
    assert first["pageInfo"]["hasNextPage"]
    assert not first["pageInfo"]["hasPreviousPage"]
    assert second["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }


async def test_filters_are_those_of_rest(ask: Asking, root: dict[str, str], make_user: MakeUser) -> None:
    """Search, role, activation and ids."""
    ada, bob = await make_user("ada"), await make_user("bob", role="analyst")
    document = """query ($ids: [UUID!]) {
        a: users(search: "ad") { ...names } b: users(role: ANALYST) { ...names }
        c: users(isActive: false) { ...names } d: users(ids: $ids) { ...names } }
        fragment names on UserConnection { edges { node { name } } }"""

    reply = await ask(document, root, ids=[str(bob.id), str(new_id()), str(ada.id)])

    found = {alias: [edge["node"]["name"] for edge in page["edges"]] for alias, page in reply.data.items()}
    assert found == {"a": ["ada"], "b": ["bob"], "c": [], "d": ["bob", "ada"]}


async def test_an_admin_creates_an_account(ask: Asking, root: dict[str, str], mailbox: Mailbox, people: People) -> None:
    """The document works as written; its owner gets a mail to choose a password, and a repetition creates nothing."""
    new = '{name: "eve", email: "eve@example.org"}'
    document = f'mutation {{ createUser(userInput: {new}, idempotencyKey: "eve-1") {{ id }} }}'

    async def has_come() -> bool:
        return len(mailbox.mails) == 1

    made, again = await ask(document, root), await ask(document, root)

    assert await eventually(has_come)
    assert (made.errors, made.data) == ([], again.data)
    stored = (await people["user"].get(f"{USERS}/{made.data['createUser']['id']}", headers=root)).json()
    assert (stored["username"], stored["email"], stored["role"]) == ("eve", "eve@example.org", "user")
    assert (mailbox.mails[0].to, mailbox.mails[0].subject) == ("eve@example.org", "Choose your password")


async def test_a_person_registers_and_logs_in(
    ask: Asking, make_user: MakeUser, apps: dict[str, FastAPI], bearer: Bearer
) -> None:
    """Registration is sealed by the gateway; audit log and session have the address and the browser of the person."""
    bystander = await make_user("bystander")
    register = "mutation ($new: RegistrationInput!) { register(userInput: $new) { id } }"
    login = 'mutation ($password: String!) { login(name: "eve", password: $password) { accessToken expiresIn } }'

    registered = await ask(register, new={**EVE, "password": PASSWORD})
    tokens = (await ask(login, password=PASSWORD)).data["login"]
    me = await ask("{ me { id name } }", {"Authorization": f"Bearer {tokens['accessToken']}"})

    assert registered.errors == []
    assert me.data["me"] == {"id": registered.data["register"]["id"], "name": "eve"}
    async with apps["user"].state.application.store.transaction() as session:
        entries = await session.scalars(select(AuditEntry.address).where(AuditEntry.user_id == me.data["me"]["id"]))
        assert {str(address) for address in entries} == {ADDRESS}
        its = UserSession.user_id == UUID(me.data["me"]["id"])
        (login_session,) = await session.scalars(select(UserSession).where(its))
        assert (str(login_session.address), login_session.user_agent) == (ADDRESS, BROWSER)
    assert (await ask("{ me { name } }", bearer(bystander))).data == {"me": {"name": "bystander"}}


async def test_an_admin_changes_what_is_named(ask: Asking, root: dict[str, str], make_user: MakeUser) -> None:
    """Other fields stay, and other accounts."""
    ada = await make_user("ada")
    document = """mutation ($id: UUID!, $change: UserChangeInput!) {
        updateUser(id: $id, userInput: $change) { name email role isActive } }"""

    changed = await ask(document, root, id=str(ada.id), change={"role": "ANALYST", "email": None})

    expected = {"name": "ada", "email": "ada@example.org", "role": "ANALYST", "isActive": True}
    assert changed.data["updateUser"] == expected
    users = (await ask("{ users { edges { node { name role } } } }", root)).data["users"]["edges"]
    assert [edge["node"] for edge in users] == [{"name": "ada", "role": "ANALYST"}, {"name": "root", "role": "ADMIN"}]


@pytest.mark.parametrize(
    ("name", "email", "code", "pointer"),
    [
        ("x", "eve@example.org", "invalid_request", "/username"),
        ("eve", "eve", "invalid_request", "/email"),
        ("e" * 65, "eve@example.org", "invalid_request", "/username"),
        ("a..b", "eve@example.org", "invalid_request", "/username"),
        ("root", "eve@example.org", "username_taken", None),
    ],
)
async def test_an_account_that_cannot_be_is_refused(  # noqa: PLR0913, PLR0917 - fixtures, and the parts of a case
    ask: Asking, mailbox: Mailbox, root: dict[str, str], name: str, email: str, code: str, pointer: str | None
) -> None:
    """The error names the invalid value, whether the gateway or the service finds it; no account is added."""
    document = "mutation ($new: UserInput!) { createUser(userInput: $new) { id } }"

    reply = await ask(document, root, new={"name": name, "email": email})

    assert reply.code == code
    errors = reply.errors[0]["extensions"].get("errors", [])
    assert [error["pointer"] for error in errors] == ([pointer] if pointer else [])
    assert len((await ask("{ users { edges { node { id } } } }", root)).data["users"]["edges"]) == 1
    assert mailbox.mails == []
