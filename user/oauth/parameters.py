"""The parameters of an OAuth 2 client's request (RFC 6749, 3.2), and the client that it names."""

import base64
from collections.abc import Iterable, Mapping
from json import JSONDecodeError
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel, ValidationError

from chassis.core.problems import field_error
from user.oauth.errors import InvalidClient, InvalidOAuthRequest

Form = TypeVar("Form", bound=BaseModel)

FORM = "application/x-www-form-urlencoded"
_MOST_PARAMETERS = 20


def is_form(request: Request) -> bool:
    """Whether the body of a request is a form."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


async def read_parameters(request: Request) -> dict[str, Any]:
    """
    Return the parameters in the body, a form or a JSON object; those without a value are left out.

    Raises:
        InvalidOAuthRequest: It is neither, or has a parameter twice (400).
    """
    if is_form(request):
        return _parse_form(await request.body())
    try:
        sent = await request.json()
    except JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise InvalidOAuthRequest(f"Send a form ({FORM}), or a JSON object.")
    return sent


def refuse_secret(request: Request, parameters: Mapping[str, Any]) -> None:
    """
    Check the client that a request names: every client is public, so its id changes nothing, and it has no secret.

    Raises:
        InvalidClient: It sends a secret (401).
        InvalidOAuthRequest: It names two clients (400).
    """
    name, secret = _basic_credentials(request)
    if secret or parameters.get("client_secret"):
        raise InvalidClient
    # The name is percent-encoded (RFC 6749, 2.3.1), but not by every client.
    if name and parameters.get("client_id", name) not in {name, unquote_plus(name)}:
        raise InvalidOAuthRequest("The header and the form name different clients.")


def validated(form: type[Form], parameters: Mapping[str, Any]) -> Form:
    """
    Return the parameters that are in *form*; others are ignored (RFC 6749, 3.2).

    Raises:
        InvalidOAuthRequest: One is missing or malformed (400).
    """
    try:
        return form.model_validate({name: parameters[name] for name in form.model_fields if name in parameters})
    except ValidationError as error:
        errors = [
            field_error({**one, "loc": ("body", *one["loc"])})
            for one in error.errors(include_input=False, include_url=False)
        ]
        reasons = "; ".join(f"{one.pointer[1:]}: {one.detail}" for one in errors)
        raise InvalidOAuthRequest(f"Wrong parameters: {reasons}.", errors=errors) from None


def described(*forms: type[BaseModel], json: type[BaseModel]) -> dict[str, Any]:
    """
    Describe a body for OpenAPI, because the framework cannot describe two forms of one.

    Args:
        forms: What the form may contain.
        json: The same as JSON.
    """
    schemas = [one.model_json_schema() for one in forms]
    content = {
        "application/json": {"schema": json.model_json_schema()},
        FORM: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}},
    }
    return {"requestBody": {"required": True, "content": content}}


def _parse_form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, encoding="utf-8", errors="strict"
        )
    except ValueError:  # also of UTF-8
        raise InvalidOAuthRequest(f"The form is not UTF-8, or has over {_MOST_PARAMETERS} parameters.") from None
    if _has_twins(name for name, _ in pairs):
        raise InvalidOAuthRequest("A parameter occurs twice.")
    return {name: value for name, value in pairs if value}


def _has_twins(names: Iterable[str]) -> bool:
    known = list(names)
    return len(set(known)) < len(known)


def _basic_credentials(request: Request) -> tuple[str, str]:
    """Return id and secret of HTTP Basic as they are sent; empty without."""
    scheme, encoded = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise InvalidClient from None
    return name, secret
