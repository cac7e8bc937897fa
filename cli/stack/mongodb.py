"""MongoDB from a wheel: a replica set of one, because transactions and change streams need a replica set."""

import secrets
import sysconfig
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from cli.stack.files import write_private
from cli.stack.ports import answers
from cli.stack.server import EmbeddedServer

PROGRAM = Path(sysconfig.get_path("purelib"), "fiftyone", "db", "bin", "mongod")

_REPLICA_SET = "rs0"
_NOT_YET_INITIALIZED = 94
_USER_EXISTS = 51003
_OPTIONS = [
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", _REPLICA_SET, "--auth"),
    *("--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"),
    *("--wiredTigerEngineConfigString", "log=(file_max=8MB,prealloc=false)"),
    *("--networkMessageCompressors", "snappy,zstd"),
    *("--setParameter", "ttlMonitorSleepSecs=1"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),  # there is no other member to wait for
]

Client = MongoClient[dict[str, Any]]


class EmbeddedMongoDB(EmbeddedServer):
    """MongoDB on 127.0.0.1, with authentication."""

    name = "MongoDB"

    @property
    def _key(self) -> Path:
        """What members of the replica set know each other by, and so the password of MongoDB's own user `__system`."""
        return self.folder / "key"

    def create_database(self, name: str, password: str | None = None) -> str:
        """
        Make sure that user *name* exists and may read and write database *name*, and nothing else.

        Returns:
            Its URL. A password that is not given is made up, and replaces an earlier one.
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
        return f"mongodb://{login}@127.0.0.1:{self.port}/{name}?replicaSet={_REPLICA_SET}&authSource={name}"

    def _prepare(self) -> None:
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)
        if not self._key.exists():
            write_private(self._key, secrets.token_hex(64))

    def _command(self) -> list[str]:
        places = ["--dbpath", str(self.folder / "data"), "--keyFile", str(self._key), "--port", str(self.port)]
        return [str(PROGRAM), *places, *_OPTIONS]

    def _ready(self) -> bool:
        # The driver tries again only twice a second; asking for the port first saves that time.
        if not answers(self.port):
            return False
        try:
            with self._administrator() as client:
                self._configure(client)
                return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False

    def _configure(self, client: Client) -> None:
        """Make the replica set, or tell it its new port: a member that does not find its own address stays idle."""
        address = f"127.0.0.1:{self.port}"
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            members = [{"_id": 0, "host": address}]
            client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": members})
            return
        if config["members"][0]["host"] != address:
            config["members"][0]["host"] = address
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _administrator(self) -> Client:
        """A new client each time: one that was connected before the replica set existed stays confused."""
        return MongoClient(
            "127.0.0.1",
            self.port,
            username="__system",
            password=self._key.read_text(),
            authSource="local",
            directConnection=True,
            serverSelectionTimeoutMS=2000,
        )
