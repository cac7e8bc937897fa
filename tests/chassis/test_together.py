import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.core.together import together
from cli.dev.files import ROOT
from cli.services import SERVICES


async def give(value: int) -> int:
    """Return the value at once."""
    return value


async def hang(ended: list[str]) -> None:
    """Never return, and take a moment to be cancelled."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append("hang")


async def fail(number: int) -> None:
    """Fail after this many turns of the event loop."""
    for _ in range(number):
        await asyncio.sleep(0)
    raise LookupError(number)


async def test_results_come_in_the_order_of_the_work() -> None:
    """Results have the order of the arguments, whichever is done first."""
    assert await together(give(1), give(2), give(3)) == [1, 2, 3]


async def test_nothing_goes_on_when_one_has_failed() -> None:
    """The first error is raised unchanged, after the others have ended."""
    ended: list[str] = []

    with pytest.raises(LookupError, match="1"):
        await together(hang(ended), fail(1), fail(50))

    assert ended == ["hang"]


async def test_nothing_goes_on_when_the_caller_is_cancelled() -> None:
    """All have ended when the cancellation reaches the caller."""
    ended: list[str] = []
    caller = asyncio.create_task(together(hang(ended), hang(ended)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert ended == ["hang", "hang"]


def sources() -> Iterator[Path]:
    """Return every source file that runs in production."""
    for folder in ("chassis", *(service.name for service in SERVICES)):
        yield from (ROOT / folder).rglob("*.py")


def detaching(source: Path) -> Iterator[str]:
    """Return each ``gather`` that leaves the others running when one fails."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.gather":
            keeps = any(one.arg == "return_exceptions" for one in node.keywords)
            if not keeps:
                yield f"{source.relative_to(ROOT)}:{node.lineno}"


def test_no_service_leaves_work_behind() -> None:
    """Every ``gather`` waits for all (``return_exceptions``); elsewhere ``together`` is used."""
    assert [place for source in sources() for place in detaching(source)] == []
