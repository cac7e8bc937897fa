"""The cookie that keeps somebody logged in at the dashboard: a refresh token of the user service."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.types import Scope

from chassis.application import application_of
from chassis.settings import Environment

COOKIE = "dashboard_session"
_PATH = "/dashboard"
_IDLE_S = 30 * 24 * 60 * 60
"""As long as the user service keeps a session that is not used."""


@dataclass(frozen=True, slots=True)
class Jar:
    """
    Sets the cookie, or has the browser forget it, with the answer to a request.

    It is sent with an error too: a refresh token that was spent for one that never arrives looks like theft later.
    """

    _scope: Scope
    _secure: bool

    def put(self, refresh_token: str) -> None:
        """Have the browser keep *refresh_token*: for these routes alone, and out of reach of any script or site."""
        self._set(refresh_token, _IDLE_S)

    def remove(self) -> None:
        """Have the browser forget it."""
        self._set("", 0)

    def _set(self, value: str, max_age: int) -> None:
        cookie = Response()
        cookie.set_cookie(
            COOKIE, value, max_age=max_age, path=_PATH, secure=self._secure, httponly=True, samesite="strict"
        )
        self._scope["set_cookie"] = cookie.headers["set-cookie"].encode()


async def _jar(request: Request, response: Response) -> Jar:
    response.headers["Cache-Control"] = "no-store"
    # Without TLS, as in development, a browser would drop a cookie that is for TLS alone.
    return Jar(request.scope, application_of(request.app).settings.environment is not Environment.LOCAL)


SessionCookie = Annotated[Jar, Depends(_jar)]
"""The cookie of the answer; which no cache is to keep."""
