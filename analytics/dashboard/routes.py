"""The dashboard: its page, and its sessions, which connect the page with the user service."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Cookie, Depends, Header, Request, Response

from analytics.dashboard.accounts import NotForYou, SessionEnded, SessionNotEnded, TooManyLogins, WrongCredentials
from analytics.dashboard.begin_dashboard_session import begin_dashboard_session
from analytics.dashboard.continue_dashboard_session import continue_dashboard_session
from analytics.dashboard.end_dashboard_session import end_dashboard_session
from analytics.dashboard.files import HEADERS, PAGE, PageFile
from analytics.dashboard.schemas import DashboardSession, Login
from analytics.dashboard.session_cookie import COOKIE, SessionCookie
from analytics.parts import parts_of
from chassis.core.errors import Forbidden, NotFound
from chassis.core.problems import documented
from chassis.dependencies import Dispatch
from chassis.idempotency.kinds import REPEATABLE, UNREPEATABLE
from chassis.sealing.access import public
from chassis.web.etag import Tagger, Tagging
from chassis.web.origin import FromOrigin
from chassis.web.routing import Router


class ForeignPage(Forbidden):
    """Another site's page made the browser send the request (403)."""

    code = "foreign_page"
    message = "Sessions of the dashboard can be used from its own page only."


async def _own_page(sec_fetch_site: Annotated[str | None, Header(include_in_schema=False)] = None) -> None:
    if sec_fetch_site not in {None, "same-origin"}:
        raise ForeignPage


async def _page_files(request: Request) -> Mapping[str, PageFile]:
    return parts_of(request).page_files


RefreshToken = Annotated[str | None, Cookie(alias=COOKIE, max_length=128, include_in_schema=False)]
PageFiles = Annotated[Mapping[str, PageFile], Depends(_page_files)]

router = Router("/dashboard", "dashboard", "Sessions of the dashboard.")


@router.post(
    "/session",
    access=public(),
    idempotency=UNREPEATABLE,
    operation_id="begin_dashboard_session",
    dependencies=[Depends(_own_page)],
    responses=documented(WrongCredentials, NotForYou, TooManyLogins),
)
async def begin(login: Login, dispatcher: Dispatch, origin: FromOrigin, cookie: SessionCookie) -> DashboardSession:
    """Log in; the refresh token is set as a cookie that no script can read."""
    session, tokens = await begin_dashboard_session(dispatcher, login, origin)
    cookie.put(tokens.refresh_token)
    return session


@router.post(
    "/session/refresh",
    access=public(),
    idempotency=REPEATABLE,
    operation_id="continue_dashboard_session",
    dependencies=[Depends(_own_page)],
    responses={204: {"description": "There is no session."}, **documented(SessionEnded, NotForYou)},
)
async def carry_on(
    dispatcher: Dispatch, origin: FromOrigin, cookie: SessionCookie, token: RefreshToken = None
) -> DashboardSession:
    """Get the next access token, by the cookie."""
    if token is None:
        return Response(status_code=204)  # type: ignore[return-value]
    return await continue_dashboard_session(dispatcher, token, origin, cookie)


@router.delete(
    "/session",
    access=public(),
    operation_id="end_dashboard_session",
    status_code=204,
    dependencies=[Depends(_own_page)],
    responses=documented(SessionNotEnded),
)
async def end(dispatcher: Dispatch, origin: FromOrigin, cookie: SessionCookie, token: RefreshToken = None) -> None:
    """Log out: the cookie is deleted in any case, and the session is ended at the user service."""
    if token is not None:
        await end_dashboard_session(dispatcher, token, origin, cookie)


@router.get("", also=["/"], access=public(), include_in_schema=False)
async def page(files: PageFiles, response: Response, tagger: Tagging) -> Response:
    """Return the page."""
    return _answer(files[PAGE], response, tagger)


@router.get("/{name}", access=public(), include_in_schema=False)
async def page_file(name: str, files: PageFiles, response: Response, tagger: Tagging) -> Response:
    """Return one of the files of the page."""
    if name not in files:
        raise NotFound
    return _answer(files[name], response, tagger)


def _answer(file: PageFile, response: Response, tagger: Tagger) -> Response:
    # A 304 has them too: a browser replaces its cached headers by those of a 304.
    response.headers.update(HEADERS)
    headers = {**HEADERS, "ETag": f'"{file.tag}"'}
    return tagger.answer(Response(file.content, headers=headers, media_type=file.media_type), file.tag)
