"""Introspecting an access token (RFC 7662)."""

from chassis.auth.tokens import InvalidToken, TokenVerifier
from user.schemas import ActiveToken, InactiveToken


async def introspect_token(tokens: TokenVerifier, token: str) -> ActiveToken | InactiveToken:
    """
    Return the claims of a valid access token of a session that has not ended.

    A refresh token is inactive: a service that is sent one must not take it for an access token.
    """
    try:
        claims = await tokens.read(token)
    except InvalidToken:
        return InactiveToken()
    return ActiveToken.model_validate(claims)
