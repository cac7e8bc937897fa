"""An issuer of tokens behind a dispatcher, which a test rotates, breaks and counts the questions of."""

import asyncio
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chassis.core.json import dumps
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transport import Answer
from user.tokens.issuer import TokenIssuer

UNTIL = "2026-11-21T12:00:00.123456Z"


def pem(key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    """A private key as settings have it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def make_key() -> str:
    """A new private key as settings have it."""
    return pem(ec.generate_private_key(ec.SECP256R1()))


class Revoked:
    """Knows these sessions as revoked, or fails to know."""

    def __init__(self, *sessions: UUID, failure: Exception | None = None) -> None:
        self._sessions = sessions
        self._failure = failure

    async def is_revoked(self, session_id: UUID) -> bool:
        """Look it up."""
        if self._failure:
            raise self._failure
        return session_id in self._sessions


class Issuer(Dispatcher):
    """
    Answers what services ask the user service about tokens.

    Attributes:
        asked: How often it was asked.
        failure: Raised instead of an answer, while it is set.
        document: The key set.
        kid: The id of its key.
        revoked: What it answers about revocations.
        since: What it was asked about them last.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.failure: Exception | None = None
        self.document: object = None
        self.kid = ""
        self.revoked: object = {"sessions": [], "until": UNTIL}
        self.since: list[object] = []
        self.rotate()

    def rotate(self) -> None:
        """Take a new key."""
        self.document = TokenIssuer(make_key(), "", "").jwks()
        self.kid = self.document["keys"][0]["kid"]

    def revoke(self, *sessions: UUID, until: str = UNTIL) -> None:
        """Answer these sessions the next time."""
        self.revoked = {"sessions": [str(session) for session in sessions], "until": until}

    async def call(self, call: Call[Any, Any], body: object = None, **options: Any) -> Any:  # noqa: ANN401, ARG002 - as the real one
        """Answer with the key set or the revocations."""
        assert call.service == "user"
        self.asked += 1
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        if call.path == "/.well-known/jwks.json":
            assert not call.sealed
            return call.decode(Answer(200, {}, dumps(self.document)))
        assert call.path == "/api/v1/users/revocations"
        self.since.append(options["query"])
        return call.decode(Answer(200, {}, dumps(self.revoked)))


class Clock:
    """Stands still until it is set forward."""

    now = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now
