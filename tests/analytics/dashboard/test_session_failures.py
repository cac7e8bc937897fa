import json

import httpx
import pytest
from sqlalchemy import func, select, update

from chassis.core.errors import DeadlineExceeded, ServiceUnavailable
from chassis.dispatch.errors import Refusal, RemoteError
from chassis.dispatch.transport import Answer
from chassis.postgres.database import Postgres
from tests.analytics.dashboard.conftest import Fail
from tests.analytics.dashboard.sessions import SESSION, cookie_of, log_in, refresh
from tests.support.aliases import MakeUser
from tests.user.logins import change, read
from user.models import RefreshToken, UserSession

LIVE = UserSession.revoked_at.is_(None), UserSession.id.in_(select(RefreshToken.session_id))


def refusal(status: int, code: str) -> RemoteError:
    """A refusal of the user service."""
    return RemoteError("user", Refusal(Answer(status, {}, json.dumps({"code": code}).encode())))


@pytest.mark.parametrize("error", [ServiceUnavailable(), DeadlineExceeded(), RuntimeError()], ids=repr)
async def test_a_token_that_was_spent_has_its_successor_in_the_cookie(
    browser: httpx.AsyncClient, make_user: MakeUser, accounts: Postgres, failing: Fail, error: Exception
) -> None:
    """After any failure following the refresh, the page may retry a minute later without being reported as theft."""
    await make_user("root", role="admin")
    before = cookie_of(await log_in(browser)).value
    with failing("/profile", error):
        failed = await refresh(browser)
    spent = update(RefreshToken).where(RefreshToken.used_at.is_not(None))
    await change(accounts, spent.values(used_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 1)))

    again = await refresh(browser)

    assert failed.status_code >= 500
    assert cookie_of(failed).value not in {"", before}
    assert (again.status_code, again.json()["username"]) == (200, "root")
    assert len(await read(accounts, select(UserSession.id).where(*LIVE))) == 1


async def test_a_login_that_fails_half_way_leaves_no_session(
    browser: httpx.AsyncClient, make_user: MakeUser, accounts: Postgres, failing: Fail
) -> None:
    """The tokens of a failed login are refused; another person's session stays active."""
    await make_user("root", role="admin")
    await make_user("ben", role="analyst")
    await log_in(browser, "ben")
    with failing("/profile", ServiceUnavailable()):
        failed = await log_in(browser)

    assert failed.status_code == 503
    assert "set-cookie" not in failed.headers
    assert len(await read(accounts, select(UserSession.id).where(*LIVE))) == 1
    assert (await refresh(browser)).json()["username"] == "ben"


@pytest.mark.parametrize("path", ["/refresh", "/logout"])
async def test_logging_out_while_the_user_service_is_down_empties_the_browser(
    browser: httpx.AsyncClient, make_user: MakeUser, failing: Fail, path: str
) -> None:
    """The answer says that the session could not be ended; the cookie is deleted anyway."""
    await make_user("root", role="admin")
    await log_in(browser)
    with failing(path, ServiceUnavailable()):
        ended = await browser.delete(SESSION)

    assert (ended.status_code, ended.json()["code"]) == (503, "session_not_ended")
    assert not browser.cookies
    assert (await refresh(browser)).status_code == 204


@pytest.mark.parametrize(
    ("status", "code"), [(422, "invalid_request"), (401, "unauthenticated"), (403, "forbidden"), (415, "x"), (404, "")]
)
async def test_another_refusal_is_no_wrong_password_and_ends_no_session(
    browser: httpx.AsyncClient, make_user: MakeUser, failing: Fail, status: int, code: str
) -> None:
    """An unexpected refusal is a fault between the services: a 502, and the page keeps its session."""
    await make_user("root", role="admin")
    await log_in(browser)
    with failing("/login", refusal(status, code)):
        login = await log_in(browser)
    with failing("/refresh", refusal(status, code)):
        refreshed = await refresh(browser)
    with failing("/logout", refusal(status, code)):
        ended = await browser.delete(SESSION)

    assert (login.status_code, login.json()["code"]) == (502, "refused_upstream")
    assert (refreshed.status_code, refreshed.json()["code"]) == (502, "refused_upstream")
    assert (ended.status_code, ended.json()["code"]) == (503, "session_not_ended")


async def test_a_session_that_ends_meanwhile_has_ended(
    browser: httpx.AsyncClient, make_user: MakeUser, failing: Fail
) -> None:
    """A session that is ended elsewhere right after the refresh is not a failure of a service."""
    await make_user("root", role="admin")
    await log_in(browser)
    with failing("/profile", refusal(401, "invalid_token")):
        answer = await refresh(browser)

    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
