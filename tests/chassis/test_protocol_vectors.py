import json
from pathlib import Path
from typing import Any

import pytest

from chassis.sealing.envelope import Envelope, Refused, SealedRequest, Target
from chassis.sealing.keys import KeyRing, Link

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "protocol-vectors.json").read_text())
VECTORS = pytest.mark.parametrize("vector", DOCUMENT["vectors"], ids=lambda vector: vector["name"])


def envelopes(clock_ms: int) -> tuple[Envelope, Envelope]:
    """The caller and callee of the vectors, at a fixed time."""
    there = KeyRing(((DOCUMENT["key_id"], DOCUMENT["key_order_to_product"]),))
    back = KeyRing(((DOCUMENT["key_id"], DOCUMENT["key_product_to_order"]),))
    caller = Envelope(DOCUMENT["caller"], {DOCUMENT["callee"]: Link(there, back)}, lambda: clock_ms)
    callee = Envelope(DOCUMENT["callee"], {DOCUMENT["caller"]: Link(back, there)}, lambda: clock_ms)
    return caller, callee


@VECTORS
def test_the_documented_request_opens(vector: dict[str, Any]) -> None:
    """A request with exactly these bytes is opened, and its digest is the documented one."""
    request, plaintext = vector["request"], json.loads(vector["request"]["plaintext"])
    target = Target(request["method"], request["path"], request["query"])
    _, callee = envelopes(DOCUMENT["clock_ms"])

    opened = callee.open_request(DOCUMENT["caller"], DOCUMENT["key_id"], request["token"].encode(), target)

    assert (opened.headers, opened.body.decode()) == (plaintext["h"], plaintext["b"])
    assert (opened.request_id, opened.digest) == (plaintext["rid"], request["digest"])


@VECTORS
def test_the_documented_response_opens(vector: dict[str, Any]) -> None:
    """The answer opens for the request it answers."""
    caller, _ = envelopes(DOCUMENT["clock_ms"])
    sent = sealed_request(vector)
    plaintext = json.loads(vector["response"]["plaintext"])

    opened = caller.open_response(sent, DOCUMENT["key_id"], vector["response"]["token"].encode(), plaintext["st"])

    assert (opened.status, opened.body.decode()) == (plaintext["st"], plaintext["b"])


def test_the_answer_to_another_request_is_refused() -> None:
    """Each documented answer is refused for the other request."""
    caller, _ = envelopes(DOCUMENT["clock_ms"])
    first, second = DOCUMENT["vectors"]

    with pytest.raises(Refused, match="another"):
        caller.open_response(
            sealed_request(first),
            DOCUMENT["key_id"],
            second["response"]["token"].encode(),
            second["response"]["status"],
        )


def sealed_request(vector: dict[str, Any]) -> SealedRequest:
    """The request of a vector as its sender remembers it."""
    request, plaintext = vector["request"], json.loads(vector["request"]["plaintext"])
    return SealedRequest(
        DOCUMENT["callee"], DOCUMENT["key_id"], plaintext["rid"], request["digest"], request["token"].encode()
    )
