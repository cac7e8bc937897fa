from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from cli.dev.polling import eventually
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having
from tests.user.logins import PASSWORD, USERS, attempt, read
from user.mail.mailer import Mail
from user.models import User

STORED = "Ada@bücher.example"
SPELLINGS = [
    "Ada@bücher.example",
    "ada@xn--bcher-kva.example",
    "ADA@XN--BCHER-KVA.EXAMPLE",
    "  Ada@BÜCHER.example ",
    "ada@bu\u0308cher.example",  # in two characters
    "ada@ｂücher.example",  # noqa: RUF001 - full-width, on purpose
    "Ada Lovelace <ada@bücher.example>",
]
"""Spellings of one address."""


class Mailbox:
    """Stores sent mails."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        """Store a mail."""
        self.mails.append(mail)

    async def recipients(self, count: int) -> list[str]:
        """The recipients of the mails, once this many have arrived."""

        async def have_come() -> bool:
            return len(self.mails) >= count

        assert await eventually(have_come)
        return [mail.to for mail in self.mails]


@pytest.fixture
def mailbox(apps: dict[str, FastAPI], clean: None) -> Iterator[Mailbox]:
    """Receives the user service's mails."""
    mailbox = Mailbox()
    with having(apps["user"], mailer=mailbox):
        yield mailbox


@pytest.mark.parametrize(
    "registered", [*SPELLINGS[:2], *(pytest.param(one, marks=pytest.mark.long) for one in SPELLINGS[2:])]
)
async def test_whatever_was_typed_at_the_registration_every_spelling_leads_to_the_account(
    sealed: Dispatcher, people: People, make_user: MakeUser, bearer: Bearer, registered: str
) -> None:
    """Every spelling works in logins, searches and registrations; a similar address stays another account's."""
    admin = bearer(await make_user("root", role="admin"))
    for name, email in (("ada", registered), ("eve", "ada@bucher.example")):
        await sealed.send(
            "user", "POST", f"{USERS}/register", json={"username": name, "email": email, "password": PASSWORD}
        )

    for spelling in SPELLINGS:
        login = await attempt(people, spelling)
        found = await people["user"].get(USERS, params={"q": spelling}, headers=admin)
        again = await people["user"].post(
            USERS, json={"username": "other", "email": spelling, "password": PASSWORD}, headers=admin
        )
        assert login.status_code == 200, spelling
        assert [user["username"] for user in found.json()["items"]] == ["ada"], spelling
        assert (again.status_code, again.json()["code"]) == (409, "email_taken"), spelling


@pytest.mark.parametrize("typed", SPELLINGS)
async def test_mails_go_to_the_address_whatever_was_typed(
    people: People, make_user: MakeUser, bearer: Bearer, mailbox: Mailbox, database: Postgres, typed: str
) -> None:
    """Mails for a new account and for a forgotten password go to the stored address, however it is spelt."""
    admin = bearer(await make_user("root", role="admin"))
    new = {"username": "ada", "email": typed, "password": PASSWORD}

    await people["user"].post(USERS, json=new, headers=admin)
    await mailbox.recipients(1)
    for spelling in SPELLINGS[:3]:
        answer = await people["user"].post(f"{USERS}/password-reset", json={"email": spelling})
        assert answer.status_code == 202

    [stored] = await read(database, select(User.email).where(User.username == "ada"))
    assert stored.casefold() == STORED.casefold()
    assert await mailbox.recipients(4) == [stored] * 4


async def test_all_spellings_of_an_address_are_counted_as_one(people: People, mailbox: Mailbox) -> None:
    """Another spelling allows no further mails."""
    statuses = [
        (await people["user"].post(f"{USERS}/password-reset", json={"email": spelling})).status_code
        for spelling in SPELLINGS
    ]

    assert statuses == [202] * 5 + [429] * 2


@pytest.mark.parametrize("typed", [" ada", "ada ", "\tADA\n", "ａｄａ"])  # noqa: RUF001 - full-width, on purpose
async def test_spaces_around_a_name_are_no_part_of_it(
    people: People, make_user: MakeUser, bearer: Bearer, typed: str
) -> None:
    """Spaces around a name, as from a clipboard or a keyboard, are ignored."""
    await make_user("ada")
    admin = bearer(await make_user("root", role="admin"))

    found = await people["user"].get(USERS, params={"q": typed}, headers=admin)

    assert (await attempt(people, typed)).status_code == 200
    assert [user["username"] for user in found.json()["items"]] == ["ada"]


@pytest.mark.parametrize(
    "typed",
    [
        "@",
        "a@",
        "@b",
        "ada@xn--",
        "ada@xn--\ud7ff",
        "a@xn--99999999",
        "a@xn--a-ecp.ru",
        "@" * 300,
        "ada@xn--bch",
        "<@>",
    ],
)
async def test_what_is_no_address_finds_nobody(people: People, make_user: MakeUser, bearer: Bearer, typed: str) -> None:
    """Half an address, or invalid punycode, is a failed login and an empty search."""
    await make_user("ada")
    admin = bearer(await make_user("root", role="admin"))

    found = await people["user"].get(USERS, params={"q": typed[:254]}, headers=admin)

    assert (await attempt(people, typed)).status_code == 401
    assert (found.status_code, found.json()["items"]) == (200, [])


@pytest.mark.parametrize("begins", ["ada@xn--bcher-kva", "ada@xn--bcher-kva.", "ADA@bü", "ada@"])
async def test_how_an_address_begins_is_found_in_every_spelling(
    sealed: Dispatcher, people: People, make_user: MakeUser, bearer: Bearer, begins: str
) -> None:
    """A search matches the beginning of an address."""
    admin = bearer(await make_user("root", role="admin"))
    new = {"username": "ada", "email": STORED, "password": PASSWORD}
    await sealed.send("user", "POST", f"{USERS}/register", json=new)

    found = await people["user"].get(USERS, params={"q": begins}, headers=admin)

    assert [user["username"] for user in found.json()["items"]] == ["ada"]
