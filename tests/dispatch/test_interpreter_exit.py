import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest

from chassis.dispatch.transports import TRANSPORTS
from tests.dispatch.wired import written

ROOT = Path(__file__).parents[2]
SCRIPT = """
import asyncio, os, sys
from chassis.dispatch.transport import address_of
from chassis.dispatch.transports import TRANSPORTS

_, name, url, times, closes = sys.argv

async def call():
    transport = TRANSPORTS[name]()
    calls = (transport.send("GET", address_of(url, "/"), [], b"", 60.0) for _ in range(4))
    assert [answer.body for answer in await asyncio.gather(*calls)] == [b"{}"] * 4
    if closes == "True":
        await transport.aclose()

for _ in range(int(times)):
    child = os.fork()
    if not child:
        asyncio.run(call())
        break  # and end as every program ends
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection."""
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(written(b"{}"))
    except (EOFError, ConnectionError):
        pass  # the client has disconnected
    finally:
        writer.close()


@pytest.mark.parametrize("closes", [True, False], ids=["closed", "left open"])
@pytest.mark.long
@pytest.mark.parametrize("times", [200])
@pytest.mark.parametrize("name", TRANSPORTS)
async def test_an_interpreter_ends_well_straight_after_a_call(name: str, times: int, *, closes: bool) -> None:
    """Each of these programs exits with 0, whether or not it has closed its transport."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        arguments = (name, url, str(times), str(closes))
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SCRIPT, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        codes, _ = await program.communicate()

    assert Counter(codes.split()) == {b"0": times}
