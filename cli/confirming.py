"""Asking before something is lost."""

import sys

import typer

from cli.errors import CommandError


def confirm(loss: str, command: str, *, yes: bool) -> None:
    """
    Ask for confirmation, unless *yes* was said already.

    Args:
        loss: What will be lost, in sentences.
        command: Does it without a question.

    Raises:
        CommandError: It is denied, or there is no terminal to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{loss} Nothing was changed, as there is no terminal to ask. Without a question: {command}")
    if not typer.confirm(f"{loss} Continue?"):
        raise CommandError("Nothing was changed.")
