"""Verifiers of access tokens: PyJWT, and jose for Node."""

import asyncio
import json
from pathlib import Path

import jwt
import pytest

from chassis.core.project import NAME
from tests.support.aliases import MakeUser, People
from tests.support.node import Node
from tests.user.logins import log_in


async def test_pyjwt_verifies_an_access_token(environment: dict[str, str], people: People, make_user: MakeUser) -> None:
    """With the published keys; a token whose claims were changed is refused."""
    ada = await make_user("ada")
    token = (await log_in(people))["access_token"]
    keys = jwt.PyJWKClient(f"{environment['USER_SERVICE_URL']}/.well-known/jwks.json")

    def verify(sent: str) -> dict[str, object]:
        key = keys.get_signing_key_from_jwt(sent)
        return jwt.decode(sent, key, ["ES256"], audience=NAME, issuer=environment["JWT_ISSUER"])

    claims = await asyncio.to_thread(verify, token)

    assert (claims["sub"], claims["roles"]) == (str(ada.id), ["user"])
    header, _, signature = token.split(".")
    other = jwt.encode(claims | {"roles": ["admin"]}, "x" * 32).split(".")[1]
    with pytest.raises(jwt.InvalidSignatureError):
        await asyncio.to_thread(verify, f"{header}.{other}.{signature}")


@pytest.mark.long
async def test_jose_verifies_an_access_token(
    environment: dict[str, str], people: People, make_user: MakeUser, node: Node
) -> None:
    """With the published keys; a token whose claims were changed is refused."""
    ada = await make_user("ada")
    token = (await log_in(people))["access_token"]
    program = Path(__file__).parent / "programs" / "jose_verify.mjs"

    printed = await node.script(program, environment["USER_SERVICE_URL"], environment["JWT_ISSUER"], NAME, token)

    verified = json.loads(printed)
    assert (verified["claims"]["sub"], verified["claims"]["roles"]) == (str(ada.id), ["user"])
    assert verified["refusal"] == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"
