"""The rotation of the key that signs tokens, simulated second by second with the commands that perform it."""

import time
from collections import deque
from math import ceil
from pathlib import Path
from typing import Any

import jwt
from dotenv import dotenv_values
from typer.testing import CliRunner

from chassis.auth.remote import KEYS_EVERY_S, KeySet, RemoteKeys
from chassis.auth.tokens import LIFETIME_S, TokenVerifier, UnknownKey
from chassis.core.clock import ClockSkew
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from cli.keys.commands import app
from tests.chassis.auth.issuer import Clock, Revoked
from user.keys import HANDLING
from user.tokens.issuer import TokenIssuer

TICK_S = 5
ROLLING_S = 20
"""Seconds of a deployment: one worker has the new keys at its beginning, the other at its end."""
ADD_AT = 100
PROMOTE_AT = ADD_AT + ROLLING_S + HANDLING.promote_after_s
RETIRE_AT = PROMOTE_AT + ROLLING_S + HANDLING.retire_after_s
STEPS = {ADD_AT: "rotate", PROMOTE_AT: "promote", RETIRE_AT: "retire"}
ENDS_AT = RETIRE_AT + ROLLING_S + LIFETIME_S
REFRESH_TICKS = ceil(KEYS_EVERY_S * 1.1 / TICK_S)
"""Between two regular refreshes at their slowest."""
MADE_UP = "made up"


class UserService(Dispatcher):
    """Two workers, which answer in turn, each with the keys it has loaded."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._answers = 0
        self.workers = [self._start(), self._start()]

    def deploy(self, worker: int) -> None:
        """Restart a worker with the key file in its present state."""
        self.workers[worker] = self._start()

    def jwks(self, worker: int) -> dict[str, list[dict[str, str]]]:
        """Return what a worker publishes."""
        return self.workers[worker].jwks()

    async def call(self, *_call: object, **_options: object) -> Any:  # noqa: ANN401 - what is declared
        """Answer as the next worker."""
        self._answers += 1
        return KeySet(**self.jwks(self._answers % 2))

    def _start(self) -> TokenIssuer:
        return TokenIssuer(str(dotenv_values(self._file)["JWT_PRIVATE_KEY"]), "user", "us", self._clock)


class Outsider:
    """Checks tokens with another library and keys that are 30 s old."""

    def __init__(self, service: UserService, worker: int) -> None:
        self._service = service
        self._worker = worker
        self._documents = deque([service.jwks(worker)] * (30 // TICK_S + 1), maxlen=30 // TICK_S + 1)

    def tick(self) -> None:
        """Fetch the keys, and use them for 30 s."""
        self._documents.append(self._service.jwks(self._worker))

    def check(self, token: str) -> None:
        """Fail unless the token is accepted."""
        keys = jwt.PyJWKSet.from_dict(self._documents[0])
        key = keys[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(token, key, ["ES256"], audience="us", issuer="user", options={"verify_iat": False})


class OtherService:
    """Checks tokens as our services do, under a constant stream of made-up key ids."""

    def __init__(self, service: UserService, clock: Clock) -> None:
        self._keys = RemoteKeys(service, "user", clock)
        self._verifier = TokenVerifier(self._keys, Revoked(), "user", "us", ClockSkew(lambda: int(1000 * clock.now)))

    async def tick(self, number: int) -> None:
        """Look a made-up key id up; refresh the keys when they are due."""
        if number % REFRESH_TICKS == 0:
            await self._keys.refresh()
        try:
            await self._keys.get(MADE_UP)
        except UnknownKey:
            return

    async def check(self, token: str) -> None:
        """Fail unless the token is accepted."""
        await self._verifier.verify(token)


def run(command: str, *arguments: str) -> None:
    """Run ``bin/cli keys``."""
    CliRunner().invoke(app, [command, *arguments], catch_exceptions=False)


async def test_no_token_is_refused_during_a_rotation(tmp_path: Path) -> None:
    """Keys are added, promoted and retired with the waits that the commands print: each token works for 15 minutes."""
    file, clock, real = tmp_path / ".env", Clock(), time.time()
    run("make", str(file))
    service = UserService(file, clock)
    outsiders, other = [Outsider(service, worker) for worker in range(2)], OtherService(service, clock)
    live: deque[list[str]] = deque(maxlen=LIFETIME_S // TICK_S)
    deploying, signed_with = [], set()

    for second in range(0, ENDS_AT, TICK_S):
        clock.now = real + second
        if second in STEPS:
            run(STEPS[second], "tokens", str(file))
            service.deploy(0)
            deploying.append(second + ROLLING_S)
        if second in deploying:
            service.deploy(1)
        live.append([worker.issue(new_id(), new_id(), []) for worker in service.workers])
        signed_with |= {jwt.get_unverified_header(token)["kid"] for token in live[-1]}
        await other.tick(second // TICK_S)
        for outsider in outsiders:
            outsider.tick()
        for token in (*live[0], *live[-1]):
            await other.check(token)
            for outsider in outsiders:
                outsider.check(token)

    assert len(signed_with) == 2
    assert [len(service.jwks(worker)["keys"]) for worker in range(2)] == [1, 1]
