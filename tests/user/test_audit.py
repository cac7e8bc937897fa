from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, text, update

from chassis.core.clock import utc_now
from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from tests.sealing.messages import Forge, send
from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS, attempt, authorized, log_in, refresh
from user.audit import AuditKind
from user.models import RefreshToken, User
from user.tokens.email_tokens import Purpose, issue_email_token

AUDIT = f"{USERS}/audit"
NEW_PASSWORD = "five unrelated plum words"
BROWSER = "A browser"


@pytest.fixture
def browser(people: People) -> httpx.AsyncClient:
    """A client of the user service with a user agent."""
    people["user"].headers["User-Agent"] = BROWSER
    return people["user"]


async def entries(people: People, admin: dict[str, str], **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as httpx
    """The audit log as admins read it, newest first."""
    response = await people["user"].get(AUDIT, params=query, headers=admin)
    items: list[dict[str, Any]] = response.json()["items"]
    return items


Told = tuple[str, str | None, str | None]


async def told(people: People, admin: dict[str, str], names: dict[str, str]) -> list[Told]:
    """Kind, account and actor of the entries; all came from this browser just now."""
    log = await entries(people, admin)
    now = utc_now().isoformat()
    assert all((one["address"], one["user_agent"]) == ("127.0.0.1", BROWSER) for one in log)
    assert all(now[:10] <= one["at"][:10] <= utc_now().isoformat()[:10] for one in log)
    return [(one["kind"], names.get(one["user_id"]), names.get(one["actor_id"])) for one in log]


async def test_what_admins_do_is_told(
    people: People, browser: httpx.AsyncClient, root: User, admin: dict[str, str]
) -> None:
    """Creating, changing and deleting an account are logged, each with the admin who did it."""
    eve = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}

    made = (await browser.post(USERS, json=eve, headers=admin)).json()
    await browser.patch(f"{USERS}/{made['id']}", json={"role": "admin", "username": "evelyn"}, headers=admin)
    await browser.delete(f"{USERS}/{made['id']}", headers=admin)

    names = {made["id"]: "eve", str(root.id): "root"}
    assert await told(people, admin, names) == [
        ("user.deleted", "eve", "root"),
        ("user.changed", "eve", "root"),
        ("user.created", "eve", "root"),
    ]
    details = [one["details"] for one in await entries(people, admin)]
    assert details == [{}, {"fields": "username,role", "role": "admin"}, {"role": "user"}]


async def test_what_people_do_is_told(
    people: People, browser: httpx.AsyncClient, admin: dict[str, str], make_user: MakeUser
) -> None:
    """Logging in and out, and each change of one's own account, are logged with the account's owner."""
    ada = await make_user("ada")
    names = {str(ada.id): "ada"}

    await attempt(people, "ada", "wrong password")
    await attempt(people, "nobody", PASSWORD)
    phone = await log_in(people)
    await browser.patch(f"{USERS}/profile", json={"username": "countess"}, headers=authorized(phone))
    await browser.post(f"{USERS}/logout", headers=authorized(phone))
    await browser.post(f"{USERS}/logout-all", headers=authorized(await log_in(people, "countess")))
    laptop = authorized(await log_in(people, "countess"))
    wrong = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    await browser.post(f"{USERS}/password", json=wrong, headers=laptop)
    await browser.post(f"{USERS}/password", json=wrong | {"current_password": PASSWORD}, headers=laptop)
    laptop = authorized(await log_in(people, "countess", NEW_PASSWORD))
    before = await told(people, admin, names)
    await browser.request("DELETE", f"{USERS}/profile", json={"password": NEW_PASSWORD}, headers=laptop)

    assert before == [
        ("login.succeeded", "ada", "ada"),
        ("password.changed", "ada", "ada"),
        ("password.refused", "ada", "ada"),
        ("login.succeeded", "ada", "ada"),
        ("sessions.ended", "ada", "ada"),
        ("login.succeeded", "ada", "ada"),
        ("session.ended", "ada", "ada"),
        ("user.changed", "ada", "ada"),
        ("login.succeeded", "ada", "ada"),
        ("login.failed", None, None),
        ("login.failed", "ada", None),
    ]
    (newest, *_) = await entries(people, admin)
    assert (newest["kind"], newest["user_id"], newest["actor_id"]) == ("user.deleted", str(ada.id), str(ada.id))


