import pytest

from chassis.sealing.access import CLIENT, Access, encrypted, optional, public, service

STRICT_WITHOUT, STRICT_WITH, LAX_WITHOUT, LAX_WITH = (True, False), (True, True), (False, False), (False, True)
"""Whether the service is strict, and whether the request has an ``Authorization`` header."""
ALWAYS = {STRICT_WITHOUT, STRICT_WITH, LAX_WITHOUT, LAX_WITH}
MODES: dict[str, tuple[Access, set[tuple[bool, bool]], set[str]]] = {
    "service": (service(), ALWAYS, {"order", "user"}),
    "service of one": (service("order"), ALWAYS, {"order"}),
    "encrypted": (encrypted(), {STRICT_WITHOUT, STRICT_WITH}, {"order", "user", CLIENT}),
    "encrypted or authorization": (
        encrypted(or_authorization=True),
        {STRICT_WITHOUT},
        {"order", "user", CLIENT},
    ),
    "optional": (optional(), set(), {"order", "user", CLIENT}),
    "public": (public(), set(), {"order", "user", CLIENT}),
}
"""Access -> the plain requests that it refuses, and the peers that may call."""


@pytest.mark.parametrize(("access", "refused", "_callers"), MODES.values(), ids=MODES)
def test_a_mode_says_which_plain_requests_are_refused(
    access: Access, refused: set[tuple[bool, bool]], _callers: set[str]
) -> None:
    """Whether a plain request is refused depends on the service's strictness and for one mode on ``Authorization``."""
    needed = {(strict, has) for strict, has in ALWAYS if access.needs_seal(strict=strict, has_authorization=has)}

    assert needed == refused


@pytest.mark.parametrize(("access", "_refused", "callers"), MODES.values(), ids=MODES)
def test_a_mode_says_which_peers_may_call(access: Access, _refused: set[tuple[bool, bool]], callers: set[str]) -> None:
    """Every linked peer may call unless some are named; a route of mode ``service`` refuses the outside client."""
    assert {peer for peer in ("order", "user", CLIENT) if access.allows(peer)} == callers


def test_a_setting_lets_plain_requests_in() -> None:
    """Only the one that the route names, and only where it is true."""
    access = encrypted(plain_if="open")
    true = [(), ("other",), ("open", "other")]

    needed = [access.needs_seal(strict=True, has_authorization=False, settings=settings) for settings in true]

    assert needed == [True, True, False]
