"""The running system of a system test."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cli.dev.files import ROOT
from cli.dev.launcher import ServiceProcesses
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.postgres import EmbeddedPostgres
from tests.support.fault_proxy import FaultProxy


@dataclass(frozen=True, slots=True)
class Stack:
    """
    The running processes, the environment to reach them, those of the services, and their output.

    Attributes:
        admin: The Authorization header of the demo's admin, whose session stays active.
        wires: The connections from the service that calls most others, by their names; a test may inject faults.
    """

    environment: dict[str, str]
    environments: dict[str, dict[str, str]]
    services: ServiceProcesses
    postgres: EmbeddedPostgres
    mongodb: EmbeddedMongoDB
    output: list[str]
    admin: dict[str, str]
    wires: dict[str, FaultProxy]


@contextmanager
def restarted(stack: Stack, service: str, **variables: str) -> Iterator[None]:
    """Run a service with other variables during the block."""
    before = dict(stack.environments[service])
    try:
        stack.environments[service].update(variables)
        restart(stack, service)
        yield
    finally:
        stack.environments[service].update(before)
        for name in variables.keys() - before.keys():
            del stack.environments[service][name]
        restart(stack, service)


def restart(stack: Stack, service: str) -> None:
    """Stop a service cleanly, so that nothing is left under way, and start it again."""
    stack.services.stop(service)
    stack.services.start(service)
    stack.services.wait_until_ready()


async def run_command(stack: Stack, *command: str) -> tuple[int, str]:
    """Run a command as a person would, in the environment of the stack; returns its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", *command),
        cwd=ROOT,
        env=stack.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()
