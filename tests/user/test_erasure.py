from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from cli.dev.polling import eventually
from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS, attempt, authorized, log_in, statuses
from user.mail import texts as mail_texts
from user.models import HAS_ORIGIN, AuditEntry, AuditErasure, EmailToken, UserSession
from user.services.erase_audit import BATCH, continue_erasures
from user.services.write_password_reset import write_password_reset
from user.services.write_verification import write_verification
from user.tokens.email_tokens import Purpose, issue_email_token

PROFILE = f"{USERS}/profile"
PHONE = "Lovelace's phone"


async def erase(people: People, headers: dict[str, str], body: object = None) -> tuple[int, str]:
    """Delete one's own account; returns status and code."""
    response = await people["user"].request("DELETE", PROFILE, json=body or {"password": PASSWORD}, headers=headers)
    return response.status_code, response.json()["code"] if response.content else ""


async def dump(session: AsyncSession) -> dict[str, str]:
    """The contents of all tables of the user database, by table and column, in lower case."""
    connection = await session.connection()
    columns = await connection.run_sync(
        lambda sync: [
            (table, column["name"])
            for table in inspect(sync).get_table_names()
            for column in inspect(sync).get_columns(table)
        ]
    )
    said = {}
    for table, column in columns:
        rows = await session.scalars(text(f'SELECT CAST("{column}" AS text) FROM "{table}"'))  # noqa: S608
        said[f"{table}.{column}"] = " ".join(str(row) for row in rows).lower()
    return said


async def test_an_account_is_deleted_with_the_password(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """After the deletion the token is refused, and name and password do not log in."""
    ada = bearer(await make_user("ada"))

    assert await erase(people, ada) == (204, "")

    assert (await people["user"].get(PROFILE, headers=ada)).status_code == 401
    assert (await attempt(people)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"password": "wrong"}, 403, "wrong_password"),
        ({"password": ""}, 403, "wrong_password"),
        ({"passwort": PASSWORD}, 422, "invalid_request"),
        ([], 422, "invalid_request"),
    ],
)
async def test_an_account_is_not_deleted_without_the_password(
    people: People,
    make_user: MakeUser,
    bearer: Bearer,
    body: object,
    status: int,
    code: str,
) -> None:
    """A token alone is not enough; the account is unchanged."""
    ada = bearer(await make_user("ada"))

    response = await people["user"].request("DELETE", PROFILE, json=body, headers=ada)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await people["user"].get(PROFILE, headers=ada)).status_code == 200


