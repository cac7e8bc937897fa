"""A larger replica set of embedded MongoDBs, of which some may die."""

import secrets
import time
from pathlib import Path
from typing import Self

from cli.errors import CommandError
from cli.stack.mongodb import EmbeddedMongoDB
from cli.stack.ports import free_port

_PATIENCE = 30.0  # seconds
_POLL = 0.05  # seconds


class EmbeddedReplicaSet:
    """So many MongoDBs that are one database; a context manager that starts and stops them."""

    def __init__(self, folder: Path, members: int) -> None:
        """Nothing happens yet. *folder* gets a folder for each member."""
        ports, key = [free_port() for _ in range(members)], secrets.token_hex(64)
        self.members = [
            EmbeddedMongoDB(folder / str(number), port, others=[one for one in ports if one != port], key=key)
            for number, port in enumerate(ports)
        ]

    def __enter__(self) -> Self:
        try:
            for member in self.members:
                member.launch()
            for member in self.members:
                member.wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def primary(self) -> EmbeddedMongoDB:
        """
        Give the member that can be written to, once there is one.

        Raises:
            CommandError: There is none for half a minute.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            for member in self.members:
                if member.is_primary:
                    return member
            time.sleep(_POLL)  # other programs: there is nothing to wait on but their answer
        raise CommandError(f"None of {len(self.members)} MongoDBs has become the primary: see their logs.")

    def create_database(self, name: str) -> str:
        """Make a database with a user of its name (see ``EmbeddedMongoDB.create_database``)."""
        return self.primary().create_database(name)

    def _stop(self) -> None:
        for member in self.members:
            member.request_stop()
        for member in self.members:
            member.stop()
