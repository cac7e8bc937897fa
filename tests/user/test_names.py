from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.often import times
from tests.user.logins import PASSWORD, USERS, change, read
from user.models import User
from user.names.look_alikes import _prototypes
from user.names.usernames import check_username, folded_look_of, look_of
from user.services.claim_looks import claim_looks

# ruff: noqa: RUF001 - letters of other alphabets, on purpose

ALIKE = {
    letter: [letter, *(chr(point) for point, prototype in _prototypes().items() if prototype == letter)]
    for letter in "abcdefghijklnopqrstuvwxyz"
}
"""Every letter, with its look-alikes."""


async def add(people: People, admin: dict[str, str], username: str) -> tuple[int, str]:
    """Create an account; returns status and code."""
    new = {"username": username, "email": "someone@example.org", "password": PASSWORD}
    response = await people["user"].post(USERS, json=new, headers=admin)
    return response.status_code, response.json().get("code", "")


@pytest.mark.parametrize(
    "name",
    [
        "аda",  # a Cyrillic letter among Latin ones
        "adα",  # a Greek one
        "ada٣",  # digits of another script
        "ada.",
        ".ada",
        "...",
        "a..da",
        "a_-da",
        "ada_",
        "-ada",
        "ada\u202e",
        "a da",
        "\u0301ada",  # begins with a mark
        "a\u0301\u0301\u0301\u0301\u0301\u0301da",
        "ᎪᎠᎪ",  # Cherokee, not in everyday use, all of whose letters look like Latin ones
        "\u2800\u2800\u2800",
        "ad‿a",
    ],
)
async def test_a_name_whose_reader_could_be_misled_is_refused(people: People, admin: dict[str, str], name: str) -> None:
    """A name is of one script, begins and ends with a letter or digit, and has single separators between them."""
    assert await add(people, admin, name) == (422, "invalid_request")


@pytest.mark.parametrize(
    "name",
    [
        "мария",
        "Zoë",
        "さくら",
        "桜さくらサクラ",
        "김민준",
        "नमस्ते",
        "سلام",
        "γιώργος",
        "a_b",
        "o-neil.2",
        "12345",
        "ß.ß.ß",
        "İnci",
    ],
)
async def test_names_of_all_the_world_are_taken(people: People, admin: dict[str, str], name: str) -> None:
    """Names of all scripts are stored as they were written."""
    assert await add(people, admin, name) == (201, "")
    listed = (await people["user"].get(USERS, params={"q": name}, headers=admin)).json()["items"]
    assert [user["username"] for user in listed] == [name]


LOOK_ALIKES = [
    ("capa", "сара"),  # all Cyrillic
    ("ACE", "асе"),  # the same, in another case
    ("Ida", "іԁа"),  # the same, where the Latin capital looks like another letter
    ("paypal", "paypaI"),  # a capital i
    ("paypal", "paypa1"),
    ("Iris", "lris"),
    ("bob", "b0b"),
    ("com", "corn"),
    ("b\u00e1b", "ba\u0301\u0301b"),  # a mark upon the same mark
    ("istanbul", "İstanbul"),
    ("ada", "ａｄａ"),
    ("ada", "a\u200dda"),
    ("ada", "ADA"),
]


@pytest.mark.parametrize(("taken", "wanted"), LOOK_ALIKES)
def test_look_alikes_have_one_look(taken: str, wanted: str) -> None:
    """Look-alikes have one canonical look, in lower case or as they are, which is what accounts are unique by."""
    assert look_of(taken) == look_of(wanted) or folded_look_of(taken) == folded_look_of(wanted)


