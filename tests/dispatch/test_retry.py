import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from structlog.testing import CapturingLogger

from chassis.core.deadline import Deadline
from chassis.core.errors import AppError, BadGateway, DeadlineExceeded, ServiceUnavailable
from chassis.dispatch import metrics
from chassis.dispatch.call import Call
from chassis.dispatch.errors import RemoteError, RemoteFault, RemoteUnavailable
from chassis.dispatch.retry import Retries, RetryBudget
from chassis.dispatch.transport import AnswerTooLarge, ConnectFailed
from tests.support.scripted_transport import OK, PATH, Step, Time, after, answers, dispatcher_to, fails, says_plainly

READ = Call("product", "GET", PATH, returns=dict[str, bool])
CALLS: dict[str, dict[str, Any]] = {
    "safe": {"method": "GET"},
    "unkeyed": {"method": "POST", "json": {}},
    "keyed": {"method": "POST", "json": {}, "idempotency_key": "key"},
}
ALWAYS = {"safe": 3, "unkeyed": 3, "keyed": 3}
REPEATABLE = {"safe": 3, "unkeyed": 1, "keyed": 3}
NEVER = {"safe": 1, "unkeyed": 1, "keyed": 1}

TABLE: dict[str, tuple[Step, dict[str, int], type[AppError]]] = {
    "connect refused": (fails(httpx.ConnectError("no")), ALWAYS, ServiceUnavailable),
    "connect timeout": (fails(httpx.ConnectTimeout("no")), ALWAYS, ServiceUnavailable),
    "no connection free": (fails(httpx.PoolTimeout("no")), ALWAYS, ServiceUnavailable),
    "read timeout": (fails(httpx.ReadTimeout("no")), REPEATABLE, DeadlineExceeded),
    "write timeout": (fails(httpx.WriteTimeout("no")), REPEATABLE, DeadlineExceeded),
    "reset": (fails(httpx.ReadError("no")), REPEATABLE, BadGateway),
    "broken protocol": (fails(httpx.RemoteProtocolError("no")), REPEATABLE, BadGateway),
    "plaintext": (says_plainly(200), REPEATABLE, BadGateway),
    "plaintext 503": (says_plainly(503), REPEATABLE, RemoteUnavailable),
    "too large": (fails(AnswerTooLarge("no")), NEVER, BadGateway),
    "429": (answers(429), REPEATABLE, RemoteUnavailable),
    "502": (answers(502), REPEATABLE, RemoteUnavailable),
    "503": (answers(503), REPEATABLE, RemoteUnavailable),
    "504": (answers(504), REPEATABLE, RemoteUnavailable),
    "409 in flight": (answers(409, body='{"code":"in_flight"}'), REPEATABLE, RemoteUnavailable),
    "409": (answers(409, body='{"code":"conflict"}'), NEVER, RemoteError),
    "500": (answers(500), NEVER, RemoteFault),
    "501": (answers(501), NEVER, RemoteFault),
    **{str(status): (answers(status), NEVER, RemoteError) for status in (400, 401, 403, 404, 412, 422)},
    "503 that was retried below": (answers(503, {"x-retry-exhausted": "1"}), NEVER, RemoteUnavailable),
    "429 that was retried below": (answers(429, {"x-retry-exhausted": "1"}), NEVER, RemoteUnavailable),
}
STATUS = {
    BadGateway: 502,
    RemoteError: 502,
    RemoteFault: 502,
    ServiceUnavailable: 503,
    RemoteUnavailable: 503,
    DeadlineExceeded: 504,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("failure", TABLE)
async def test_what_fails_is_tried_again_as_the_policy_says(failure: str, call: str) -> None:
    """The kinds of failure and of call decide the number of attempts and the error that the caller gets."""
    step, attempts, kind = TABLE[failure]
    dispatcher, peer = dispatcher_to(step)

    with pytest.raises(AppError) as failed:
        await dispatcher.send("product", path=PATH, **CALLS[call])

    assert len(peer.seen) == attempts[call]
    assert type(failed.value) is kind
    assert failed.value.status == STATUS[kind]
    assert failed.value.headers["x-retry-exhausted"] == "1"


async def test_of_an_unsealed_503_only_the_time_to_come_back_is_believed() -> None:
    """A service that is overloaded does not open the call; anyone on the way could write the rest of its answer."""
    forged = says_plainly(503, b'{"code":"gone","detail":"Pay here."}', {"Retry-After": "2", "X-Retry-Exhausted": "1"})
    dispatcher, peer = dispatcher_to(forged)

    with pytest.raises(RemoteUnavailable) as failed:
        await dispatcher.send("product", "GET", PATH)

    assert (failed.value.remote_code, failed.value.problem, failed.value.headers["Retry-After"]) == ("", {}, "2")
    assert "Pay here" not in failed.value.message
    assert [second.at - first.at for first, second in pairwise(peer.seen)] == [2, 2]


@pytest.mark.parametrize(
    ("method", "attempts"), [("GET", 3), ("HEAD", 3), ("PUT", 3), ("DELETE", 3), ("POST", 1), ("PATCH", 1)]
)
async def test_idempotent_methods_are_repeatable(method: str, attempts: int) -> None:
    """Methods that RFC 9110 calls idempotent need no Idempotency-Key."""
    dispatcher, peer = dispatcher_to(fails(httpx.ReadTimeout("no")))

    with pytest.raises(DeadlineExceeded):
        await dispatcher.send("product", method, PATH)

    assert len(peer.seen) == attempts


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ('{"code":"sold_out","detail":"Nothing is left."}', "sold_out", "Nothing is left."),
        ('{"code":"sold_out"}', "sold_out", "status 404"),
        ('["sold_out"]', "", "status 404"),
        ("nothing is left", "", "status 404"),
    ],
)
async def test_a_refusal_is_passed_on_in_its_own_words(body: str, code: str, told: str) -> None:
    """The error has the code and detail of a problem document; any other body is not quoted."""
    dispatcher, _ = dispatcher_to(answers(404, body=body))

    with pytest.raises(RemoteError) as refused:
        await dispatcher.send("product", "GET", PATH)

    assert refused.value.remote_code == code
    assert refused.value.message == f"The product service refused: {told}"


