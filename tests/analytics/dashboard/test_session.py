import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from chassis.application import application_of
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from chassis.settings import Environment
from tests.analytics.dashboard.sessions import SESSION, cookie_of, log_in, refresh
from tests.support.aliases import MakeUser, People
from tests.support.having import having
from tests.user.logins import change, read
from user.client import Client
from user.models import AuditEntry, Throttle, UserSession
from user.throttle import Limit, account_limit, address_limits, guess_limit


async def profile_status(people: People, answer: httpx.Response) -> int:
    """The status of using the answer's access token at the user service."""
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return (await people["user"].get("/api/v1/users/profile", headers=headers)).status_code


def login_limit(address: str) -> Limit:
    """The limit of logins from an address."""
    (limit,) = address_limits("login", Client(address))
    return limit


async def test_an_admin_logs_in(browser: httpx.AsyncClient, people: People, make_user: MakeUser) -> None:
    """The page gets an access token and a name, and no refresh token."""
    await make_user("root", role="admin")

    answer = await log_in(browser)

    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "expires_in", "username", "role"}
    assert (answer.json()["username"], answer.json()["role"]) == ("root", "admin")
    assert answer.headers["cache-control"] == "no-store"
    assert await profile_status(people, answer) == 200


async def test_no_script_and_no_other_site_gets_the_cookie(browser: httpx.AsyncClient, make_user: MakeUser) -> None:
    """The refresh token is sent with the dashboard's own requests only."""
    await make_user("root", role="admin")

    cookie = cookie_of(await log_in(browser))

    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/dashboard")
    assert not cookie["secure"]


async def test_outside_development_the_cookie_is_for_tls_alone(
    apps: dict[str, FastAPI], browser: httpx.AsyncClient, make_user: MakeUser
) -> None:
    """Outside development the cookie is never sent without TLS."""
    await make_user("root", role="admin")
    staging = application_of(apps["analytics"]).settings.model_copy(update={"environment": Environment.STAGING})

    with having(apps["analytics"], settings=staging):
        answer = await log_in(browser)

    assert cookie_of(answer)["secure"]


async def test_a_wrong_password_is_refused(browser: httpx.AsyncClient, make_user: MakeUser) -> None:
    """A wrong password is a 401 without a cookie."""
    await make_user("root", role="admin")

    answer = await log_in(browser, password="wrong password")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert "set-cookie" not in answer.headers


async def test_who_may_not_look_is_refused_and_leaves_no_session(
    browser: httpx.AsyncClient, make_user: MakeUser, accounts: Postgres
) -> None:
    """With the right password and a wrong role the login is a 403 that says how to get the role; no session is left."""
    ada = await make_user("ada")

    answer = await log_in(browser, "ada")

    lives = select(UserSession.id).where(UserSession.revoked_at.is_(None), UserSession.id != ada.id)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_an_analyst")
    assert f'PATCH /api/v1/users/{ada.id} with {{"role": "analyst"}}' in answer.json()["detail"]
    assert "set-cookie" not in answer.headers
    assert await read(accounts, select(UserSession.id).where(UserSession.id != ada.id)) != []
    assert await read(accounts, lives) == []


async def test_the_cookie_gives_the_next_token(browser: httpx.AsyncClient, people: People, make_user: MakeUser) -> None:
    """A reloaded page needs no password; the cookie is replaced by the next one."""
    await make_user("root", role="admin")
    before = cookie_of(await log_in(browser)).value

    answer = await refresh(browser)

    assert (answer.status_code, answer.json()["username"]) == (200, "root")
    assert await profile_status(people, answer) == 200
    assert cookie_of(answer).value != before


async def test_without_a_cookie_nobody_is_logged_in(browser: httpx.AsyncClient) -> None:
    """A missing cookie is not an error: the page uses this to find out."""
    answer = await refresh(browser)

    assert (answer.status_code, answer.content) == (204, b"")


async def test_logging_out_ends_the_session_at_the_user_service(
    browser: httpx.AsyncClient, people: People, make_user: MakeUser
) -> None:
    """Logging out deletes the cookie, and both its token and the access token are refused."""
    await make_user("root", role="admin")
    begun = await log_in(browser)
    cookie = cookie_of(begun).value

    ended = await browser.delete(SESSION)

    assert ended.status_code == 204
    assert not browser.cookies
    assert await profile_status(people, begun) == 401
    browser.cookies.set("dashboard_session", cookie)
    assert (await refresh(browser)).json()["code"] == "session_ended"


