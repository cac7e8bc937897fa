"""Reading credentials: a form, as OAuth2 clients send it, or JSON."""

from json import JSONDecodeError
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from user.schemas import Credentials

_FORM = "application/x-www-form-urlencoded"
_MOST_FORM_FIELDS = 20
_OAUTH2_FIELDS = {"grant_type", "scope", "client_id", "client_secret"}

LOGIN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": Credentials.model_json_schema()},
            _FORM: {"schema": Credentials.model_json_schema()},
        },
    }
}
"""The request body for OpenAPI, because the framework cannot describe two alternative forms."""


async def _credentials(request: Request) -> Credentials:
    try:
        return Credentials.model_validate(await _fields(request))
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


async def _fields(request: Request) -> object:
    if not request.headers.get("content-type", "").startswith(_FORM):
        return await request.json()
    form = await request.form(max_fields=_MOST_FORM_FIELDS)
    return {name: value for name, value in form.items() if name not in _OAUTH2_FIELDS}


CredentialsBody = Annotated[Credentials, Depends(_credentials)]
"""The credentials in the body of the request."""
