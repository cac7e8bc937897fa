"""What a gateway does with a received request: it sends it on to a service, and passes on the answer."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from chassis.core import deadline
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import AttemptError, final_error
from chassis.dispatch.exchange import OutgoingRequest, outer_headers
from chassis.dispatch.peer import Attempt
from chassis.dispatch.transport import Answer, Headers, StreamedAnswer, raw_address
from chassis.telemetry import tracing


async def forward(  # noqa: PLR0913 - the parts of a request
    dispatcher: Dispatcher,
    service: str,
    method: str,
    path: str,
    query: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    repeatable: bool,
) -> Answer:
    """
    Send a received request on, sealed, and return the answer, whatever its status.

    A request is retried, and a failure of the service counted, only if there is no answer. It has the time of the
    request being served.

    Args:
        path: As it was received, escaped; *query* likewise.
        headers: The headers inside the envelope (``INNER_HEADERS``), without deadline and trace.
        body: UTF-8 text.
        repeatable: Sending the request twice has the same effect as sending it once.

    Raises:
        ServiceUnavailable: The service cannot be reached (503).
        DeadlineExceeded: No answer in time (504).
        BadGateway: The answer cannot be trusted (502).
        TokenTooLong: A request without a body has too long a query, or too many headers.
        UnknownService: The service has no address or no link.
    """
    peer = dispatcher.peer(service, sealed=True)
    request = OutgoingRequest(
        peer,
        method,
        raw_address(peer.url, path, query),
        dict(headers),
        body,
        dispatcher.ends(deadline.LONGEST_S),
        repeatable=repeatable,
        slow_s=deadline.LONGEST_S,
        is_forwarded=True,
    )
    return await dispatcher.sender.send(request)


@asynccontextmanager
async def stream(  # noqa: PLR0913 - the parts of a request
    dispatcher: Dispatcher, service: str, method: str, path: str, query: str, *, headers: Headers, body: bytes
) -> AsyncIterator[StreamedAnswer]:
    """
    Send a received request on, plainly and once, and yield the answer, whatever its status, while it arrives.

    The deadline of the request ends with the head of the answer; a body silent for ``SILENCE_S`` breaks off.

    Args:
        path: As it was received, escaped; *query* likewise.

    Raises:
        ServiceUnavailable: The service cannot be reached (503).
        DeadlineExceeded: No head of an answer in time (504).
        BadGateway: The answer is not HTTP (502).
        UnknownService: The service has no address.
    """
    peer, ends = dispatcher.peer(service, sealed=False), dispatcher.ends(deadline.LONGEST_S)
    address, begun = raw_address(peer.url, path, query), peer.clock()
    async with AsyncExitStack() as stack:
        try:
            left = ends.remaining(peer.clock)
            with (
                Attempt(peer, method, 1, within_s=deadline.DEFAULT_S, slow_s=None),
                tracing.calling(service, method, 1) as trace,
            ):
                sent = [*headers, *trace.items(), *outer_headers()]
                streaming = peer.streaming().stream(method, address, sent, body, left)
                answer = await stack.enter_async_context(streaming)
        except AttemptError as error:
            raise final_error(service, error, 1, peer.clock() - begun) from error
        yield answer
