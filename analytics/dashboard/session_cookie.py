"""The dashboard's session cookie: a refresh token of the user service."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.types import Scope

from chassis.application import application_of
from chassis.settings import Environment
from chassis.web.answer_headers import add_to_answer

COOKIE = "dashboard_session"
_PATH = "/dashboard"
_IDLE_S = 30 * 24 * 60 * 60
"""How long the user service keeps an unused session, seconds."""


@dataclass(frozen=True, slots=True)
class Jar:
    """
    Sets or deletes the cookie in the answer to a request.

    The cookie is sent with an error too: otherwise the new refresh token would be lost, and using the spent one again
    looks like theft.
    """

    _scope: Scope
    _secure: bool

    def put(self, refresh_token: str) -> None:
        """Set the cookie to *refresh_token*, for these routes only and out of reach of scripts and other sites."""
        self._set(refresh_token, _IDLE_S)

    def remove(self) -> None:
        """Delete the cookie."""
        self._set("", 0)

    def _set(self, value: str, max_age: int) -> None:
        cookie = Response()
        cookie.set_cookie(
            COOKIE, value, max_age=max_age, path=_PATH, secure=self._secure, httponly=True, samesite="strict"
        )
        add_to_answer(self._scope, b"set-cookie", cookie.headers["set-cookie"].encode())


async def _jar(request: Request, response: Response) -> Jar:
    response.headers["Cache-Control"] = "no-store"
    # In development there is no TLS, and a browser would drop a cookie that requires TLS.
    return Jar(request.scope, application_of(request.app).settings.environment is not Environment.LOCAL)


SessionCookie = Annotated[Jar, Depends(_jar)]
"""Sets the cookie of the answer, which must not be cached."""