async def test_what_tokens_do_is_told(
    database: Postgres, people: People, browser: httpx.AsyncClient, admin: dict[str, str], make_user: MakeUser
) -> None:
    """A confirmed address, a password reset, and the late reuse of a refresh token are logged."""
    ada = await make_user("ada")
    async with database.transaction() as session:
        verify = await issue_email_token(session, ada.id, Purpose.VERIFY, ada.email)
    await browser.post(f"{USERS}/email-verification/confirm", json={"token": verify})
    async with database.transaction() as session:
        reset = await issue_email_token(session, ada.id, Purpose.RESET, ada.email)
    await browser.post(f"{USERS}/password-reset/confirm", json={"token": reset, "password": NEW_PASSWORD})
    tokens = await log_in(people, "ada", NEW_PASSWORD)
    await refresh(people, tokens)
    async with database.transaction() as session:
        long_ago = update(RefreshToken).where(RefreshToken.used_at.is_not(None))
        await session.execute(long_ago.values(used_at=func.now() - func.make_interval(0, 0, 0, 0, 1)))

    await refresh(people, tokens)

    assert await told(people, admin, {str(ada.id): "ada"}) == [
        ("refresh_token.reused", "ada", None),
        ("login.succeeded", "ada", "ada"),
        ("password.reset", "ada", "ada"),
        ("email.verified", "ada", "ada"),
    ]


async def test_a_program_is_told_by_the_name_its_key_proves(
    people: People, sealed: Dispatcher, admin: dict[str, str]
) -> None:
    """A sealed registration has the program's name; its network address is left out."""
    eve = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}
    made = (await sealed.send("user", "POST", f"{USERS}/register", json=eve)).json()

    (entry,) = await entries(people, admin)

    assert (entry["kind"], entry["user_id"], entry["actor_id"]) == ("user.registered", made["id"], made["id"])
    assert (entry["address"], entry["user_agent"]) == (None, "service:client")


@pytest.mark.parametrize(
    ("caller", "inner", "origin"),
    [
        ("analytics", {"x-client-address": "192.0.2.7", "user-agent": "browser/1"}, ("192.0.2.7", "browser/1")),
        ("analytics", {}, (None, "service:analytics")),
        ("client", {"x-client-address": "192.0.2.7", "user-agent": "browser/1"}, (None, "service:client")),
    ],
)
async def test_a_service_is_trusted_with_the_origin_of_a_person(
    people: People,
    environment: dict[str, str],
    admin: dict[str, str],
    caller: str,
    inner: dict[str, str],
    origin: object,
) -> None:
    """As sealed; a header outside of the seal and the claims of the outside client do not count."""
    eve = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}
    forge = Forge(caller, "user", environment, "POST", f"{USERS}/register", json=eve, headers=inner)

    answer = await send(environment["USER_SERVICE_URL"], forge.valid().adding("user-agent", "library/1"))

    (entry,) = await entries(people, admin)
    assert (answer.status, (entry["address"], entry["user_agent"])) == (201, origin)


async def test_every_kind_is_told_somewhere_above() -> None:
    """A new kind of event needs its line in these tests."""
    assert {kind.value for kind in AuditKind} == {
        "user.registered", "user.created", "user.changed", "user.deleted", "login.succeeded", "login.failed",
        "session.ended", "sessions.ended", "refresh_token.reused", "password.changed", "password.refused",
        "password.reset", "email.verified",
    }  # fmt: skip


async def test_the_log_comes_page_by_page(people: People, admin: dict[str, str]) -> None:
    """Cursors lead through all entries, newest first, each once."""
    for _ in range(3):
        await attempt(people, "nobody")
    whole = await entries(people, admin)

    first = (await people["user"].get(AUDIT, params={"limit": 2}, headers=admin)).json()
    last = await people["user"].get(AUDIT, params={"limit": 2, "cursor": first["next_cursor"]}, headers=admin)

    assert len(whole) == 3
    assert [*first["items"], *last.json()["items"]] == whole
    assert last.json()["next_cursor"] is None


