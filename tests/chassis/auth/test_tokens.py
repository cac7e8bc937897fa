import asyncio
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from fastapi import FastAPI
from prometheus_client import REGISTRY
from pydantic import SecretStr, TypeAdapter

from chassis.application import own_part
from chassis.auth.tokens import Identity, InvalidToken, TokenVerifier, UnknownKey, read_jwks
from chassis.core.clock import ClockSkew
from chassis.core.errors import ServiceUnavailable
from chassis.core.project import NAME
from chassis.core.types import new_id
from tests.chassis.auth.forger import Forger
from tests.chassis.auth.issuer import Revoked, make_key, pem
from user.dependencies import Parts
from user.tokens.issuer import TokenIssuer
from user.tokens.signing_keys import SigningKeys

FIRST, SECOND = make_key(), make_key()
WRONG_KEYS = {
    "nothing": "",
    "nonsense": "nonsense",
    "a public key": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
    "P-384": pem(ec.generate_private_key(ec.SECP384R1())),
    "Ed25519": pem(ed25519.Ed25519PrivateKey.generate()),
    "a password": ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
    .decode(),
    "P-384 second": FIRST + pem(ec.generate_private_key(ec.SECP384R1())),
    "half a key second": FIRST + SECOND[: len(SECOND) // 2],
    "nonsense second": FIRST + "nonsense",
    "the same twice": FIRST + SECOND + FIRST,
}


def kids(issuer: TokenIssuer) -> list[str]:
    """Return the ids of the published keys."""
    return [key["kid"] for key in issuer.jwks()["keys"]]


async def test_an_issued_token_is_accepted() -> None:
    """A token issued for a session carries its person, session and roles."""
    issuer, person, session = TokenIssuer(FIRST, "user", "us"), new_id(), new_id()

    identity = await TokenVerifier(issuer, Revoked(), "user", "us", ClockSkew()).verify(
        issuer.issue(person, session, ["admin"])
    )

    assert identity == Identity(person, session, frozenset({"admin"}))


async def test_an_issued_token_can_be_read_by_others(environment: dict[str, str], apps: dict[str, FastAPI]) -> None:
    """Another library that knows the address of the key set verifies an issued token; it lives for 15 minutes."""
    issuer = own_part(apps["user"], Parts).issuer
    person, session = new_id(), new_id()
    token = issuer.issue(person, session, ["user", "admin"])
    outsider = jwt.PyJWKClient(f"{environment['USER_SERVICE_URL']}/.well-known/jwks.json")

    key = await asyncio.to_thread(outsider.get_signing_key_from_jwt, token)

    claims = jwt.decode(token, key, ["ES256"], audience=NAME, issuer=environment["JWT_ISSUER"])
    assert (claims["sub"], claims["sid"], claims["roles"]) == (str(person), str(session), ["user", "admin"])
    assert claims["exp"] - claims["iat"] == 900


async def test_a_token_expires() -> None:
    """A token issued 15 minutes ago is refused; one issued a moment later is not."""
    verifier = TokenVerifier(TokenIssuer(FIRST, "user", "us"), Revoked(), "user", "us", ClockSkew())

    def issued(seconds_ago: float) -> str:
        issuer = TokenIssuer(FIRST, "user", "us", clock=lambda: time.time() - seconds_ago)
        return issuer.issue(new_id(), new_id(), [])

    await verifier.verify(issued(900 - 30))
    with pytest.raises(InvalidToken):
        await verifier.verify(issued(900 + 1))


async def test_a_token_of_a_revoked_session_is_refused() -> None:
    """The revocation of a session ends its tokens, and no other's."""
    issuer, session = TokenIssuer(FIRST, "user", "us"), new_id()
    verifier = TokenVerifier(issuer, Revoked(session), "user", "us", ClockSkew())

    await verifier.verify(issuer.issue(new_id(), new_id(), []))
    with pytest.raises(InvalidToken):
        await verifier.verify(issuer.issue(new_id(), session, []))


async def test_a_token_is_not_accepted_unasked() -> None:
    """While the revocations are unknown, a token is answered 503."""
    issuer, session = TokenIssuer(FIRST, "user", "us"), new_id()
    verifier = TokenVerifier(issuer, Revoked(failure=ServiceUnavailable()), "user", "us", ClockSkew())

    with pytest.raises(ServiceUnavailable):
        await verifier.verify(issuer.issue(new_id(), session, []))


async def test_the_first_key_signs_and_all_are_accepted() -> None:
    """Of several keys one signs; tokens of each are accepted, and each is published."""
    first, both = TokenIssuer(FIRST, "user", "us"), TokenIssuer(SECOND + FIRST, "user", "us")
    verifier = TokenVerifier(both, Revoked(), "user", "us", ClockSkew())
    token = both.issue(new_id(), new_id(), [])

    await verifier.verify(token)
    await verifier.verify(first.issue(new_id(), new_id(), []))

    assert jwt.get_unverified_header(token)["kid"] == kids(both)[0]
    assert kids(both)[1:] == kids(first)
    with pytest.raises(UnknownKey):
        await first.get(kids(both)[0])


@pytest.mark.parametrize("between", ["", "\n", "\r\n \r\n", "\nk2\n"], ids=repr)
def test_text_between_keys_is_none_of_them(between: str) -> None:
    """The keys of a setting may be adjacent, or separated by blank lines or a line of text."""
    assert len(kids(TokenIssuer(between + FIRST.strip() + between + SECOND.strip(), "", ""))) == 2


def test_a_setting_of_keys_is_checked_and_kept() -> None:
    """A service does not start with keys that it could not sign with; valid keys are kept unchanged."""
    setting = TypeAdapter[SecretStr](SigningKeys)

    assert setting.validate_python(FIRST).get_secret_value() == FIRST
    with pytest.raises(ValueError, match="JWT_PRIVATE_KEY holds the same key twice"):
        setting.validate_python(FIRST + FIRST)


@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_only_different_p256_keys_are_taken(wrong: str) -> None:
    """Any other key is refused with the name of the variable and none of its content."""
    with pytest.raises(ValueError, match="JWT_PRIVATE_KEY") as refused:
        TokenIssuer(WRONG_KEYS[wrong], "user", "us")

    lines = [line for line in WRONG_KEYS[wrong].splitlines() if line and not line.startswith("-----")]
    assert not any(line in str(refused.value) for line in lines)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": {}}, "keys", {"keys": [{"kid": "a", "alg": "ES256", "kty": "EC"}]}]
)
def test_what_is_no_key_set_is_refused(document: object) -> None:
    """A malformed key set is distinguished from an empty one."""
    with pytest.raises(ValueError, match="JSON Web Key Set"):
        read_jwks(document)


