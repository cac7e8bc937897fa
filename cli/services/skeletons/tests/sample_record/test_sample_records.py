from typing import Any

import pytest

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from sample_record.models import Base
from tests.sample_record.conftest import Owner
from tests.support.aliases import Bearer
from tests.support.databases import bystanders


async def test_it_is_stored_as_it_was_sent(ada: Owner) -> None:
    """The Location leads to it, and its text is without spaces around it."""
    answer = await ada.request("POST", json={"name": " First ", "note": "Worth keeping."})

    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    read = await ada.request("GET", f"/{answer.headers['location'].rpartition('/')[2]}")
    assert read.json() == answer.json()
    assert read.json() | {"name": "First", "note": "Worth keeping.", "archived": False} == read.json()


@pytest.mark.parametrize("wrong", [{}, {"name": ""}, {"name": "\u200b"}, {"name": "x" * 201}, {"name": "x", "id": 1}])
async def test_a_wrong_one_is_refused(ada: Owner, wrong: dict[str, Any]) -> None:
    """The answer is 422, and nothing is stored."""
    assert (await ada.request("POST", json=wrong)).status_code == 422
    assert await ada.list() == []


async def test_people_list_their_own_newest_first(ada: Owner, bob: Owner) -> None:
    """Pages follow each other without a gap, and the filter applies to all of them."""
    created = [await ada.create(name=name) for name in ("First", "Second", "Third")]
    await bob.create()
    await ada.request("PATCH", f"/{created[1]['id']}", json={"archived": True})

    first = (await ada.request("GET", "?archived=false&limit=1")).json()
    rest = (await ada.request("GET", f"?archived=false&limit=1&cursor={first['next_cursor']}")).json()

    assert first["items"] + rest["items"] == [created[2], created[0]]
    assert rest["next_cursor"] is None
    assert [one["name"] for one in await ada.list("?archived=true")] == ["Second"]


async def test_an_edit_changes_the_named_fields_of_one(ada: Owner, bob: Owner, database: Postgres) -> None:
    """All other rows stay as they were."""
    mine, _others = await ada.create(note="Kept."), [await ada.create(), await bob.create()]

    async with bystanders(database, Base.metadata, mine["id"]):
        answer = await ada.request("PATCH", f"/{mine['id']}", json={"name": "Other"})

    assert answer.json() == mine | {"name": "Other", "updated_at": answer.json()["updated_at"]}
    assert (await ada.request("GET", f"/{mine['id']}")).json() == answer.json()
    assert (await ada.request("PATCH", f"/{mine['id']}", json={})).json()["code"] == "nothing_to_change"


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"name": "Other"}), ("DELETE", None)])
async def test_a_write_does_not_undo_a_later_one(ada: Owner, method: str, body: dict[str, str] | None) -> None:
    """With the entity tag of an earlier version the answer is 412; with the current one the write is made."""
    path = f"/{(await ada.create())['id']}"
    await ada.request("PATCH", path, json={"archived": True})

    stale = await ada.request(method, path, json=body, headers={"If-Match": '"1"'})
    stored = await ada.request("GET", path)
    current = await ada.request(method, path, json=body, headers={"If-Match": stored.headers["etag"]})

    assert (stale.status_code, stored.json()["name"], current.is_success) == (412, "First", True)


async def test_one_is_deleted(ada: Owner, bob: Owner, database: Postgres) -> None:
    """It can no longer be read, and all others stay."""
    mine, _others = await ada.create(), [await ada.create(), await bob.create()]

    async with bystanders(database, Base.metadata, mine["id"]):
        await ada.request("DELETE", f"/{mine['id']}")

    assert (await ada.request("GET", f"/{mine['id']}")).json()["code"] == "sample_record_not_found"


async def test_an_admin_reads_who_owns_one(ada: Owner, bearer: Bearer) -> None:
    """The name comes from the user service; an unknown id is a 404."""
    mine, admin = await ada.create(), bearer(role="admin")

    answer = await ada.request("GET", f"/{mine['id']}/owner", headers=admin)

    assert answer.json() == {"id": str(ada.user.id), "username": "ada"}
    assert (await ada.request("GET", f"/{new_id()}/owner", headers=admin)).status_code == 404
