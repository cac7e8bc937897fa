"""What a system test has in hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cli.dev.launcher import ServiceProcesses
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.postgres import EmbeddedPostgres
from tests.support.fault_proxy import FaultProxy


@dataclass(frozen=True, slots=True)
class Stack:
    """
    Everything that runs, the environment to reach it, those of the services, and the lines they have printed.

    Attributes:
        admin: The Authorization header of the demo's admin, whose session lasts.
        wires: Over which the order service calls others, by their names; what passes may be spoilt.
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
    """Stop a service in good order, so that it leaves nothing under way, and start it again."""
    stack.services.stop(service)
    stack.services.start(service)
    stack.services.wait_until_ready()