def test_keys_for_other_uses_are_passed_over() -> None:
    """A key set may contain keys of other algorithms, or without an id."""
    (ours,) = TokenIssuer(FIRST, "", "").jwks()["keys"]

    keys = read_jwks({"keys": [{"kty": "RSA", "alg": "RS256", "kid": "x"}, {"alg": "ES256"}, "nonsense", ours]})

    assert keys.keys() == {ours["kid"]}


NOW = 1_800_000_000


def at(clock: float) -> TokenVerifier:
    """Return a verifier at this time."""
    return TokenVerifier(
        TokenIssuer(FIRST, "user", "us"), Revoked(), "user", "us", ClockSkew(lambda: int(1000 * clock))
    )


def forged(**claims: object) -> str:
    """Return a token that the issuer could have signed at NOW."""
    now = {"iss": "user", "aud": "us", "iat": NOW, "exp": NOW + 900}
    return Forger(FIRST).token(**{**now, **claims})


@pytest.mark.parametrize(
    ("claims", "now", "is_taken"),
    [
        ({}, NOW, True),
        ({}, NOW + 899.999, True),
        ({}, NOW + 900, False),
        ({}, NOW - 5, True),
        ({}, NOW - 5.001, False),
        ({"nbf": NOW + 5}, NOW, True),
        ({"nbf": NOW + 6}, NOW, False),
        ({"exp": NOW + 901}, NOW, False),
        ({"exp": NOW}, NOW - 1, False),
        ({"roles": []}, NOW, True),
        ({"roles": ["a" * 32] * 16}, NOW, True),
        ({"jti": "a" * 64}, NOW, True),
        ({"more": {"of": "this"}}, NOW, True),
        ({"iss": "User"}, NOW, False),
        ({"aud": "u"}, NOW, False),
    ],
)
async def test_the_bounds_of_a_token(claims: dict[str, object], now: float, *, is_taken: bool) -> None:
    """The bounds of each claim hold to the millisecond and to the character."""
    try:
        await at(now).verify(forged(**claims))
    except InvalidToken:
        assert not is_taken
    else:
        assert is_taken


async def test_a_token_from_the_future_is_told_of() -> None:
    """A token from the future is logged and counted, with the issuer whose clock is ahead and by how much."""
    labels = {"issuer": "user"}
    before = REGISTRY.get_sample_value("clock_refusals_total", labels) or 0.0

    with pytest.raises(InvalidToken):
        await at(NOW - 60).verify(forged())

    assert REGISTRY.get_sample_value("clock_refusals_total", labels) == before + 1


@pytest.mark.parametrize(
    "wrong",
    [{"x": 7}, {"y": None}, {"x": "A" * 42}, {"x": "A" * 43}, {"crv": "P-384"}, {"kty": "RSA"}, {"kid": ""}, {"kid": 7},
     {"kid": "a" * 65}, {"kid": "a\nb"}],
    ids=repr,
)  # fmt: skip
def test_a_key_that_is_none_spoils_the_set(wrong: dict[str, object]) -> None:
    """A malformed key for our use is an error of the issuer, and raises no exception of a library."""
    (ours,) = TokenIssuer(FIRST, "", "").jwks()["keys"]

    with pytest.raises(ValueError, match="JSON Web Key Set"):
        read_jwks({"keys": [ours | wrong]})


async def test_a_token_has_at_most_4_kib() -> None:
    """A token of 4 KiB is accepted whatever it contains; a longer one is refused."""
    tokens = [forged(more="a" * size) for size in range(2600, 2900)]
    fits = max((token for token in tokens if len(token) <= 4096), key=len)
    too_long = min((token for token in tokens if len(token) > 4096), key=len)

    assert len(fits) >= 4095
    await at(NOW).verify(fits)
    with pytest.raises(InvalidToken):
        await at(NOW).verify(too_long)
