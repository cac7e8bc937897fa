from dataclasses import dataclass
from threading import get_ident

import pytest

from chassis.sealing.envelope import Envelope, NotFromNow, OpenedRequest, Refused, SealedRequest, Target, offload
from chassis.sealing.keys import load_links
from tests.sealing.messages import Forge, as_setting, make_keys

TARGET = Target("POST", "/things", "a=1")
KEYS = make_keys("order", "user", "tiny")


@dataclass(slots=True)
class Clock:
    """A clock that a test moves."""

    now_ms: int = 1_800_000_000_000

    def __call__(self) -> int:
        """Return the time."""
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    """The clock that all services share."""
    return Clock()


def envelope(service: str, clock: Clock) -> Envelope:
    """Return the envelope of a service."""
    keys = {name: ring for name, ring in KEYS.items() if service.upper() in name.split("__")}
    return Envelope(service, load_links(service, as_setting(keys), set()), clock)


def ask(clock: Clock) -> tuple[SealedRequest, OpenedRequest]:
    """Seal a request of the order service, and open it as the tiny service."""
    sealed = envelope("order", clock).seal_request("tiny", TARGET, {}, b"body")
    return sealed, envelope("tiny", clock).open_request("order", "k1", sealed.token, TARGET)


@pytest.mark.parametrize(("passed_ms", "is_taken"), [(30_000, True), (30_001, False), (-5_000, True), (-5_001, False)])
def test_a_request_is_taken_for_30_s(clock: Clock, passed_ms: int, *, is_taken: bool) -> None:
    """A request may be 30 s old, or 5 s ahead of the receiver's clock, and not a millisecond more."""
    sealed = envelope("order", clock).seal_request("tiny", TARGET, {}, b"")

    clock.now_ms += passed_ms

    try:
        envelope("tiny", clock).open_request("order", "k1", sealed.token, TARGET)
    except Refused:
        assert not is_taken
    else:
        assert is_taken


@pytest.mark.parametrize(("passed_ms", "is_taken"), [(30_000, True), (30_001, False), (-5_000, True), (-5_001, False)])
def test_a_response_is_taken_for_30_s(clock: Clock, passed_ms: int, *, is_taken: bool) -> None:
    """A response has the same bounds."""
    sealed, opened = ask(clock)
    key_id, token = envelope("tiny", clock).seal_response(opened, 200, {}, b"")

    clock.now_ms += passed_ms

    try:
        envelope("order", clock).open_response(sealed, key_id, token, 200)
    except Refused:
        assert not is_taken
    else:
        assert is_taken


@pytest.mark.parametrize(
    ("sealed_ms", "kind"), [(-1, Refused), (0, NotFromNow), (2**53, NotFromNow), (2**53 + 1, Refused)]
)
def test_a_time_that_is_none_says_nothing_of_clocks(clock: Clock, sealed_ms: int, kind: type[Refused]) -> None:
    """A time before 1970, or a number that some languages cannot hold, is malformed and not a clock difference."""
    wire = Forge("order", "tiny", KEYS, "POST", "/things", "a=1").crafted(iat_ms=sealed_ms)

    with pytest.raises(Refused) as refused:
        envelope("tiny", clock).open_request("order", "k1", wire.token, TARGET)

    assert type(refused.value) is kind


def test_a_response_answers_one_request(clock: Clock) -> None:
    """The answer to another request, even to an equal one, is refused."""
    sealed, _ = ask(clock)
    _, other = ask(clock)
    key_id, token = envelope("tiny", clock).seal_response(other, 200, {}, b"")

    with pytest.raises(Refused, match="another request"):
        envelope("order", clock).open_response(sealed, key_id, token, 200)


def test_a_response_belongs_to_the_plaintext_it_answers(clock: Clock) -> None:
    """A matching request id is not enough: the answer is bound to the whole request."""
    sealed, opened = ask(clock)
    other = OpenedRequest("order", opened.request_id, "A" * 43, {}, b"")
    key_id, token = envelope("tiny", clock).seal_response(other, 200, {}, b"")

    with pytest.raises(Refused, match="another request"):
        envelope("order", clock).open_response(sealed, key_id, token, 200)


def test_a_response_is_that_of_the_service_asked(clock: Clock) -> None:
    """Another linked service cannot answer instead of the called one."""
    sealed, opened = ask(clock)
    key_id, token = envelope("user", clock).seal_response(opened, 200, {}, b"")

    with pytest.raises(Refused):
        envelope("order", clock).open_response(sealed, key_id, token, 200)


def test_a_response_has_the_status_outside(clock: Clock) -> None:
    """A status changed in transit is detected."""
    sealed, opened = ask(clock)
    key_id, token = envelope("tiny", clock).seal_response(opened, 409, {}, b"")

    with pytest.raises(Refused, match="another status"):
        envelope("order", clock).open_response(sealed, key_id, token, 200)


def test_a_request_is_no_response(clock: Clock) -> None:
    """A request in the other direction is not accepted as the answer."""
    sealed, _ = ask(clock)
    back = envelope("tiny", clock).seal_request("order", TARGET, {}, b"")

    with pytest.raises(Refused):
        envelope("order", clock).open_response(sealed, back.key_id, back.token, 200)


def test_no_two_requests_are_alike(clock: Clock) -> None:
    """The same request sealed a thousand times has a thousand ids and tokens."""
    order = envelope("order", clock)

    sealed = [order.seal_request("tiny", TARGET, {}, b"") for _ in range(1000)]

    assert len({one.request_id for one in sealed}) == 1000
    assert len({one.token for one in sealed}) == 1000


@pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
def test_a_body_of_any_size_survives(clock: Clock, size: int) -> None:
    """The opened body equals the sealed one, whether it is sealed at once or in a thread."""
    body = ("é" * size).encode()[: size - size % 2]
    sealed = envelope("order", clock).seal_request("tiny", TARGET, {"traceparent": "t"}, body)

    opened = envelope("tiny", clock).open_request("order", "k1", sealed.token, TARGET)

    assert (opened.caller, opened.headers, opened.body) == ("order", {"traceparent": "t"}, body)


async def test_large_messages_are_sealed_in_a_thread() -> None:
    """From 64 KiB on sealing runs in a thread and leaves the event loop free; below, a thread costs more."""
    small, large = [await offload(size, get_ident) for size in (64 * 1024 - 1, 64 * 1024)]

    assert small == get_ident() != large


@pytest.mark.parametrize("headers", [{"retry-after": "1\r\nx: y"}, {"x\n": "1"}, {"X": "1"}, {"etag": "a" * 8193}])
def test_a_response_with_a_header_that_http_refuses_is_refused(clock: Clock, headers: dict[str, str]) -> None:
    """Inner headers may be passed on outside, so one that HTTP would split in two is refused."""
    sealed, opened = ask(clock)
    key_id, token = envelope("tiny", clock).seal_response(opened, 200, headers, b"")

    with pytest.raises(Refused, match="not valid in HTTP"):
        envelope("order", clock).open_response(sealed, key_id, token, 200)