async def test_the_log_can_be_filtered(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """The log is filtered by account, by kind, and by both."""
    ada, bob = await make_user("ada"), await make_user("bob")
    for name, password in (("ada", PASSWORD), ("ada", "wrong"), ("bob", PASSWORD)):
        await attempt(people, name, password)

    async def count(**query: Any) -> int:  # noqa: ANN401 - as httpx
        return len(await entries(people, admin, **query))

    assert await count(user_id=str(ada.id)) == 2
    assert await count(kind="login.succeeded") == 2
    assert await count(user_id=str(bob.id), kind="login.failed") == 0
    assert (await people["user"].get(AUDIT, params={"kind": "nonsense"}, headers=admin)).status_code == 422


async def test_people_do_not_read_the_log(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """Users do not read the log, not even entries about themselves."""
    ada = await make_user("ada")

    response = await people["user"].get(AUDIT, params={"user_id": str(ada.id)}, headers=bearer(ada))

    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


async def test_nothing_that_was_typed_is_in_the_log(
    database: Postgres, people: People, admin: dict[str, str], make_user: MakeUser
) -> None:
    """The log contains neither names nor passwords, which people confuse, nor addresses, nor tokens."""
    ada = await make_user("lovelace")  # a name without hexadecimal digits, which ids contain
    await attempt(people, PASSWORD, "hunter2hunter2")
    tokens = await log_in(people, "lovelace")
    typed = [PASSWORD, "hunter2", NEW_PASSWORD, "lovelace", "countess"]
    secrets = [tokens["access_token"], tokens["refresh_token"], *typed]
    change = {"username": "countess", "email": "countess@example.org", "password": PASSWORD}
    await people["user"].patch(f"{USERS}/profile", json=change, headers=authorized(tokens))
    wanted = {"current_password": "hunter2", "new_password": NEW_PASSWORD}
    await people["user"].post(f"{USERS}/password", json=wanted, headers=authorized(tokens))
    admins = {"username": "countess.2", "email": "countess.2@example.org"}
    await people["user"].patch(f"{USERS}/{ada.id}", json=admins, headers=admin)

    async with database.transaction() as session:
        log = " ".join(await session.scalars(text("SELECT CAST(to_jsonb(one) AS text) FROM audit_entries one")))

    assert log.count('"kind"') == 5
    assert [secret for secret in secrets if secret in log] == []


@pytest.mark.parametrize(
    ("what", "body"),
    [
        (f"POST {USERS}", {"username": "ROOT", "email": "eve@example.org", "password": PASSWORD}),
        (f"PATCH {USERS}/{{ada}}", {"username": "ROOT", "role": "admin"}),
        (f"PATCH {USERS}/{{root}}", {"role": "user"}),
        (f"DELETE {USERS}/{{root}}", None),
        (f"DELETE {USERS}/{UUID(int=0)}", None),
        (f"DELETE {USERS}/sessions/{UUID(int=0)}", None),
        (f"PATCH {USERS}/profile", {"username": "ADA"}),
        (f"POST {USERS}/email-verification/confirm", {"token": "nonsense"}),
    ],
)
async def test_what_failed_is_not_told_as_done(
    people: People, root: User, admin: dict[str, str], make_user: MakeUser, what: str, body: dict[str, str] | None
) -> None:
    """The entry of a failed action is rolled back with it."""
    ada = await make_user("ada")
    method, path = what.format(ada=ada.id, root=root.id).split(" ")

    response = await people["user"].request(method, path, json=body, headers=admin)

    assert response.is_client_error
    assert await entries(people, admin) == []


async def test_of_who_is_erased_no_address_is_left(
    people: People, admin: dict[str, str], make_user: MakeUser, bearer: Bearer
) -> None:
    """Actions of erased people, and attempts on their accounts, stay in the log without address and device."""
    ada = await make_user("ada")
    await attempt(people, "ada", "wrong")
    await log_in(people)

    await people["user"].request("DELETE", f"{USERS}/profile", json={"password": PASSWORD}, headers=bearer(ada))

    log = await entries(people, admin, user_id=str(ada.id))
    assert [one["kind"] for one in log] == ["user.deleted", "login.succeeded", "login.failed"]
    assert {(one["address"], one["user_agent"]) for one in log} == {(None, None)}
