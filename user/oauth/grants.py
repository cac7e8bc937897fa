"""What a login or a token request presents: name and password, or a refresh token."""

from json import JSONDecodeError
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, ValidationError

from user.oauth.errors import InvalidScope, UnsupportedGrantType
from user.oauth.parameters import described, is_form, read_parameters, refuse_secret, validated
from user.schemas import Credentials, Refresh

_IGNORES_OTHERS = ConfigDict(extra="ignore")


class PasswordGrant(Credentials):
    """A name (or e-mail address) and its password (RFC 6749, 4.3.2)."""

    model_config = _IGNORES_OTHERS

    grant_type: Literal["password"] = "password"


class RefreshGrant(Refresh):
    """A refresh token (RFC 6749, 6)."""

    model_config = _IGNORES_OTHERS

    grant_type: Literal["refresh_token"]


Grant = PasswordGrant | RefreshGrant
"""What an OAuth 2 client presents for tokens."""
_GRANTS: dict[str, type[Grant]] = {"password": PasswordGrant, "refresh_token": RefreshGrant}

LOGIN_BODY = described(PasswordGrant, RefreshGrant, json=Credentials)
"""The body of a login for OpenAPI."""


async def _sent(request: Request) -> Credentials | Grant:
    return await _read_grant(request) if is_form(request) else await _read_credentials(request)


async def _read_grant(request: Request) -> Grant:
    parameters = await read_parameters(request)
    grant = _GRANTS.get(parameters.get("grant_type", "password"))
    if grant is None:
        raise UnsupportedGrantType
    refuse_secret(request, parameters)
    if "scope" in parameters:
        raise InvalidScope
    return validated(grant, parameters)


async def _read_credentials(request: Request) -> Credentials:
    try:
        return Credentials.model_validate(await request.json())
    except JSONDecodeError as error:
        raise RequestValidationError(
            [
                {"type": "json_invalid", "loc": ("body",), "ctx": {"error": error.msg}},
            ]
        ) from None
    except ValidationError as error:
        raise RequestValidationError(
            [
                {"type": one["type"], "loc": ("body", *one["loc"]), "msg": one["msg"]}
                for one in error.errors(include_input=False, include_url=False)
            ]
        ) from None


LoginBody = Annotated[Credentials | PasswordGrant | RefreshGrant, Depends(_sent)]
"""The credentials in a JSON body, or the grant in a form."""