async def test_the_last_admin_cannot_delete_itself(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """The last admin is refused even with the right password; with a second admin the deletion succeeds."""
    root = bearer(await make_user("root", role="admin"))

    alone = await erase(people, root)
    await make_user("other", role="admin")

    assert (alone, await erase(people, root)) == ((409, "last_admin"), (204, ""))


async def test_deleting_an_account_ends_all_its_sessions(people: People, make_user: MakeUser) -> None:
    """Access tokens and refresh tokens of all the account's devices are refused."""
    await make_user("ada")
    phone, laptop = await log_in(people), await log_in(people)

    await erase(people, authorized(phone))

    assert [await statuses(people, device) for device in (phone, laptop)] == [(401, 401), (401, 401)]


async def test_name_and_address_are_free_again(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """Another person may use the name and address, and more than once."""
    for _ in range(2):
        ada = await make_user("ada")

        assert await erase(people, bearer(ada)) == (204, "")


async def test_nobody_can_keep_an_account_from_being_deleted(
    people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """The placeholder for the name cannot be registered beforehand."""
    ada = await make_user("ada")
    await make_user(f"deleted-{ada.id}")

    assert await erase(people, bearer(ada)) == (204, "")


@pytest.mark.parametrize("by_admin", [False, True])
async def test_nothing_personal_remains(
    database: Postgres, people: People, make_user: MakeUser, bearer: Bearer, *, by_admin: bool
) -> None:
    """No column of any table contains the name, the address, the network address or the device."""
    ada, root = await make_user("lovelace"), await make_user("root", role="admin")
    people["user"].headers["User-Agent"] = PHONE
    await attempt(people, "lovelace", "wrong password")
    token = await log_in(people, "lovelace@example.org")
    await people["user"].patch(PROFILE, json={"username": "Lovelace.2"}, headers=authorized(token))
    change = {"email": "lovelace@example.com", "password": PASSWORD}
    await people["user"].patch(PROFILE, json=change, headers=authorized(token))
    async with database.transaction() as session:
        await issue_email_token(session, ada.id, Purpose.RESET, "lovelace@example.org")
        before = await dump(session)

    if by_admin:
        people["user"].headers["User-Agent"] = "an admin's browser"
        await people["user"].delete(f"{USERS}/{ada.id}", headers=bearer(root))
    else:
        await erase(people, authorized(token))

    async with database.transaction() as session:
        after = await dump(session)
    assert {name for name, content in before.items() if "lovelace" in content} == {
        "users.username", "users.username_key", "users.email", "users.email_key",
        "email_tokens.email", "sessions.user_agent", "audit_entries.user_agent",
    }  # fmt: skip
    assert {name for name, content in after.items() if "lovelace" in content} == set()
    left = after["sessions.address"] + after["audit_entries.address"].replace("none", "").strip()
    assert left.replace("none", "").strip() == ("127.0.0.1" if by_admin else "")


async def test_nothing_personal_comes_back(
    database: Postgres, people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """A mail that was still to be written when the account was deleted is not written."""
    ada = await make_user("ada")
    await erase(people, bearer(ada))

    verification = await write_verification(database, ada.id, "ada@example.org", None)
    reset = await write_password_reset(database, "ada@example.org", None, mail_texts.reset_password)

    assert (verification, reset) == (None, None)
    async with database.transaction() as session:
        assert (await session.scalars(select(EmailToken))).all() == []


async def test_others_keep_what_is_theirs(
    database: Postgres, people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """Erasing one account does not change another's name, session or device."""
    ada, bob = await make_user("ada"), await make_user("bob")
    people["user"].headers["User-Agent"] = "Bob's phone"
    token = await log_in(people, "bob")

    await erase(people, bearer(ada))

    assert (await people["user"].get(PROFILE, headers=authorized(token))).json()["username"] == "bob"
    async with database.transaction() as session:
        agents = await session.scalars(select(UserSession.user_agent).where(UserSession.user_id == bob.id))
        assert "Bob's phone" in agents.all()


@pytest.mark.parametrize("by_admin", [False, True])
async def test_a_deletion_is_announced(
    apps: dict[str, FastAPI], people: People, make_user: MakeUser, bearer: Bearer, *, by_admin: bool
) -> None:
    """Analytics receives the event of every deletion, by a person or an admin; a refused one publishes nothing."""
    ada, root = await make_user("ada"), await make_user("root", role="admin")
    await erase(people, bearer(root))

    if by_admin:
        await people["user"].delete(f"{USERS}/{ada.id}", headers=bearer(root))
    else:
        await erase(people, bearer(ada))

    async def is_heard() -> bool:
        async with apps["analytics"].state.application.store.use() as analytics:
            return [row["_id"] async for row in analytics["erased_users"].find()] == [str(ada.id)]

    assert await eventually(is_heard)


async def add_entries(database: Postgres, count: int, actor: UUID | None, user: UUID | None) -> None:
    """Store audit entries with the origin of a person."""
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO audit_entries (id, kind, actor_id, user_id, address, user_agent)"
                " SELECT gen_random_uuid(), 'login', CAST(:actor AS uuid), CAST(:user AS uuid), '192.0.2.7', NULL"
                " FROM generate_series(1, :count)"
            ),
            {"count": count, "actor": actor, "user": user},
        )


async def origins(database: Postgres, condition: str, person: UUID) -> int:
    """The number of entries that match a condition and still have an origin."""
    query = select(func.count(AuditEntry.id)).where(text(f"({condition})"), HAS_ORIGIN)
    async with database.transaction() as session:
        return await session.scalar(query, {"person": person}) or 0


async def test_a_long_history_is_erased_in_batches(
    database: Postgres, people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """The request erases a batch, the rest follows; entries of other actors, also about that person, stay."""
    ada, root = await make_user("ada"), await make_user("root", role="admin")
    await add_entries(database, 2 * BATCH + 50, ada.id, root.id)
    await add_entries(database, 2 * BATCH + 50, None, ada.id)
    await add_entries(database, 10, root.id, ada.id)
    await add_entries(database, 10, None, root.id)
    hers = "actor_id = :person OR (actor_id IS NULL AND user_id = :person)"

    assert await erase(people, bearer(ada)) == (204, "")
    left = await origins(database, hers, ada.id)
    await continue_erasures(database)

    assert left == 2 * (BATCH + 50) + 1  # the deletion itself is an entry
    assert await origins(database, hers, ada.id) == 0
    assert await origins(database, "actor_id = :person OR user_id = :person", root.id) == 20
    async with database.transaction() as session:
        assert (await session.scalars(select(AuditErasure))).all() == []


async def test_an_erasure_that_another_worker_has_in_hand_is_left_to_it(database: Postgres, clean: None) -> None:
    """Neither worker waits for the other, and the next person is not skipped."""
    first, second = new_id(), new_id()
    for person in (first, second):
        await add_entries(database, 3, person, None)
        async with database.transaction() as session:
            session.add(AuditErasure(user_id=person))

    async with database.transaction() as session:
        await session.execute(select(AuditErasure).where(AuditErasure.user_id == first).with_for_update())
        await continue_erasures(database)

    assert [await origins(database, "actor_id = :person", person) for person in (first, second)] == [3, 0]
