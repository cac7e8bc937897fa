"""MongoDB from a wheel, as a replica set, if only of one: transactions and change streams need that."""

import json
import secrets
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from cli.dev.files import write_private
from cli.dev.server import EmbeddedServer

PROGRAM = Path(sysconfig.get_path("purelib"), "fiftyone", "db", "bin", "mongod")

_REPLICA_SET = "rs0"
_ELECTION_MS = 2000
"""How long the members of a larger set miss their primary before they elect another, milliseconds."""
_NOT_YET_INITIALIZED = 94
_USER_EXISTS = 51003
_OPTIONS = [
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", _REPLICA_SET, "--auth"),
    *("--oplogSize", "64"),
    *("--wiredTigerEngineConfigString", "log=(file_max=8MB,prealloc=false)"),
    *("--networkMessageCompressors", "snappy,zstd"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),  # do not wait for other members
]

_AFTERWARDS = {"Fatal assertion", "\n\n***aborting after fassert() failure\n\n", "Got signal"}
"""Lines that mongod logs after the reason for its end."""

Client = MongoClient[dict[str, Any]]


class EmbeddedMongoDB(EmbeddedServer):
    """MongoDB on 127.0.0.1, with authentication: a replica set of one, or a member of a larger one."""

    name = "MongoDB"

    def __init__(
        self, folder: Path, port: int, *, cache_gb: float = 0.25, others: Sequence[int] = (), key: str | None = None
    ) -> None:
        """
        The constructor starts nothing.

        Args:
            cache_gb: The size of its cache.
            others: The ports of the other members; launch all members before waiting for one.
            key: The common key of all members.
        """
        super().__init__(folder, port)
        self._cache_gb = cache_gb
        self._others = others
        self._given_key = key

    @property
    def is_primary(self) -> bool:
        """Whether it accepts writes."""
        try:
            with self._administrator() as client:
                return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False

    @property
    def _key(self) -> Path:
        """The key by which members of the replica set authenticate, and the password of MongoDB's user `__system`."""
        return self.folder / "key"

    def create_database(self, name: str, password: str | None = None) -> str:
        """
        Make sure that user *name* exists and may read and write database *name*, and nothing else.

        Returns:
            Its URL. Without a *password*, a new one is generated, which replaces an earlier one.
        """
        password = password or secrets.token_urlsafe(24)
        with self._administrator() as client:
            try:
                client[name].command("createUser", name, pwd=password, roles=["readWrite"])
            except OperationFailure as error:
                if error.code != _USER_EXISTS:
                    raise
                client[name].command("updateUser", name, pwd=password)
        login = f"{name}:{quote(password, safe='')}"
        hosts = ",".join(self._addresses)
        return f"mongodb://{login}@{hosts}/{name}?replicaSet={_REPLICA_SET}&authSource={name}"

    def drop_database(self, name: str) -> None:
        """Delete database *name* with its data, if it exists; its user stays."""
        with self._administrator() as client:
            client.drop_database(name)

    def drop_user(self, name: str) -> None:
        """Delete user *name*, if there is such a user."""
        with self._administrator() as client:
            client[name].command("dropAllUsersFromDatabase")

    def filled_tables(self, name: str) -> list[str]:
        """Return the collections of database *name* that have documents."""
        with self._administrator() as client:
            database = client[name]
            return [one for one in sorted(database.list_collection_names()) if database[one].find_one({}, {"_id": 1})]

    @property
    def _addresses(self) -> list[str]:
        return [f"127.0.0.1:{port}" for port in (self.port, *self._others)]

    def _prepare(self) -> None:
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)
        if not self._key.exists():
            write_private(self._key, self._given_key or secrets.token_hex(64))

    def _command(self) -> list[str]:
        places = ["--dbpath", str(self.folder / "data"), "--keyFile", str(self._key), "--port", str(self.port)]
        return [str(PROGRAM), *places, "--wiredTigerCacheSizeGB", str(self._cache_gb), *_OPTIONS]

    def _ready(self) -> bool:
        try:
            with self._administrator() as client:
                self._configure(client)
                state = client.admin.command("hello")
                return bool(state["isWritablePrimary"] or (self._others and state["secondary"]))
        except PyMongoError:
            return False

    def _complaints(self, log: Sequence[str]) -> list[str]:
        found = list[str]()
        for line in log:
            with suppress(ValueError, TypeError, KeyError):
                entry = json.loads(line)
                if entry["s"] in {"E", "F"} and not (found and entry["msg"] in _AFTERWARDS):
                    error = entry.get("attr", {}).get("error", "")
                    reason = error.get("errmsg", "") if isinstance(error, dict) else error
                    found.append(": ".join(filter(None, [entry["msg"], reason])))
        return found

    def _configure(self, client: Client) -> None:
        """Create the replica set, or set its new port: a member that does not find its own address stays idle."""
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            members = [{"_id": number, "host": address} for number, address in enumerate(self._addresses)]
            client.admin.command(
                "replSetInitiate",
                {"_id": _REPLICA_SET, "members": members, "settings": {"electionTimeoutMillis": _ELECTION_MS}},
            )
            return
        address = self._addresses[0]
        if not self._others and config["members"][0]["host"] != address:
            config["members"][0]["host"] = address
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _administrator(self) -> Client:
        """A new client each time: a client that connected before the replica set existed does not recover."""
        return MongoClient(
            "127.0.0.1",
            self.port,
            username="__system",
            password=self._key.read_text(),
            authSource="local",
            directConnection=True,
            serverSelectionTimeoutMS=2000,
        )
