import asyncio
import re
from collections import Counter
from contextlib import AsyncExitStack

from cryptography.fernet import Fernet

from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from tests.sealing.messages import as_setting, make_keys, send
from tests.sealing.tiny_sealed import THINGS, SealedTiny, serve_sealed_tiny
from tests.support.fault_proxy import Exchange, FaultProxy

AT_A_TIME = 4
CALLS_PER_STEP = 15
KEY_ID = re.compile(rb"x-key-id: (\w+)", re.IGNORECASE)


class Caller:
    """An instance of the order service, which calls without a pause."""

    def __init__(self, address: str, keys: dict[str, str]) -> None:
        self.made = asyncio.Semaphore(0)
        self._address = address
        self._dispatchers: list[Dispatcher] = []
        self.restart_with(keys)

    def restart_with(self, keys: dict[str, str]) -> None:
        """Continue with other keys; calls under way end with the keys they began with."""
        envelope = Envelope("order", load_links("order", as_setting(keys), {"tiny"}))
        self._dispatchers.append(Dispatcher({"tiny": self._address}, envelope))

    async def call_until(self, stopping: asyncio.Event) -> None:
        """Call in a loop; the calls carry no Idempotency-Key, so none is retried."""
        while not stopping.is_set():
            await self._dispatchers[-1].send("tiny", "POST", f"{THINGS}/service", json={"name": "cup"})
            self.made.release()

    async def make_calls(self) -> None:
        """Wait for some calls to succeed."""
        for _ in range(CALLS_PER_STEP):
            await self.made.acquire()

    async def aclose(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(dispatcher.aclose() for dispatcher in self._dispatchers))


class Balancer:
    """Sends each request to the next replica, and counts the keys of the requests."""

    def __init__(self, replicas: list[SealedTiny]) -> None:
        self.key_ids: Counter[str] = Counter()
        self._replicas = replicas
        self.proxy = FaultProxy(replicas[0].url, self._hand_on)

    async def _hand_on(self, exchange: Exchange) -> None:
        found = KEY_ID.search(exchange.request)
        assert found
        self.key_ids[found[1].decode()] += 1
        self.proxy.service = self._replicas[self.key_ids.total() % len(self._replicas)].url
        await exchange.answer(await exchange.forward())


def join(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """Join two keys of each direction into one ring."""
    return {name: f"{ring},{second[name]}" for name, ring in first.items()}


async def test_keys_rotate_under_load() -> None:
    """Keys are added second, promoted, and the old removed, one instance after the other, without a failed call."""
    old = make_keys("order", "tiny")
    new = {name: f"k2:{Fernet.generate_key().decode()}" for name in old}
    stopping = asyncio.Event()

    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(serve_sealed_tiny(old)) for _ in range(2)]
        balancer = Balancer(replicas)
        proxy = await stack.enter_async_context(balancer.proxy)
        callers = [Caller(proxy.address, old) for _ in range(2)]
        for caller in callers:
            stack.push_async_callback(caller.aclose)
        async with asyncio.TaskGroup() as calls:
            for caller in callers * AT_A_TIME:
                calls.create_task(caller.call_until(stopping))
            for keys in (join(old, new), join(new, old), new):
                for restart in [instance.restart_with for instance in replicas] + [one.restart_with for one in callers]:
                    restart(keys)
                    await asyncio.gather(*(caller.make_calls() for caller in callers))
            stopping.set()
        outdated = await send(replicas[0].url, replicas[0].forge(keys=old).valid())

    assert balancer.key_ids.keys() == {"k1", "k2"}
    assert balancer.key_ids.total() >= 3 * 4 * 2 * CALLS_PER_STEP
    assert outdated.status == 401
