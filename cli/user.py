"""`bin/cli user`: accounts, directly in the user service's database."""

import asyncio
import os

import typer
from pydantic import SecretStr, ValidationError

from chassis.idempotency.dependency import IdempotencyKey
from chassis.postgres.database import Postgres
from cli.databases import opened
from cli.environment import use_running_stack
from cli.errors import CommandError
from user.client import Client
from user.mail.outgoing import no_mail
from user.models import User
from user.schemas import UserAdd
from user.services.add_user import add_user
from user.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Manage accounts.")


@app.callback()
def accounts() -> None:
    """Manage accounts."""


@app.command("create-admin")
def create_admin(
    username: str,
    email: str,
    password: str = typer.Option(..., prompt=True, hide_input=True, confirmation_prompt=True, envvar="ADMIN_PASSWORD"),
) -> None:
    """Create an account with the role admin; asks for the password, or reads ADMIN_PASSWORD."""
    use_running_stack()
    try:
        new = UserAdd(username=username, email=email, password=SecretStr(password), role="admin")
        admin = asyncio.run(add_admin(SecretStr(os.environ["USER_DATABASE_URL"]), new))
    except ValidationError as error:
        reasons = "\n".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors(include_input=False))
        raise CommandError(reasons) from None
    typer.echo(f"{admin.username} is an admin now (id {admin.id}).")


async def add_admin(url: SecretStr, new: UserAdd) -> User:
    """
    Store an account with the role admin.

    Raises:
        AppError: The name or address is taken, the password is weak, or the database does not answer.
    """
    # The application name is the source of the event that is published.
    async with opened(Postgres(url, Settings.service_name)) as database:
        mail = no_mail(database, Client(user_agent="cli"))
        return await add_user(database, IdempotencyKey(database, None), mail, new, actor_id=None)
