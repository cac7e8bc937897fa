"""`bin/cli reset`: what is deleted, and what is asked before."""

import asyncio
import io
from contextlib import nullcontext
from pathlib import Path

import asyncpg
import pytest
from pymongo import MongoClient

from cli.dev import reset as resetting
from cli.dev.lock import exclusive
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.reset import reset
from cli.errors import CommandError
from cli.services import Service

SCRATCH = Service("scratch", 1, "postgres")


@pytest.fixture(autouse=True)
def development(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder as `make run` leaves it, without a terminal."""
    folder = tmp_path / ".dev"
    for name in ("postgres/cluster", "mongodb"):
        (folder / name).mkdir(parents=True)
    (folder / "secrets.json").write_text("{}")
    monkeypatch.setattr(resetting, "DEVELOPMENT", folder)
    monkeypatch.setattr(resetting, "LOCK", folder / "lock")
    monkeypatch.setattr(resetting, "given_environment", dict)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return folder


def names(folder: Path) -> set[str]:
    """What is in the folder."""
    return {path.name for path in folder.iterdir()} - {"lock"}


def test_all_data_is_deleted_only_when_it_is_confirmed(development: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal it says what it would delete, and how a script confirms that."""
    everything = names(development)
    with pytest.raises(CommandError, match=r"analytics, user\b.*\) and the generated secrets.*reset --yes"):
        reset()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda _question: False)
    with pytest.raises(CommandError, match="Nothing was changed"):
        reset()
    assert names(development) == everything

    monkeypatch.setattr("typer.confirm", lambda _question: True)
    reset()

    assert names(development) == set()


def test_a_script_is_not_asked(development: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second time there is nothing to delete."""
    reset(yes=True)
    reset(yes=True)

    assert names(development) == set()
    assert "There is no development data" in capsys.readouterr().out


def test_a_running_stack_is_left_alone(development: Path) -> None:
    """Neither all data nor one database is deleted under it."""
    everything = names(development)
    with exclusive(development / "lock"):
        for service in (None, "user"):
            with pytest.raises(CommandError, match="already running"):
                reset(service, yes=True)

    assert names(development) == everything


def test_one_service_loses_its_database(
    postgres: EmbeddedPostgres, development: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the others stay, and so do the secrets."""
    monkeypatch.setattr(resetting, "find_service", lambda _name: SCRATCH)
    monkeypatch.setattr(resetting, "embedded", lambda _service: nullcontext(postgres))
    url = postgres.create_database(SCRATCH.database)
    postgres.create_database("bystander_service")
    everything = names(development)

    async def reset_under_a_client() -> None:
        client = await asyncpg.connect(url.replace("+asyncpg", ""))
        await asyncio.to_thread(reset, "scratch", yes=True)
        client.terminate()

    with pytest.raises(CommandError, match=r"of scratch, and no other.*bin/cli reset scratch --yes"):
        reset("scratch")
    asyncio.run(reset_under_a_client())

    listed = postgres.execute(
        "SELECT datname FROM pg_database WHERE datname IN ('scratch_service', 'bystander_service')"
    )
    assert listed == "bystander_service"
    assert names(development) == everything


def test_a_database_of_mongodb_can_be_deleted_alone(mongodb: EmbeddedMongoDB) -> None:
    """Its user stays, so that its address works again."""
    url, other = mongodb.create_database("dropped"), mongodb.create_database("kept")
    clients = [MongoClient[dict[str, object]](address) for address in (url, other)]
    for client in clients:
        client.get_default_database()["things"].insert_one({"_id": 1})

    mongodb.drop_database("dropped")

    counts = [client.get_default_database()["things"].count_documents({}) for client in clients]
    for client in clients:
        client.close()
    assert counts == [0, 1]


def test_a_database_of_ones_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only development data is deleted; an unknown service is named."""
    monkeypatch.setattr(resetting, "given_environment", lambda: {"USER_DATABASE_URL": "postgresql://shop"})

    with pytest.raises(CommandError, match="USER_DATABASE_URL is set"):
        reset("user", yes=True)
    with pytest.raises(CommandError, match=r"Use one of .*analytics"):
        reset("usr", yes=True)
