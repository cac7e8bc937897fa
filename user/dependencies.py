"""What routes of this service alone ask for."""

from typing import Annotated

from fastapi import Depends, Request, Response

from chassis.auth.tokens import TokenIssuer


async def _issuer(request: Request) -> TokenIssuer:
    issuer: TokenIssuer = request.app.state.issuer
    return issuer


async def _no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


Issuer = Annotated[TokenIssuer, Depends(_issuer)]
"""What signs access tokens."""
no_store = Depends(_no_store)
"""For routes whose answer holds tokens: no cache is to keep it (RFC 6749, 5.1)."""
