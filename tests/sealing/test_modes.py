import pytest
from fastapi.dependencies.utils import get_dependant

from chassis.sealing.access import (
    bodies,
    encrypted,
    encrypted_or_keyed,
    optional,
    policy_of,
    public,
    repeatable,
    service,
    unrepeatable,
)
from chassis.sealing.replay import claims_request
from chassis.web.routing import has_mark

STRICT_WITHOUT_KEY, STRICT_WITH_KEY, LAX_WITHOUT_KEY, LAX_WITH_KEY = (
    (True, False),
    (True, True),
    (False, False),
    (False, True),
)
ALWAYS = {STRICT_WITHOUT_KEY, STRICT_WITH_KEY, LAX_WITHOUT_KEY, LAX_WITH_KEY}
DECLARATIONS = {
    "service": service(),
    "service of one": service("order"),
    "encrypted": encrypted,
    "encrypted or keyed": encrypted_or_keyed,
    "optional": optional,
    "public": public,
}
NEED_SEAL = {
    "service": ALWAYS,
    "service of one": ALWAYS,
    "encrypted": {STRICT_WITHOUT_KEY, STRICT_WITH_KEY},
    "encrypted or keyed": {STRICT_WITHOUT_KEY},
}


async def endpoint() -> None:
    """Answer nothing."""


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_mode_says_which_plain_requests_are_refused(name: str) -> None:
    """It depends on the service's strictness, and for one mode on the ``Authorization`` header."""
    policy = policy_of(DECLARATIONS[name](endpoint))

    needed = {(strict, has_key) for strict, has_key in ALWAYS if policy.needs_seal(strict=strict, has_key=has_key)}
    assert needed == NEED_SEAL.get(name, set())


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_mode_says_which_peers_may_call(name: str) -> None:
    """Every linked one, unless some are named."""
    policy = policy_of(DECLARATIONS[name](endpoint))

    assert [policy.allows(peer) for peer in ("order", "client")] == [True, name != "service of one"]


def test_what_stands_above_a_mode_adds_to_it() -> None:
    """A cap, gzip, and what a repetition does; nothing of it is there undeclared."""
    plain = policy_of(encrypted(endpoint))
    capped = policy_of(bodies(10)(encrypted(endpoint)))
    packed = policy_of(bodies(10, gzip=True)(repeatable(service("order")(endpoint))))

    assert (plain.max_body, plain.takes_gzip, plain.is_repeatable) == (None, False, None)
    assert (capped.mode, capped.max_body, capped.takes_gzip, capped.is_keyed) == ("encrypted", 10, False, False)
    assert (packed.mode, packed.max_body, packed.takes_gzip, packed.is_repeatable) == ("service", 10, True, True)
    assert packed.callers == {"order"}
    assert policy_of(unrepeatable(optional(endpoint))).is_repeatable is False


def test_a_dependency_that_claims_is_marked() -> None:
    """A route knows it, and leaves the claim of its sealed requests to it."""
    marked = claims_request(lambda: None)

    assert has_mark(get_dependant(path="/", call=marked), "claims_request")
    assert not has_mark(get_dependant(path="/", call=endpoint), "claims_request")
