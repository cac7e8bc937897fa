"""The signature of a token is verified once; everything else about it is checked on each use."""

from collections.abc import Callable
from uuid import UUID

import pytest

from chassis.auth import tokens
from chassis.auth.signatures import Key, verify
from chassis.auth.tokens import InvalidToken, TokenVerifier, UnknownKey
from chassis.core.clock import ClockSkew, unix_ms
from chassis.core.types import new_id
from tests.chassis.auth.issuer import make_key
from user.tokens.issuer import TokenIssuer

ISSUER = TokenIssuer(make_key(), "user", "us")


class Keys:
    """The issuer's keys, until they are removed."""

    def __init__(self) -> None:
        self.removed = False

    async def get(self, key_id: str) -> Key:
        """Return a key."""
        if self.removed:
            raise UnknownKey
        return await ISSUER.get(key_id)


class Revoked(set[UUID]):
    """Revoked sessions."""

    async def is_revoked(self, session_id: UUID) -> bool:
        """Whether it is one of them."""
        return session_id in self


class Verifying:
    """A verifier, what it depends on, and how many signatures it has verified."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys, self.revoked, self.ahead_ms, self.signatures = Keys(), Revoked(), 0, 0
        skew = ClockSkew(lambda: unix_ms() + self.ahead_ms)
        self.verifier = TokenVerifier(self.keys, self.revoked, "user", "us", skew)

        def count(token: str, key: Key) -> bytes:
            self.signatures += 1
            return verify(token, key)

        monkeypatch.setattr(tokens, "verify", count)


@pytest.fixture
def verifying(monkeypatch: pytest.MonkeyPatch) -> Verifying:
    """A verifier of tokens."""
    return Verifying(monkeypatch)


async def test_the_signature_of_a_token_is_verified_once(verifying: Verifying) -> None:
    """The second use returns the same person; another token of the session is verified by itself."""
    session = new_id()
    one, other = (ISSUER.issue(new_id(), session, ["user"]) for _ in range(2))

    assert await verifying.verifier.verify(one) == await verifying.verifier.verify(one)
    assert verifying.signatures == 1
    assert await verifying.verifier.verify(other) != await verifying.verifier.verify(one)
    assert verifying.signatures == 2


def _remove_key(verifying: Verifying, _session: UUID) -> None:
    verifying.keys.removed = True


def _revoke(verifying: Verifying, session: UUID) -> None:
    verifying.revoked.add(session)


def _expire(verifying: Verifying, _session: UUID) -> None:
    verifying.ahead_ms = tokens.LIFETIME_S * 1000


@pytest.mark.parametrize("end", [_remove_key, _revoke, _expire])
async def test_a_remembered_token_ends_like_any_other(
    verifying: Verifying, end: Callable[[Verifying, UUID], None]
) -> None:
    """A token is refused once its key is removed, its session is revoked or its time is over."""
    session = new_id()
    token = ISSUER.issue(new_id(), session, ["user"])
    await verifying.verifier.verify(token)

    end(verifying, session)

    with pytest.raises(InvalidToken):
        await verifying.verifier.verify(token)


async def test_an_altered_token_is_not_the_remembered_one(verifying: Verifying) -> None:
    """Neither another signature below the same claims, nor other claims above the same signature, is accepted."""
    token, foreign = (ISSUER.issue(new_id(), new_id(), [role]) for role in ("user", "admin"))
    await verifying.verifier.verify(token)
    (header, claims, signature), (_, admin, other) = token.split("."), foreign.split(".")

    for altered in (f"{header}.{claims}.{other}", f"{header}.{admin}.{signature}"):
        with pytest.raises(InvalidToken):
            await verifying.verifier.verify(altered)


async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    verifying: Verifying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new token takes the place of the oldest, which is then verified again."""
    monkeypatch.setattr(tokens, "REMEMBERED", 2)
    issued = [ISSUER.issue(new_id(), new_id(), []) for _ in range(3)]

    for token in (*issued, issued[2], issued[1], issued[0]):
        await verifying.verifier.verify(token)

    assert verifying.signatures == 4
