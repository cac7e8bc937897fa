"""An issuer of tokens behind a dispatcher: a test rotates its keys, breaks it and counts its calls."""

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
    """Return a private key as the settings hold it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def make_key() -> str:
    """Make a new private key, as the settings hold it."""
    return pem(ec.generate_private_key(ec.SECP256R1()))


class Revoked:
    """Holds revoked sessions, or fails the look-up."""

    def __init__(self, *sessions: UUID, failure: Exception | None = None) -> None:
        self._sessions = sessions
        self._failure = failure

    async def is_revoked(self, session_id: UUID) -> bool:
        """Look a session up."""
        if self._failure:
            raise self._failure
        return session_id in self._sessions


class Issuer(Dispatcher):
    """
    Answers the calls that services make to the user service about tokens.

    Attributes:
        asked: The number of calls it received.
        failure: Raised instead of an answer, while it is set.
        document: The key set.
        kid: The id of its key.
        revoked: The revocations that it returns.
        since: The ``since`` of the latest call for revocations.
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
        """Replace the key."""
        self.document = TokenIssuer(make_key(), "", "").jwks()
        self.kid = self.document["keys"][0]["kid"]

    def revoke(self, *sessions: UUID, until: str = UNTIL) -> None:
        """Return these sessions as revoked from the next call on."""
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
    """A clock that stands still until a test sets it forward."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now
