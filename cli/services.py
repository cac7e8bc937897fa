"""The list of services, used by the command line and the tests."""

from dataclasses import dataclass
from typing import Literal

from cli.errors import CommandError


@dataclass(frozen=True, slots=True)
class Service:
    """A service as an operator sees it."""

    name: str
    port: int
    store: Literal["postgres", "mongodb"]

    @property
    def factory(self) -> str:
        """The factory that uvicorn and gunicorn start."""
        return f"{self.name}.main:build"

    @property
    def url_variable(self) -> str:
        """The environment variable in which its peers find its address."""
        return f"{self.name.upper()}_SERVICE_URL"

    @property
    def database(self) -> str:
        """The name of its database, and of the only role that may open it."""
        return f"{self.name}_service" if self.store == "postgres" else self.name

    @property
    def store_variable(self) -> str:
        """The environment variable with the address of its own database."""
        return f"{self.name.upper()}_{'DATABASE' if self.store == 'postgres' else 'MONGODB'}_URL"


SERVICES = (
    Service("analytics", 8001, "mongodb"),
    Service("user", 8002, "postgres"),
    Service("product", 8003, "postgres"),
    Service("order", 8004, "postgres"),
)


def find_service(name: str) -> Service:
    """
    Return the service of this name.

    Raises:
        CommandError: There is none.
    """
    for service in SERVICES:
        if service.name == name:
            return service
    names = ", ".join(service.name for service in SERVICES)
    raise CommandError(f"There is no service '{name}'. Use one of {names}.")
