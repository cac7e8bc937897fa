"""Tokens as an attacker would forge them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from chassis.core.project import NAME
from chassis.core.types import new_id
from tests.chassis.auth.issuer import pem
from user.tokens.issuer import TokenIssuer

Claims = dict[str, Any]
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


class Forger:
    """
    Forges tokens of every kind.

    Args:
        key: The issuer's own private key, in PEM: it also signs forgeries that the issuer would never sign.
    """

    def __init__(self, key: str, issuer: str = "user") -> None:
        self._issuer = issuer
        loaded = load_pem_private_key(key.encode(), None)
        assert isinstance(loaded, EllipticCurvePrivateKey)
        self.key = loaded
        self.headers = {"kid": TokenIssuer(key, "", "").jwks()["keys"][0]["kid"]}

    @property
    def claims(self) -> Claims:
        """Return claims that are accepted."""
        now = int(time.time())
        return {
            "iss": self._issuer, "aud": NAME, "sub": str(new_id()), "iat": now, "exp": now + 60,
            "jti": new_id().hex, "sid": str(new_id()), "roles": ["user"],
        }  # fmt: skip

    def token(self, **claims: Any) -> str:  # noqa: ANN401 - what a claim may be
        """Sign a token with the issuer's key, with some claims changed, or left out where the value is None."""
        changed = {name: value for name, value in (self.claims | claims).items() if value is not None}
        return jwt.encode(changed, self.key, "ES256", self.headers)

    def with_header(self, **headers: Any) -> str:  # noqa: ANN401 - what a header may be
        """Sign a token with a changed header, by hand since libraries refuse to."""
        parts = [{"typ": "JWT", "alg": "ES256"} | self.headers | headers, self.claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = jwt.get_algorithm_by_name("ES256").sign(signed.encode(), self.key)
        return f"{signed}.{base64url(signature)}"

    def saying(self, payload: str) -> str:
        """Sign a token with this text as its claims, which no library would write."""
        parts = [json.dumps({"typ": "JWT", "alg": "ES256"} | self.headers), payload]
        signed = ".".join(base64url(part.encode()) for part in parts)
        signature = jwt.get_algorithm_by_name("ES256").sign(signed.encode(), self.key)
        return f"{signed}.{base64url(signature)}"

    def writing(self, claim: str, value: str) -> str:
        """Sign a token in which the value of one claim is written literally."""
        claims = {name: json.dumps(held) for name, held in self.claims.items()} | {claim: value}
        return self.saying("{" + ",".join(f'"{name}":{held}' for name, held in claims.items()) + "}")

    def by_secret(self, secret: bytes) -> str:
        """Sign a token with a public text as the shared secret."""
        parts = [{"typ": "JWT", "alg": "HS256"} | self.headers, self.claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def public(self, encoding: Encoding, form: PublicFormat) -> bytes:
        """Return the public key's bytes."""
        return self.key.public_key().public_bytes(encoding, form)

    def with_other_claims(self) -> str:
        """Return other claims under a valid token's signature."""
        header, _, signature = self.token().split(".")
        return f"{header}.{base64url(json.dumps(self.claims | {'roles': ['admin']}).encode())}.{signature}"


def base64url(raw: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def without(claim: str) -> Callable[[Forger], str]:
    """Sign a token without one claim."""
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
    **{f"no {claim}": without(claim) for claim in ("exp", "aud", "iss", "sub", "jti", "iat", "sid", "roles")},
    "another audience": lambda forger: forger.token(aud="others"),
    "another issuer": lambda forger: forger.token(iss="others"),
    "expired": lambda forger: forger.token(exp=int(time.time()) - 1),
    "not yet valid": lambda forger: forger.token(nbf=int(time.time()) + 60),
    "an expiry that is no time": lambda forger: forger.token(exp="never"),
    "roles in one text": lambda forger: forger.token(roles="admin"),
    "roles that are no texts": lambda forger: forger.token(roles=[1]),
    "a subject that is no id": lambda forger: forger.token(sub="ada"),
    "a subject that is no text": lambda forger: forger.token(sub=7),
    "a sid that is no id": lambda forger: forger.token(sid="ada"),
    "a sid that is no text": lambda forger: forger.token(sid=7),
    "issued in a minute": lambda forger: forger.token(iat=int(time.time()) + 60, exp=int(time.time()) + 120),
    "issued in an hour": lambda forger: forger.token(iat=int(time.time()) + 3600, exp=int(time.time()) + 3660),
    "valid for longer than any token": lambda forger: forger.token(exp=int(time.time()) + 86_400),
    "claims that are a list": lambda forger: forger.saying("[]"),
    "claims that are no JSON": lambda forger: forger.saying("{"),
    "claims nested 2000 deep": lambda forger: forger.writing("more", "[" * 2000 + "]" * 2000),
    "a header nested 2000 deep": lambda _: f"{base64url(b'[' * 2000 + b']' * 2000)}.e30.AAAA",
    "a claim twice": lambda forger: forger.writing("more", '1,"sub":"' + str(new_id()) + '"'),
    "an audience among others": lambda forger: forger.token(aud=[NAME, "others"]),
    "a long jti": lambda forger: forger.token(jti="a" * 65),
    "an empty jti": lambda forger: forger.token(jti=""),
    "a jti with a control character": lambda forger: forger.token(jti="a\nb"),
    "a subject in braces": lambda forger: forger.token(sub=f"{{{new_id()}}}"),
    "a subject without hyphens": lambda forger: forger.token(sub=new_id().hex),
    "a sid with a line's end": lambda forger: forger.token(sid=f"{new_id()}\n"),
    "many roles": lambda forger: forger.token(roles=["user"] * 17),
    "a long role": lambda forger: forger.token(roles=["a" * 33]),
    "a role with a control character": lambda forger: forger.token(roles=["admin\0"]),
    "over 4 KiB": lambda forger: forger.token(more="a" * 4096),
    **{
        f"{claim} is {value}": partial(Forger.writing, claim=claim, value=value)
        for claim in ("exp", "iat", "nbf")
        for value in ("null", "Infinity", "-Infinity", "NaN", "1e400", "1.5e9", "true", '"4102444800"', "[]", "9" * 400)
    },
    **{
        f"{claim} is {value}": partial(Forger.writing, claim=claim, value=value)
        for claim in ("iss", "aud", "sub", "sid", "jti", "roles")
        for value in ("null", "Infinity", "7", "{}", r'"\ud800"', r'"\u0000"')
    },
    **{
        f"a key id that is {kid!r}": partial(Forger.with_header, kid=kid)
        for kid in ("", "a" * 65, "a\nb", "é", 7, True)
    },
}
