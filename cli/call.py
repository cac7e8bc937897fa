"""`bin/cli call`: a sealed call from the command line."""

import asyncio
import json
from json import JSONDecodeError
from typing import Annotated, Any
from urllib.parse import parse_qsl

import typer

from chassis.core.errors import AppError
from chassis.dispatch.errors import RemoteError
from chassis.dispatch.transport import Answer
from chassis.sealing.keys import InvalidKeys
from cli.client import client
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.services import find_service


def call(
    service: str,
    method: str,
    path: Annotated[str, typer.Argument(help="With a query, as in /api/v1/products?limit=5")],
    body: Annotated[str | None, typer.Argument(help="JSON")] = None,
    token: Annotated[str | None, typer.Option(help="The access token of a person to act for.")] = None,
    *,
    plain: Annotated[bool, typer.Option("--plain", help="Do not seal: for public routes.")] = False,
) -> None:
    """
    Call a service as `client` and print the opened answer.

    Raises:
        CommandError: There is no such service, it is not running, or the call failed; the message has the reason.
    """
    target, _, query = path.partition("?")
    options: dict[str, Any] = {"query": dict(parse_qsl(query)), "bearer": token, "sealed": not plain}
    try:
        options["json"] = json.loads(body) if body else None
        answer = asyncio.run(_send(service, method.upper(), target, options))
    except JSONDecodeError as error:
        raise CommandError(f"The body is not JSON: {error}") from error
    except InvalidKeys as error:
        raise CommandError(str(error)) from error
    except RemoteError as error:
        raise CommandError(json.dumps(error.problem, indent=2, ensure_ascii=False)) from error
    except AppError as error:
        raise CommandError(error.message) from error
    if answer.body:
        typer.echo(json.dumps(json.loads(answer.body), indent=2, ensure_ascii=False))


async def _send(service: str, method: str, target: str, options: dict[str, Any]) -> Answer:
    environment = use_running_stack([find_service(service)])
    async with client(environment, peers={service}) as dispatcher:
        return await dispatcher.send(service, method, target, **options)
