"""What a system test has in hand."""

from dataclasses import dataclass

from cli.stack.launcher import ServiceProcesses
from cli.stack.mongodb import EmbeddedMongoDB
from cli.stack.postgres import EmbeddedPostgres


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that runs, the environment to reach it, and the lines that the services have printed."""

    environment: dict[str, str]
    services: ServiceProcesses
    postgres: EmbeddedPostgres
    mongodb: EmbeddedMongoDB
    output: list[str]
