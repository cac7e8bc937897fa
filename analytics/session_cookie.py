"""The cookie that keeps somebody logged in at the dashboard: a refresh token of the user service."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from chassis.settings import Environment

COOKIE = "dashboard_session"
_PATH = "/dashboard"
_IDLE_S = 30 * 24 * 60 * 60
"""As long as the user service keeps a session that is not used."""


@dataclass(frozen=True, slots=True)
class Jar:
    """Puts the cookie into an answer, or takes it out of the browser."""

    _response: Response
    _secure: bool

    def put(self, refresh_token: str) -> None:
        """Have the browser keep *refresh_token*: for these routes alone, and out of reach of any script or site."""
        self._response.set_cookie(COOKIE, refresh_token, max_age=_IDLE_S, **self._attributes())

    def remove(self) -> None:
        """Have the browser forget it."""
        self._response.delete_cookie(COOKIE, **self._attributes())

    def _attributes(self) -> dict[str, Any]:
        return {"path": _PATH, "secure": self._secure, "httponly": True, "samesite": "strict"}


async def _jar(request: Request, response: Response) -> Jar:
    response.headers["Cache-Control"] = "no-store"
    # Without TLS, as in development, a browser would drop a cookie that is for TLS alone.
    return Jar(response, request.app.state.settings.environment is not Environment.LOCAL)


SessionCookie = Annotated[Jar, Depends(_jar)]
"""The cookie of the answer; which no cache is to keep."""