async def test_an_answer_that_is_no_json_is_a_502() -> None:
    """An answer that is not JSON, or not the declared model, is a 502."""
    dispatcher, _ = dispatcher_to(answers(200, body="ok"), answers(200, body='{"ok":"perhaps"}'), OK)

    for _ in range(2):
        with pytest.raises(BadGateway, match="an unexpected form"):
            await dispatcher.call(READ)
    assert await dispatcher.call(READ) == {"ok": True}


async def test_attempts_are_counted_and_timed_and_failures_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt is counted by number and outcome; a refusal is logged as information, an outage as a warning."""
    log = CapturingLogger()
    monkeypatch.setattr("chassis.dispatch.sender.log", log)
    dispatcher, _ = dispatcher_to(
        *(after(0.25, answers(503, {"retry-after": "1"})), after(0.5, OK)),
        *(answers(404), fails(asyncio.CancelledError()), after(2.5, fails(asyncio.CancelledError()))),
        fails(httpx.ConnectError("no")),
    )
    before = Counter(attempts()), seconds()

    await dispatcher.send("product", "PUT", PATH)
    with pytest.raises(RemoteError):
        await dispatcher.send("product", "PUT", PATH)
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await dispatcher.send("product", "PUT", PATH)
    with pytest.raises(ServiceUnavailable):
        await dispatcher.send("product", "PUT", PATH)

    assert Counter(attempts()) - before[0] == {
        ("1", "refused"): 2,
        ("2", "success"): 1,
        ("1", "timed_out"): 1,
        **{(number, "not_connected"): 1 for number in "123"},
    }
    assert seconds() - before[1] == pytest.approx(0.25 + 0.5 + 2.5)
    assert [(call.method_name, call.kwargs["attempts"], call.kwargs["reason"]) for call in log.calls] == [
        ("info", 1, "status 404"),
        ("warning", 3, "ConnectError: no"),
    ]


async def test_a_failure_in_the_background_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """What calls in the background logs the beginning and the end of an outage itself."""
    log = CapturingLogger()
    monkeypatch.setattr("chassis.dispatch.sender.log", log)
    dispatcher, _ = dispatcher_to(fails(httpx.ConnectError("no")), purpose="background")

    with pytest.raises(ServiceUnavailable):
        await dispatcher.send("product", "PUT", PATH)

    assert [(call.method_name, call.args) for call in log.calls] == [("debug", ("dispatch failed",))]


def attempts() -> dict[tuple[str, str], int]:
    """Return how many attempts to PUT at the product service were counted, by number and outcome."""
    return {
        (sample.labels["attempt"], sample.labels["outcome"]): int(sample.value)
        for metric in metrics.ATTEMPTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and (sample.labels["target"], sample.labels["method"]) == ("product", "PUT")
    }


def seconds() -> float:
    """Return the seconds that these attempts took together."""
    labels = {"target": "product", "method": "PUT"}
    return REGISTRY.get_sample_value("dispatch_attempt_seconds_sum", labels) or 0.0


@pytest.mark.parametrize("failures", [0, 1, 2])
async def test_an_attempt_that_succeeds_ends_it(failures: int) -> None:
    """After up to two failures the third attempt's answer is returned."""
    dispatcher, peer = dispatcher_to(*[answers(503)] * failures, OK)

    assert (await dispatcher.send("product", "GET", PATH)).json() == {"ok": True}
    assert len(peer.seen) == failures + 1


