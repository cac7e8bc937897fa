"""`bin/cli user`: accounts, directly in the user service's database."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr, ValidationError

from chassis.core.problems import field_error
from chassis.idempotency.dependency import IdempotencyKey
from chassis.postgres.database import Postgres
from cli.databases import opened
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import find_service
from user.client import Client
from user.mail.outgoing import no_mail
from user.models import User
from user.schemas import UserAdd
from user.services.add_user import add_user
from user.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Manage accounts.")

_STANDARD_INPUT = "-"
_NO_TERMINAL = (
    "There is no terminal that could ask for the password. Write it to a file and name that with --password-file FILE "
    "(- is the standard input), or set ADMIN_PASSWORD."
)
_REASONS = {
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
}
"""Our words for some of pydantic's errors."""


@app.callback()
def accounts() -> None:
    """Manage accounts."""


@app.command("create-admin")
def create_admin(
    username: str,
    email: str,
    password_file: Annotated[
        str | None, typer.Option(help="Read the password from the first line of this file; - is the standard input.")
    ] = None,
) -> None:
    """
    Create an account with the role admin; asks for the password.

    Without a terminal, give it by --password-file or ADMIN_PASSWORD.

    Raises:
        CommandError: A value is invalid, or there is no password; the message has a sentence for each.
    """
    use_running_stack([find_service("user")])
    password = SecretStr(_password(password_file))
    try:
        new = UserAdd(username=username, email=email, password=password, role="admin")
    except ValidationError as error:
        raise CommandError("\n".join(map(_sentence, error.errors(include_input=False)))) from None
    admin = asyncio.run(add_account(store_url(find_service("user")), new))
    typer.echo(f"{admin.username} is an admin now (id {admin.id}).")


async def add_account(url: SecretStr, new: UserAdd) -> User:
    """
    Store an account of any role, without a mail.

    Raises:
        AppError: The name or address is taken, the password is weak, or the database does not answer.
    """
    # The application name is the source of the event that is published.
    async with opened(Postgres(url, Settings.service_name)) as database:
        mail = no_mail(database, Client(user_agent="cli"))
        return await add_user(database, IdempotencyKey(database, None), mail, new, actor_id=None)


def _password(file: str | None) -> str:
    if file:
        return _first_line(file)
    if given := os.environ.get("ADMIN_PASSWORD"):
        return given
    if not sys.stdin.isatty():
        raise CommandError(_NO_TERMINAL)
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _first_line(file: str) -> str:
    try:
        read = sys.stdin.buffer.readline() if file == _STANDARD_INPUT else Path(file).read_bytes()
        return read.decode().partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The password file {file} cannot be read ({type(error).__name__}).") from None


def _sentence(error: Mapping[str, Any]) -> str:
    """Return an invalid value and its reason as a sentence, without the value."""
    name, ours = error["loc"][0], _REASONS.get(error["type"])
    reason = ours.format_map(error["ctx"]) if ours else field_error(error).detail
    reason = reason.removeprefix("value is not a valid email address: ").rstrip(".")
    return f"The {name} {reason}." if reason.startswith("must ") else f"The {name} is not valid: {reason}."
