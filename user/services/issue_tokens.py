"""Issuing tokens to OAuth 2 clients."""

from chassis.postgres.database import Postgres
from user.client import Client
from user.errors import InvalidCredentials, InvalidRefreshToken, TooManyAttempts
from user.oauth.errors import InvalidGrant, SlowDown
from user.oauth.grants import Grant, RefreshGrant
from user.schemas import Token
from user.services.log_in import log_in
from user.services.refresh_session import refresh_session
from user.tokens.issuer import TokenIssuer


async def issue_tokens(database: Postgres, issuer: TokenIssuer, client: Client, grant: Grant) -> Token:
    """
    Begin or continue a session, with the errors of RFC 6749.

    Raises:
        InvalidGrant: Name, password or refresh token are wrong (400).
        SlowDown: There were too many attempts on this account from this network, or from this network (429).
    """
    try:
        if isinstance(grant, RefreshGrant):
            return await refresh_session(database, issuer, client, grant.refresh_token)
        return await log_in(database, issuer, client, grant)
    except (InvalidCredentials, InvalidRefreshToken) as error:
        raise InvalidGrant(error.message) from error
    except TooManyAttempts as error:
        raise SlowDown(error.message, headers=error.headers) from error
