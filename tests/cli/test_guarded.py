"""A service in development whose code is broken."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from cli.dev.files import ROOT
from cli.dev.guarded import Guarded
from cli.dev.polling import wait_until
from cli.dev.ports import hold_port_like, is_broken, is_ready
from cli.dev.processes import SupervisedProcess

GOOD = """
import json
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        {at_start}
        await send({{"type": "lifespan.startup.complete"}})
        await receive()
        await send({{"type": "lifespan.shutdown.complete"}})
        return
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": json.dumps({{"status": "ready"}}).encode()}})
def build():
    {at_build}
    return app
"""
BROKEN = [
    ("import nothing_of_the_kind", "ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
    ("import sys; sys.exit(3)", "SystemExit: 3"),
    (GOOD.format(at_build="raise ValueError('no such setting')", at_start="pass"), "ValueError: no such setting"),
    (GOOD.format(at_build="pass", at_start="raise OSError('not now')"), "OSError: not now"),
]
Serve = Callable[[str], int]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a service with the given main.py, as `make run` does; returns its port."""
    held = hold_port_like(20001)
    (tmp_path / "chassis").mkdir()  # reloading watches it, too
    (tmp_path / "toy").mkdir()
    started = list[SupervisedProcess]()

    def start(text: str) -> int:
        (tmp_path / "toy" / "main.py").write_text(text)
        command = [sys.executable, "-m", "cli.dev.reloading", "toy", str(held.fileno())]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{tmp_path}"}
        process = SupervisedProcess(
            command, environment=environment, folder=tmp_path, output=subprocess.DEVNULL, inherits=[held.fileno()]
        )
        started.append(process)
        return int(held.getsockname()[1])

    with held:
        yield start
        for process in started:
            process.kill()


def ask(port: int) -> tuple[int, str]:
    """The status and the text of an answer."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/api/v1/toys")
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.mark.long
@pytest.mark.parametrize(("text", "reason"), BROKEN, ids=["import", "exit", "build", "start"])
def test_a_service_that_does_not_start_answers_with_the_reason(serve: Serve, text: str, reason: str) -> None:
    """Requests are answered 503 with the last line of the traceback, and do not hang."""
    port = serve(text)

    status, answer = ask(port)

    assert status == 503
    assert reason in answer
    assert is_broken(port)


def test_an_edit_starts_it_again(serve: Serve, tmp_path: Path) -> None:
    """Broken code answers 503 with the reason; once it and the file that it reads are there, the service answers."""
    starts = GOOD.format(at_build="open('toy/routes.toml').close()", at_start="pass")
    port = serve("def broken(:")
    assert wait_until(lambda: is_broken(port), 30)
    status, answer = ask(port)
    assert status == 503
    assert "SyntaxError: invalid syntax" in answer

    def names_its_file() -> bool:
        try:
            return "FileNotFoundError" in ask(port)[1]
        except ConnectionError:  # it is being started again
            return False

    def lacks_its_file() -> bool:  # written again and again: the watcher may only have begun to watch
        (tmp_path / "toy" / "main.py").write_text(starts)
        return wait_until(names_its_file, 5)

    assert wait_until(lacks_its_file, 60)
    (tmp_path / "toy" / "routes.toml").touch()  # as `make run` writes the routes of the front
    assert wait_until(lambda: is_ready(port), 30)
    assert ask(port) == (200, '{"status": "ready"}')


def test_a_wrong_setting_has_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a service whose new peer `make run` has not given it yet: the variable is named, and that it comes."""
    monkeypatch.delenv("USER_DATABASE_URL", raising=False)

    Guarded("user")

    said = capsys.readouterr().err
    assert "USER_DATABASE_URL: Field required" in said
    assert "comes by itself" in said
    assert "Traceback" not in said
