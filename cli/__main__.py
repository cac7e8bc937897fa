"""The command line of the project: `bin/cli`."""

import logging
import os
import signal
import sys
from importlib import import_module
from inspect import getdoc
from typing import Any

if __name__ == "__main__":  # Ctrl-C during the imports below ends the process without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import structlog
import typer
from typer.core import TyperGroup

from chassis.core.errors import AppError
from cli.errors import CommandError

COMMANDS = {
    "run": "cli.dev.run:run",
    "reset": "cli.dev.reset:reset",
    "doctor": "cli.checks.doctor:doctor",
    "db": "cli.db:app",
    "orm": "cli.orm.commands:app",
    "demo": "cli.demo.demo:demo",
    "call": "cli.call:call",
    "client": "cli.sdk.commands:app",
    "keys": "cli.keys.commands:app",
    "settings": "cli.settings:settings",
    "routes": "cli.routes:routes",
    "calls": "cli.calls:calls",
    "events": "cli.events:app",
    "invariants": "cli.checks.invariants:invariants",
    "backup": "cli.backup.backup:backup",
    "restore": "cli.backup.restore:restore",
    "relay": "cli.relay:relay",
    "smoke": "cli.checks.smoke:smoke",
    "changed": "cli.changed:changed",
    "render": "cli.services.render:render",
    "project": "cli.services.rename:app",
    "update": "cli.services.update:update",
    "service": "cli.services.commands:app",
}
"""Command -> module and Typer application or function."""


def all_commands() -> dict[str, str]:
    """
    Return our commands and, each under its service's name, those in a service's ``commands.py``.

    Raises:
        CommandError: A service has the name of one of our commands.
    """
    from cli.services.discovery import ROOT, SERVICES  # a wrong service.toml is reported without a traceback

    services = [service.name for service in SERVICES if (ROOT / service.name / "commands.py").exists()]
    if taken := ", ".join(COMMANDS.keys() & set(services)):
        raise CommandError(f"{taken}/commands.py: bin/cli has a command of this name already. Rename the service.")
    return COMMANDS | {name: f"{name}.commands:app" for name in services}


class LazyCommands(TyperGroup):
    """
    Imports a command when it is used (Click, "Lazily Loading Subcommands").

    The image of one service lacks the libraries of the others, and so has fewer commands.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer does not export its Context
        """Return the commands that can run here."""
        return [name for name in all_commands() if self._is_available(ctx, name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - nor its Command
        """
        Import a command; None if there is no command with this name.

        Raises:
            CommandError: The command needs a package that is not installed here.
        """
        if not (place := all_commands().get(cmd_name)):
            return None
        module, _, attribute = place.partition(":")
        try:
            found = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise CommandError(f"'{cmd_name}' needs {error.name}, which is not installed here.") from error
        command = typer.main.get_command(found if isinstance(found, typer.Typer) else _single(found))
        command.name = cmd_name
        return command

    def _is_available(self, ctx: Any, name: str) -> bool:  # noqa: ANN401
        try:
            return self.get_command(ctx, name) is not None
        except CommandError:
            return False


app = typer.Typer(cls=LazyCommands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def root() -> None:
    """Run, check, migrate, back up and operate the services."""


def main() -> None:
    """Run a command; errors that the user can correct are printed without a traceback."""
    # In a container it is set for the service's workers. The metrics of a command are not collected.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    # The answer shows a refusal to the caller. A service that is built in this process configures its own logging.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        app(prog_name="bin/cli")
    except CommandError as error:
        sys.exit(str(error))
    except AppError as error:
        sys.exit(error.message)


def _single(function: object) -> typer.Typer:
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(help=(getdoc(function) or "").partition("\n\n")[0])(function)  # type: ignore[type-var] # a function
    return single


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