@pytest.mark.parametrize(
    ("taken", "wanted"), [*LOOK_ALIKES[:3], *(pytest.param(*one, marks=pytest.mark.long) for one in LOOK_ALIKES[3:])]
)
async def test_no_two_accounts_look_alike(
    people: People, admin: dict[str, str], make_user: MakeUser, bearer: Bearer, taken: str, wanted: str
) -> None:
    """Whichever comes first, the other is refused: as a new account, and as a new name of an existing one."""
    for first, second in ((taken, wanted), (wanted, taken)):
        owner = await people["user"].post(
            USERS, json={"username": first, "email": "owner@example.org", "password": PASSWORD}, headers=admin
        )
        assert owner.status_code == 201
        neighbour = await make_user(f"neighbour{len(first)}{first == taken}".lower())

        renamed = await people["user"].patch(f"{USERS}/profile", json={"username": second}, headers=bearer(neighbour))

        assert await add(people, admin, second) == (409, "username_taken")
        assert (renamed.status_code, renamed.json()["code"]) == (409, "username_taken")
        assert (await people["user"].get(f"{USERS}/profile", headers=bearer(neighbour))).json()[
            "username"
        ] == neighbour.username
        await people["user"].delete(f"{USERS}/{owner.json()['id']}", headers=admin)


@pytest.mark.parametrize(("one", "other"), [("neil", "nell"), ("ali", "all"), ("ada", "adam"), ("zoe", "Zoë")])
async def test_names_that_can_be_told_apart_are_two(
    people: People, admin: dict[str, str], one: str, other: str
) -> None:
    """Letters that look alike only as capitals do not make small letters collide."""
    new = {"email": "other@example.org", "password": PASSWORD, "username": one}
    assert (await people["user"].post(USERS, json=new, headers=admin)).status_code == 201
    assert await add(people, admin, other) == (201, "")


async def test_ones_own_name_can_be_spelt_anew(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """An account does not collide with itself."""
    ada = bearer(await make_user("ilia"))

    answers = [
        await people["user"].patch(f"{USERS}/profile", json={"username": name}, headers=ada)
        for name in ("Ilia", "ILIA", "ilia")
    ]

    assert [answer.status_code for answer in answers] == [200] * 3


@given(st.lists(st.sampled_from(sorted(ALIKE)), min_size=3, max_size=8), st.data())
@settings(max_examples=times(100), deadline=None)
def test_a_name_of_another_names_look_alikes_is_that_name_or_none(letters: list[str], data: st.DataObject) -> None:
    """With any letters exchanged for look-alikes, the name is not allowed or has the same look."""
    name = "".join(letters)
    copy = "".join(data.draw(st.sampled_from(ALIKE[letter])) for letter in letters)
    try:
        check_username(copy)
    except ValueError:
        return
    assert look_of(copy) == look_of(name)


async def test_accounts_of_older_versions_get_their_looks(
    people: People, admin: dict[str, str], make_user: MakeUser, database: Postgres
) -> None:
    """The older of two that look alike gets the look; the other keeps its name, can log in, and is not tried again."""
    older, younger, bystander = [await make_user(name) for name in ("capa", "other", "bob")]
    deleted = await make_user("gone")
    await people["user"].delete(f"{USERS}/{deleted.id}", headers=admin)
    kept = await read(database, select(User.username_look).where(User.id == bystander.id))
    none: dict[str, Any] = {"username_look": None, "username_folded_look": None}
    await change(database, update(User).where(User.id.in_([older.id, younger.id])).values(none))
    await change(database, update(User).where(User.id == younger.id).values(username="сара", username_key="сара"))

    async with database.transaction() as session:
        claimed = await claim_looks(session)
    async with database.transaction() as session:
        assert await claim_looks(session) == 0

    assert claimed == 2
    assert await read(database, select(User.username_look).where(User.id == older.id)) == [look_of("capa")]
    assert await read(database, select(User.username_look).where(User.id == bystander.id)) == kept
    assert await read(database, select(func.count()).where(User.username_look == look_of("capa"))) == [1]
    assert await add(people, admin, "CAPA") == (409, "username_taken")
    login = await people["user"].post(f"{USERS}/login", json={"username": "сара", "password": PASSWORD})
    assert login.status_code == 200