async def test_a_failure_that_is_not_to_be_repeated_ends_it() -> None:
    """A retry with a final failure raises that failure."""
    dispatcher, peer = dispatcher_to(answers(503), answers(404, body='{"code":"product_not_found"}'), OK)

    with pytest.raises(RemoteError) as failed:
        await dispatcher.send("product", "GET", PATH)

    assert (failed.value.remote_status, failed.value.remote_code, len(peer.seen)) == (404, "product_not_found", 2)


async def test_each_attempt_is_sealed_anew_with_the_same_key() -> None:
    """Attempts of a call share body and Idempotency-Key; each has its own request id."""
    dispatcher, peer = dispatcher_to(answers(503), answers(503), OK)

    await dispatcher.send("product", "POST", PATH, json={"quantity": 1}, idempotency_key="order-1")

    requests = [seen.request for seen in peer.seen]
    assert len({request.request_id for request in requests}) == 3
    assert {(request.headers["idempotency-key"], request.body) for request in requests} == {
        ("order-1", b'{"quantity":1}')
    }


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_waits_are_full_jitter(share: float) -> None:
    """The wait before the second attempt is up to 0.1 s, before the third up to 0.2 s."""
    time = Time()
    retries = Retries(RetryBudget(time), Deadline(time.now + 10.0), time, repeatable=True, chance=lambda: share)

    pauses = [retries.pause_after(ConnectFailed()) for _ in range(3)]

    assert pauses == [pytest.approx(0.1 * share), pytest.approx(0.2 * share), None]


async def test_waits_differ() -> None:
    """Calls that failed together are not retried together."""
    waits = set()
    for _ in range(20):
        dispatcher, peer = dispatcher_to(fails(httpx.ConnectError("no")))
        with pytest.raises(ServiceUnavailable):
            await dispatcher.send("product", "GET", PATH)
        assert all(0 <= wait <= limit for wait, limit in zip(peer.time.sleeps, (0.1, 0.2), strict=True))
        waits.update(peer.time.sleeps)

    assert len(waits) > 30
