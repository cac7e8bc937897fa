"""Two embedded PostgreSQLs: a primary, and a standby that has all that was acknowledged."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from cli.dev.polling import wait_until
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError

_PATIENCE_S = 30.0


class EmbeddedStandby(EmbeddedPostgres):
    """A copy of another PostgreSQL that follows it; it can be read, and written to once it is promoted."""

    name = "PostgreSQL's standby"

    def __init__(self, folder: Path, port: int, primary: EmbeddedPostgres, **settings: str) -> None:
        """*primary* runs when the copy is made; *settings* as it has them."""
        super().__init__(folder, port, **settings)
        self._primary = primary

    @property
    def password(self) -> Path:
        """The superuser's password: copied with everything else."""
        return self._primary.password

    def _fill(self, draft: Path) -> None:
        address = ["--host=127.0.0.1", f"--port={self._primary.port}", "--username=postgres"]
        following = ["--write-recovery-conf", "--create-slot", "--slot=standby", "--wal-method=stream"]
        self._make(draft, "pg_basebackup", *address, *following, "--checkpoint=fast")


class PostgresPair:
    """
    A primary and its synchronous standby, in a new folder.

    What is acknowledged is on both disks.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        """Nothing happens yet. *settings* of PostgreSQL as for one (see ``EmbeddedPostgres``)."""
        self.primary = EmbeddedPostgres(folder / "primary", free_port(), **settings)
        self.standby = EmbeddedStandby(folder / "standby", free_port(), self.primary, **settings)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """
        Run them during the block.

        Raises:
            CommandError: One does not start, or the standby does not follow within half a minute.
        """
        with self.primary, self.standby:
            # Not before there is a standby: each commit waits for it from now on. It was copied before that, so that it
            # will itself wait for nobody.
            self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf();")
            if not wait_until(self._is_synchronous, _PATIENCE_S):
                raise CommandError("PostgreSQL's standby does not follow: see its log.")
            yield self

    def create_database(self, name: str) -> str:
        """
        Make a database with a role of its name (see ``EmbeddedPostgres.create_database``).

        Returns:
            Its address, with both hosts.
        """
        address, one = self.primary.create_database(name), f"127.0.0.1:{self.primary.port}"
        # What is on the standby's disk need not be seen there yet; who asks it first would be told of a wrong password.
        self.primary.execute("SET synchronous_commit = remote_apply; SELECT pg_logical_emit_message(true, '', '');")
        return address.replace(one, f"{one},127.0.0.1:{self.standby.port}")

    def promote(self) -> None:
        """
        Make the standby the primary, which can be written to when this returns; it waits for no other.

        The old one must be dead, and may not be started again.

        Raises:
            CommandError: It is not within a minute.
        """
        if self.standby.execute("SELECT pg_promote()") != "t":
            raise CommandError("PostgreSQL's standby was not promoted: see its log.")

    def _is_synchronous(self) -> bool:
        return self.primary.execute("SELECT sync_state FROM pg_stat_replication") == "sync"
