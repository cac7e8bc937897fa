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

    def create_database(self, name: str, password: str | None = None) -> str:
        """Create a database as ``EmbeddedPostgres`` does; returns its address, with both hosts."""
        address = self.primary.create_database(name, password)
        self._wait_for_roles()
        return self._with_both(address)

    def create_reflected(
        self, name: str, schema: str, password: str | None = None, owner_password: str | None = None
    ) -> tuple[str, str]:
        """Create a database with two roles as ``EmbeddedPostgres`` does; returns its addresses, with both hosts."""
        address, of_owner = self.primary.create_reflected(name, schema, password, owner_password)
        self._wait_for_roles()
        return self._with_both(address), self._with_both(of_owner)

    def promote(self) -> None:
        """
        Make the standby the primary, which accepts writes when this returns and waits for no standby.

        The old primary must be dead, and must not be started again.

        Raises:
            CommandError: It was not promoted within a minute.
        """
        if self.standby.execute("SELECT pg_promote()") != "t":
            raise CommandError("PostgreSQL's standby was not promoted: see its log.")

    def _wait_for_roles(self) -> None:
        """Wait until the standby shows new roles: it has them on disk already, but would refuse a login."""
        self.primary.execute("SET synchronous_commit = remote_apply; SELECT pg_logical_emit_message(true, '', '');")

    def _with_both(self, address: str) -> str:
        one = f"127.0.0.1:{self.primary.port}"
        return address.replace(one, f"{one},127.0.0.1:{self.standby.port}")

    def _is_synchronous(self) -> bool:
        return self.primary.execute("SELECT sync_state FROM pg_stat_replication") == "sync"
