"""`python -m cli`: everything a person does with this project."""

import logging
import os
import sys
from collections.abc import Callable
from importlib import import_module

import structlog
import typer

from cli.errors import CommandError

# Each has a module with a typer app or a function of its name. It is imported when the command is used: an image of one
# service lacks what the development commands need.
COMMANDS = {
    "run": "Start the databases and the four services, with hot reload; Ctrl-C stops all.",
    "reset": "Forget the development data.",
    "doctor": "Check Python, libraries, disk, ports and databases, and say what to do.",
    "db": "Migrate the databases.",
    "demo": "Walk an order through the running services.",
    "call": "Make a sealed call as the outside client, and print the opened answer.",
    "keys": "Make, list and rotate the secrets in an environment file; manage write keys.",
    "routes": "Print every route with its mode, callers and authentication.",
    "events": "Print what the services announce; list and replay what was refused.",
    "invariants": "Compare the four databases, and name what differs.",
    "analytics": "Count the events of the analytics service anew.",
    "backup": "Copy the four databases as they are at one moment.",
    "restore": "Put a backup in place of what is in the four databases.",
    "relay": "Deliver a service's events in a process of its own.",
    "user": "Manage accounts.",
    "smoke": "Import and build every service.",
}

_ROOMS = {
    "run": "dev.run",
    "reset": "dev.reset",
    "doctor": "checks.doctor",
    "keys": "keys.commands",
    "invariants": "checks.invariants",
    "backup": "backup.backup",
    "restore": "backup.restore",
    "smoke": "checks.smoke",
}
"""Where a command is that has no module of its name."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _register(name: str, summary: str) -> None:
    # Arguments, and --help among them, are the command's own to understand.
    settings = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

    @app.command(name, help=summary, context_settings=settings)
    def delegate(context: typer.Context) -> None:
        module = import_module(f"cli.{_ROOMS.get(name, name)}")
        command = getattr(module, "app", None) or _single(getattr(module, name), summary)
        command(context.args, prog_name=f"python -m cli {name}")


def _single(function: Callable[..., None], summary: str) -> typer.Typer:
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command(help=summary)(function)
    return command


def main() -> None:
    """Run a command; what it cannot do is said without a traceback."""
    # In a container it is set for the service's workers. What a command counts nobody reads.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    # Whoever called reads the refusal in the answer. A service built in here logs as its own settings say.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for name, summary in COMMANDS.items():
        _register(name, summary)
    try:
        app()
    except CommandError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
