import pytest

from chassis.core.types import new_id
from tests.support.aliases import MakeUser, People
from tests.user.logins import USERS


async def names(people: People, admin: dict[str, str], **query: str) -> list[str]:
    """The usernames in a list, in order."""
    response = await people["user"].get(USERS, params=query, headers=admin)
    return [user["username"] for user in response.json()["items"]]


async def test_the_list_comes_page_by_page(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """Cursors lead through all accounts, newest first, each once."""
    for name in ("ada", "bob", "cid", "dan"):
        await make_user(name)

    first = (await people["user"].get(USERS, params={"limit": 2}, headers=admin)).json()
    second = (
        await people["user"].get(USERS, params={"limit": 2, "cursor": first["next_cursor"]}, headers=admin)
    ).json()
    last = (await people["user"].get(USERS, params={"limit": 2, "cursor": second["next_cursor"]}, headers=admin)).json()

    pages = [[user["username"] for user in page["items"]] for page in (first, second, last)]
    assert pages == [["dan", "cid"], ["bob", "ada"], ["root"]]
    assert last["next_cursor"] is None


async def test_search_finds_how_a_name_or_address_begins(
    people: People, admin: dict[str, str], make_user: MakeUser
) -> None:
    """Case and width do not matter; wildcards and escapes of SQL are literal."""
    for name in ("ada", "adam", "a_b", "axb"):
        await make_user(name)
    wanted = {
        "ad": ["adam", "ada"],
        "AD": ["adam", "ada"],
        "ａｄａｍ": ["adam"],  # noqa: RUF001 - full-width, on purpose
        "Ada@EXAMPLE": ["ada"],
        "a_": ["a_b"],
        "da": [],
        "example.org": [],
        "%": [],
        "_": [],
        "/": [],
        "\\": [],
        "a%b": [],
        "": ["axb", "a_b", "adam", "ada", "root"],
    }

    assert {q: await names(people, admin, q=q) for q in wanted} == wanted


async def test_filters_are_combined(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """Role, activation and search narrow the list together."""
    await make_user("ada")
    away = await make_user("adam")
    await make_user("adele", role="admin")
    await people["user"].patch(f"{USERS}/{away.id}", json={"is_active": False}, headers=admin)

    assert await names(people, admin, role="admin") == ["adele", "root"]
    assert await names(people, admin, is_active="false") == ["adam"]
    assert await names(people, admin, q="ad", role="user") == ["adam", "ada"]
    assert await names(people, admin, q="ad", role="user", is_active="true") == ["ada"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("q=%00", 400), ("cursor=x", 400), ("role=king", 422), ("is_active=maybe", 422), ("limit=0", 422)],
)
async def test_a_list_that_cannot_be_is_refused(people: People, admin: dict[str, str], query: str, status: int) -> None:
    """A filter value that no account can have is a 4xx."""
    response = await people["user"].get(f"{USERS}?{query}", headers=admin)

    assert response.status_code == status


async def test_a_deleted_account_is_in_no_list(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """A deleted account is neither listed nor counted."""
    ada = await make_user("ada")

    deleted = await people["user"].delete(f"{USERS}/{ada.id}", headers=admin)

    assert deleted.status_code == 204
    assert await names(people, admin) == ["root"]
    assert (await people["user"].get(f"{USERS}/stats/count")).json() == {"count": 1}


async def test_many_accounts_are_read_at_once(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """They are in the order of the ids, each once; unknown and deleted ones are left out."""
    ada, bob, cid = [str((await make_user(name)).id) for name in ("ada", "bob", "cid")]
    await people["user"].delete(f"{USERS}/{bob}", headers=admin)

    page = await people["user"].get(USERS, params={"ids": [cid, bob, ada, cid, str(new_id())]}, headers=admin)

    assert [user["username"] for user in page.json()["items"]] == ["cid", "ada"]
    assert page.json()["next_cursor"] is None
