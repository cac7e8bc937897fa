import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from fastapi import FastAPI

from chassis.auth.jwks import REFETCH_S, RETRY_S, RemoteKeys
from chassis.auth.passwords import hash_password, verify_password
from chassis.auth.tokens import Identity, InvalidToken, TokenIssuer, TokenVerifier, UnknownKey, read_jwks
from chassis.dispatch.dispatcher import Dispatcher
from chassis.errors import DeadlineExceeded, ServiceUnavailable
from chassis.ids import new_id
from cli.stack.files import ROOT

ORDERS = "/api/v1/orders"
HASH_AT_ONCE = """
import asyncio
from chassis.auth.passwords import hash_password

async def hash_some():
    await asyncio.gather(*(hash_password("right") for _ in range(4)))

asyncio.run(hash_some())
"""
Claims = dict[str, Any]


def pem(key: EllipticCurvePrivateKey) -> str:
    """A private key as settings have it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


class Forger:
    """
    Makes tokens of every kind.

    Args:
        key: The issuer's own private key, in PEM: also a token it never meant to sign may be signed with it.
    """

    def __init__(self, key: str) -> None:
        loaded = load_pem_private_key(key.encode(), None)
        assert isinstance(loaded, EllipticCurvePrivateKey)
        self.key = loaded
        self.headers = {"kid": TokenIssuer(key, "", "").jwks()["keys"][0]["kid"]}

    @property
    def claims(self) -> Claims:
        """Claims that are accepted."""
        now = int(time.time())
        return {
            "iss": "user", "aud": "sealed-services", "sub": str(new_id()), "iat": now, "exp": now + 60,
            "jti": new_id().hex, "roles": ["user"],
        }  # fmt: skip

    def token(self, **claims: Any) -> str:  # noqa: ANN401 - what a claim may be
        """A token of the issuer with some claims changed, or with None left out."""
        changed = {name: value for name, value in (self.claims | claims).items() if value is not None}
        return jwt.encode(changed, self.key, "ES256", self.headers)

    def with_header(self, **headers: Any) -> str:  # noqa: ANN401 - what a header may be
        """A token of the issuer with a changed header, signed by hand since libraries refuse to."""
        parts = [{"typ": "JWT", "alg": "ES256"} | self.headers | headers, self.claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = jwt.get_algorithm_by_name("ES256").sign(signed.encode(), self.key)
        return f"{signed}.{base64url(signature)}"

    def by_secret(self, secret: bytes) -> str:
        """A token signed with a public text as if it were a shared secret."""
        parts = [{"typ": "JWT", "alg": "HS256"} | self.headers, self.claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def public(self, encoding: Encoding, form: PublicFormat) -> bytes:
        """The public key's bytes."""
        return self.key.public_key().public_bytes(encoding, form)

    def with_other_claims(self) -> str:
        """A valid token's signature under other claims."""
        header, _, signature = self.token().split(".")
        return f"{header}.{base64url(json.dumps(self.claims | {'roles': ['admin']}).encode())}.{signature}"


