"""A larger replica set of embedded MongoDBs, for tests that kill members."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import wait_until
from cli.dev.ports import free_port
from cli.dev.server import running
from cli.errors import CommandError

_PATIENCE_S = 30.0


class EmbeddedReplicaSet:
    """Several MongoDBs that form one database."""

    def __init__(self, folder: Path, members: int) -> None:
        """The constructor starts nothing. *folder* gets a folder for each member."""
        ports, key = [free_port() for _ in range(members)], secrets.token_hex(64)
        self.members = [
            EmbeddedMongoDB(folder / str(number), port, others=[one for one in ports if one != port], key=key)
            for number, port in enumerate(ports)
        ]

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run the members for the block."""
        with running(self.members):
            yield self

    def primary(self) -> EmbeddedMongoDB:
        """
        Return the member that accepts writes, once there is one.

        Raises:
            CommandError: There is none within half a minute.
        """
        primaries = list[EmbeddedMongoDB]()

        def is_chosen() -> bool:
            primaries[:] = [member for member in self.members if member.is_primary]
            return bool(primaries)

        if not wait_until(is_chosen, _PATIENCE_S):
            raise CommandError(f"None of {len(self.members)} MongoDBs became the primary: see their logs.")
        return primaries[0]

    def create_database(self, name: str, password: str | None = None) -> str:
        """Create a database with a user of the same name (see ``EmbeddedMongoDB.create_database``)."""
        return self.primary().create_database(name, password)
