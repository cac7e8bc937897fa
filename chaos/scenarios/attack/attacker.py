"""``python -m chaos.scenarios.attack.attacker NAME PORT SECONDS [tls]``: one attack, in a process of its own."""

import asyncio
import os
import ssl
import sys
from contextlib import suppress
from time import monotonic

from chaos.scenarios.attack.attacks import ATTACKS, Attack

SOURCE = "127.0.0.2"
"""Where attackers come from: the edge counts requests by address."""
_PAUSE_S = 1.0
_MOST_NEW = 300
"""Connections that begin in a second: what a service does with them is measured, not how fast it accepts."""


async def attack(name: str, port: int, seconds: float, tls: ssl.SSLContext | None) -> None:
    """Attack until the time is up."""
    ends = monotonic() + seconds
    what = ATTACKS[name]
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            waits = (_PAUSE_S * number / min(what.connections, _MOST_NEW) for number in range(what.connections))
            await asyncio.gather(*(_repeat(what, port, wait, ends, tls) for wait in waits))


async def _repeat(what: Attack, port: int, wait: float, ends: float, tls: ssl.SSLContext | None) -> None:
    await asyncio.sleep(wait)  # else all would come in the same moment, again and again
    while monotonic() < ends:
        with suppress(OSError, EOFError):  # that the other side ends it is what is hoped for
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, local_addr=(SOURCE, 0))
            try:
                await what.act(reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(_PAUSE_S)


def unverified() -> ssl.SSLContext:
    """Take the edge's certificate, which signs itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


if __name__ == "__main__":
    os.nice(10)  # real attackers would not take their processor time from the service
    _name, _port, _seconds, *_tls = sys.argv[1:]
    asyncio.run(attack(_name, int(_port), float(_seconds), unverified() if _tls else None))
