"""Two embedded PostgreSQLs: a primary, and a synchronous standby."""

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
    """A copy that follows another PostgreSQL; it can be read, and written to once it is promoted."""

    name = "PostgreSQL's standby"

    def __init__(self, folder: Path, port: int, primary: EmbeddedPostgres, **settings: str) -> None:
        """*primary* must run when the copy is made; *settings* as for the primary."""
        super().__init__(folder, port, **settings)
        self._primary = primary

    @property
    def password(self) -> Path:
        """The superuser's password, copied with the data."""
        return self._primary.password

    def _fill(self, draft: Path) -> None:
        address = ["--host=127.0.0.1", f"--port={self._primary.port}", "--username=postgres"]
        following = ["--write-recovery-conf", "--create-slot", "--slot=standby", "--wal-method=stream"]
        self._make(draft, "pg_basebackup", *address, *following, "--checkpoint=fast")


class PostgresPair:
    """
    A primary and its synchronous standby, in a new folder.

    Every acknowledged commit is on both disks.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        """The constructor starts nothing. *settings* of PostgreSQL as for one (see ``EmbeddedPostgres``)."""
        self.primary = EmbeddedPostgres(folder / "primary", free_port(), **settings)
        self.standby = EmbeddedStandby(folder / "standby", free_port(), self.primary, **settings)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """
        Run them during the block.

        Raises:
            CommandError: A server does not start, or the standby does not follow within half a minute.
        """
        with self.primary, self.standby:
            # Only once there is a standby: each commit waits for it from now on. The standby was copied before this
            # setting, so it will not wait for another one itself.
            self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf();")
            if not wait_until(self._is_synchronous, _PATIENCE_S):
                raise CommandError("PostgreSQL's standby does not follow: see its log.")
            yield self

    def create_database(self, name: str) -> str:
        """
        Create a database with a role of the same name (see ``EmbeddedPostgres.create_database``).

        Returns:
            Its address, with both hosts.
        """
        address, one = self.primary.create_database(name), f"127.0.0.1:{self.primary.port}"
        # The standby has the role on disk, but may not show it yet, and would refuse a login.
        self.primary.execute("SET synchronous_commit = remote_apply; SELECT pg_logical_emit_message(true, '', '');")
        return address.replace(one, f"{one},127.0.0.1:{self.standby.port}")

    def promote(self) -> None:
        """
        Make the standby the primary, which accepts writes when this returns and waits for no standby.

        The old primary must be dead, and must not be started again.

        Raises:
            CommandError: It was not promoted within a minute.
        """
        if self.standby.execute("SELECT pg_promote()") != "t":
            raise CommandError("PostgreSQL's standby was not promoted: see its log.")

    def _is_synchronous(self) -> bool:
        return self.primary.execute("SELECT sync_state FROM pg_stat_replication") == "sync"