def base64url(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def without(claim: str) -> Callable[[Forger], str]:
    """A forgery that leaves out a claim."""
    return lambda forger: forger.token(**{claim: None})


FORGERIES: dict[str, Callable[[Forger], str]] = {
    "garbage": lambda _: "garbage",
    "two dots": lambda _: "..",
    "no JSON": lambda _: "e30.e30.AAAA",
    "a header of nothing but brackets": lambda _: f"{base64url(b'[' * 4000)}.e30.AAAA",
    "no algorithm": lambda forger: jwt.encode(forger.claims, "", "none", forger.headers),
    "no signature": lambda forger: f"{forger.token().rpartition('.')[0]}.",
    "other claims under a signature": lambda forger: forger.with_other_claims(),
    "signed by somebody else": lambda forger: jwt.encode(forger.claims, OTHER_KEY, "ES256", forger.headers),
    "HS256 with the PEM": lambda f: f.by_secret(f.public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    "HS256 with the DER": lambda f: f.by_secret(f.public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    "HS256 with the point": lambda f: f.by_secret(f.public(Encoding.X962, PublicFormat.UncompressedPoint)),
    "crit": lambda forger: forger.with_header(crit=["b64"], b64=True),
    "empty crit": lambda forger: forger.with_header(crit=[]),
    "unknown key": lambda forger: forger.with_header(kid="nobody's"),
    "no key id": lambda forger: forger.with_header(kid=None),
    "a list of key ids": lambda forger: forger.with_header(kid=[forger.headers["kid"]]),
    "its own key": lambda f: jwt.encode(
        f.claims, OTHER_KEY, "ES256", {"kid": "mine", "jwk": TokenIssuer(pem(OTHER_KEY), "", "").jwks()["keys"][0]}
    ),
    **{f"no {claim}": without(claim) for claim in ("exp", "aud", "iss", "sub", "jti", "iat", "roles")},
    "another audience": lambda forger: forger.token(aud="others"),
    "another issuer": lambda forger: forger.token(iss="others"),
    "expired": lambda forger: forger.token(exp=int(time.time()) - 1),
    "not yet valid": lambda forger: forger.token(nbf=int(time.time()) + 60),
    "an expiry that is no time": lambda forger: forger.token(exp="never"),
    "roles in one text": lambda forger: forger.token(roles="admin"),
    "roles that are no texts": lambda forger: forger.token(roles=[1]),
    "a subject that is no id": lambda forger: forger.token(sub="ada"),
    "a subject that is no text": lambda forger: forger.token(sub=7),
}


@pytest.fixture
def forger(environment: dict[str, str]) -> Forger:
    """A forger who has the user service's key."""
    return Forger(environment["JWT_PRIVATE_KEY"])


@pytest.fixture(scope="module")
async def orders(environment: dict[str, str], apps: dict[str, FastAPI]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the order service, which gets the keys from the user service."""
    async with httpx.AsyncClient(base_url=environment["ORDER_SERVICE_URL"]) as client:
        yield client


async def ask(orders: httpx.AsyncClient, token: str | None) -> httpx.Response:
    """List the orders of whoever the token speaks for."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return await orders.get(ORDERS, headers=headers)


async def test_a_valid_token_is_accepted(orders: httpx.AsyncClient, forger: Forger) -> None:
    """What another library signs with the issuer's key is accepted, so the forgeries below fail for their fault."""
    assert (await ask(orders, forger.token())).status_code == 200
    assert (await ask(orders, forger.with_header())).status_code == 200


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused_like_a_missing_one(
    orders: httpx.AsyncClient, forger: Forger, forgery: str
) -> None:
    """Whatever is wrong with a token, the answer is the same but for the request's id."""
    missing, refused = await ask(orders, None), await ask(orders, FORGERIES[forgery](forger))

    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.json().pop("request_id") != missing.json().pop("request_id")
    assert refused.json() | {"request_id": ""} == missing.json() | {"request_id": ""}


async def test_an_issued_token_can_be_read_by_others(environment: dict[str, str]) -> None:
    """Another library verifies an issued token with the published key, and it lives for 15 minutes."""
    issuer, person = TokenIssuer(environment["JWT_PRIVATE_KEY"], "user", "sealed-services"), new_id()
    (key,) = jwt.PyJWKSet.from_dict(issuer.jwks()).keys

    token = issuer.issue(person, ["user", "admin"])

    claims = jwt.decode(token, key, ["ES256"], audience="sealed-services", issuer="user")
    assert (claims["sub"], claims["roles"], claims["exp"] - claims["iat"]) == (str(person), ["user", "admin"], 900)
    assert jwt.get_unverified_header(token)["kid"] == key.key_id
    assert await TokenVerifier(issuer, "user", "sealed-services").verify(token) == Identity(
        person, frozenset({"user", "admin"})
    )


async def test_a_token_expires() -> None:
    """A token issued 15 minutes ago is refused; one issued a moment later is not."""
    key = pem(OTHER_KEY)
    verifier = TokenVerifier(TokenIssuer(key, "user", "us"), "user", "us")

    def issued(seconds_ago: float) -> str:
        return TokenIssuer(key, "user", "us", clock=lambda: time.time() - seconds_ago).issue(new_id(), [])

    await verifier.verify(issued(900 - 30))
    with pytest.raises(InvalidToken):
        await verifier.verify(issued(900 + 1))


@pytest.mark.parametrize("key", ["nonsense", pem(ec.generate_private_key(ec.SECP384R1()))], ids=["nonsense", "P-384"])
def test_another_kind_of_key_signs_nothing(key: str) -> None:
    """Only an EC P-256 key is taken for signing."""
    with pytest.raises(Exception, match=r"P-256|PEM|key") as refused:
        TokenIssuer(key, "user", "us")

    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": {}}, "keys", {"keys": [{"kid": "a", "alg": "ES256", "kty": "EC"}]}]
)
def test_what_is_no_key_set_is_refused(document: object) -> None:
    """A malformed key set is told from an empty one."""
    with pytest.raises(ValueError, match="JSON Web Key Set"):
        read_jwks(document)


def test_keys_for_other_uses_are_passed_over() -> None:
    """A key set may hold keys of other algorithms, or without id."""
    (ours,) = TokenIssuer(pem(OTHER_KEY), "", "").jwks()["keys"]

    keys = read_jwks({"keys": [{"kty": "RSA", "alg": "RS256", "kid": "x"}, {"alg": "ES256"}, "nonsense", ours]})

    assert keys.keys() == {ours["kid"]}


class Issuer(Dispatcher):
    """An issuer behind a dispatcher: counts how often it is asked, and fails while *failure* is set."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: Exception | None = None
        self.document: object = None
        self.kid = ""
        self.rotate()

    def rotate(self) -> None:
        """Take a new key."""
        self.document = TokenIssuer(pem(ec.generate_private_key(ec.SECP256R1())), "", "").jwks()
        self.kid = self.document["keys"][0]["kid"]

    async def get(self, service: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        """Give the key set."""
        assert (service, path, options) == ("user", "/.well-known/jwks.json", {"sealed": False})
        self.asked += 1
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        return self.document


class Clock:
    """Stands still until it is set forward."""

    now = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@pytest.fixture
def issuer() -> Issuer:
    """An issuer with one key."""
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> RemoteKeys:
    """The issuer's keys, as another service has them."""
    return RemoteKeys(issuer, "user", clock)


async def is_known(keys: RemoteKeys, key_id: str) -> bool:
    """Whether there is a key of this id."""
    try:
        await keys.get(key_id)
    except UnknownKey:
        return False
    return True


async def test_keys_are_fetched_once(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """Many requests at once, and later ones, fetch the key set a single time."""
    assert all(await asyncio.gather(*(is_known(keys, issuer.kid) for _ in range(20))))
    clock.now += 1000 * REFETCH_S
    assert await is_known(keys, issuer.kid)

    assert issuer.asked == 1


async def test_made_up_key_ids_cost_the_issuer_nothing(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """However many unknown ids come, the key set is fetched at most once in REFETCH_S seconds."""
    await keys.get(issuer.kid)
    clock.now += REFETCH_S

    for _ in range(2):
        assert not any(await asyncio.gather(*(is_known(keys, f"made up {number}") for number in range(20))))
        clock.now += REFETCH_S - 0.1

    assert issuer.asked == 2


async def test_a_new_key_is_found(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """After a rotation the new key is known within REFETCH_S seconds, and the old one no longer."""
    old = issuer.kid
    await keys.get(old)
    issuer.rotate()

    at_once = await is_known(keys, issuer.kid)
    clock.now += REFETCH_S
    later = await is_known(keys, issuer.kid)

    assert (at_once, later) == (False, True)
    assert not await is_known(keys, old)


@pytest.mark.parametrize("failure", [ServiceUnavailable(), DeadlineExceeded(), ValueError("not JSON")], ids=repr)
async def test_keys_are_kept_while_the_issuer_is_down(
    keys: RemoteKeys, issuer: Issuer, clock: Clock, failure: Exception
) -> None:
    """A failed fetch takes no key away, and an unknown id is merely unknown."""
    await keys.get(issuer.kid)
    issuer.failure = failure
    clock.now += REFETCH_S

    assert not await is_known(keys, "made up")
    assert await is_known(keys, issuer.kid)
    assert issuer.asked == 2


@pytest.mark.parametrize("document", [None, {}, {"keys": "none"}])
async def test_a_malformed_key_set_takes_no_key_away(
    keys: RemoteKeys, issuer: Issuer, clock: Clock, document: object
) -> None:
    """Nonsense from the issuer counts like no answer."""
    await keys.get(issuer.kid)
    issuer.document = document
    clock.now += REFETCH_S

    assert not await is_known(keys, "made up")
    assert await is_known(keys, issuer.kid)


async def test_without_any_key_tokens_cannot_be_checked(keys: RemoteKeys, issuer: Issuer, clock: Clock) -> None:
    """While the key set was never had it is a 503, no 401; a second after the issuer is back it works."""
    issuer.failure = ServiceUnavailable()

    with pytest.raises(ServiceUnavailable, match="user service gives no keys"):
        await keys.get(issuer.kid)

    issuer.failure = None
    clock.now += RETRY_S
    assert await is_known(keys, issuer.kid)


async def test_a_password_is_verified_by_its_hash() -> None:
    """Each hash has a salt of its own; only the right password matches, and nobody's never does."""
    one, two = await hash_password("right"), await hash_password("right")

    assert one != two
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert [await verify_password(password, one) for password in ("right", "wrong", "Right", "")] == [True] + [
        False
    ] * 3
    assert not await verify_password("nobody has this password", None)


def test_the_first_passwords_of_a_process_may_come_at_once() -> None:
    """Several that arrive before the first is hashed are hashed too."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HASH_AT_ONCE], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")