async def test_logging_out_twice_is_no_error(browser: httpx.AsyncClient, make_user: MakeUser) -> None:
    """A second logout succeeds, and has nothing to end."""
    await make_user("root", role="admin")
    cookie = cookie_of(await log_in(browser)).value
    await browser.delete(SESSION)
    browser.cookies.set("dashboard_session", cookie)

    assert (await browser.delete(SESSION)).status_code == 204


async def test_somebody_who_may_look_no_longer_is_shown_out(
    browser: httpx.AsyncClient, people: People, make_user: MakeUser, accounts: Postgres
) -> None:
    """A person without the role is logged out, also if only the database was changed; the session ends."""
    root = await make_user("root", role="admin")
    await log_in(browser)
    await change(accounts, update(type(root)).values(role="user"))

    refused, after = await refresh(browser), await refresh(browser)

    assert (refused.status_code, refused.json()["code"]) == (403, "not_an_analyst")
    assert (after.status_code, after.json()["code"]) == (401, "session_ended")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_a_foreign_page_cannot_use_the_cookie(browser: httpx.AsyncClient, make_user: MakeUser, site: str) -> None:
    """A request of another origin is refused, as the browser sends the origin."""
    await make_user("root", role="admin")
    await log_in(browser)

    answer = await browser.post(f"{SESSION}/refresh", headers={"Sec-Fetch-Site": site})

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_page")


async def test_a_guess_counts_against_the_persons_address(browser: httpx.AsyncClient, accounts: Postgres) -> None:
    """The user service counts a guess for the person's address, although it sees only the address of analytics."""
    await log_in(browser, "eve", "wrong password", address="192.0.2.7")

    person = Client("192.0.2.7")
    limits = guess_limit("login", "eve", person), account_limit("login", "eve"), login_limit("192.0.2.7")
    assert set(await read(accounts, select(Throttle.key))) == {limit.key for limit in limits}


async def test_sessions_and_the_audit_log_name_the_browser(
    browser: httpx.AsyncClient, make_user: MakeUser, accounts: Postgres
) -> None:
    """Login and logout are those of the person's browser and address, not of analytics; a long name is cut off."""
    await make_user("root", role="admin")
    agent = b"browser/1 " + b"\xff" * 500
    browser.headers = httpx.Headers([(b"User-Agent", agent), (b"X-Forwarded-For", b"192.0.2.7")])

    await log_in(browser)
    await browser.delete(SESSION)

    origin = ("192.0.2.7", agent.decode("latin-1")[:256])
    sessions = await read(accounts, select(UserSession).where(UserSession.address.is_not(None)))
    entries = await read(accounts, select(AuditEntry).order_by(AuditEntry.id))
    assert [(one.address, one.user_agent) for one in sessions] == [origin]
    assert [(one.address, one.user_agent) for one in entries] == [origin] * 2


async def test_who_guesses_at_the_dashboard_locks_nobody_else_out(
    browser: httpx.AsyncClient, make_user: MakeUser, accounts: Postgres
) -> None:
    """The address with too many attempts waits, and gets the waiting time; others can log in."""
    await make_user("root", role="admin")
    await log_in(browser, "eve", "wrong password", address="192.0.2.7")
    soon = func.now() + func.make_interval(0, 0, 0, 0, 0, 5)
    await change(accounts, update(Throttle).values(attempts=40, blocked_until=soon))

    slowed, let_in = await log_in(browser), await log_in(browser, address="192.0.2.8")

    assert (slowed.status_code, slowed.json()["code"]) == (429, "too_many_attempts")
    assert int(slowed.headers["retry-after"]) > 200
    assert let_in.status_code == 200


async def test_nobody_else_names_an_address(sealed: Dispatcher, accounts: Postgres) -> None:
    """The header is ignored from another linked program."""
    guess = {"username": "eve", "password": "wrong password"}
    with pytest.raises(RemoteError):
        await sealed.send("user", "POST", "/api/v1/users/login", json=guess, client_address="192.0.2.7")

    limits = guess_limit("login", "eve", Client(program="client")), account_limit("login", "eve")
    assert set(await read(accounts, select(Throttle.key))) == {limit.key for limit in limits}


async def test_a_plain_request_names_no_address(people: People, accounts: Postgres) -> None:
    """The header is ignored outside an envelope."""
    guess = {"username": "eve", "password": "wrong password"}
    await people["user"].post("/api/v1/users/login", json=guess, headers={"X-Client-Address": "192.0.2.7"})

    assert login_limit("192.0.2.7").key not in await read(accounts, select(Throttle.key))
    assert login_limit("127.0.0.1").key in await read(accounts, select(Throttle.key))
