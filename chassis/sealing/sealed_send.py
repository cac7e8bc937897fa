"""The answer to a sealed request: collected, sealed, and sent as one message."""

from starlette.types import Message, Send

from chassis.sealing.envelope import Envelope, OpenedRequest, offload
from chassis.sealing.replay import Claim
from chassis.sealing.wire import wrap_response

_OUTER_ONLY = frozenset({b"content-length", b"x-request-id"})
"""Response headers that stay outside, because they concern the connection."""
_OUTER_ONLY_OF_HEAD = frozenset({b"x-request-id"})
"""Inside the answer to HEAD: the length that the body of a GET would have."""


class SealedSend:
    """
    The ``send`` of a route whose request was sealed.

    A repeated nonce is the exception: its answer is the plain 401 of every other refusal.
    """

    def __init__(self, envelope: Envelope, request: OpenedRequest, claim: Claim, send: Send, method: str) -> None:
        self._envelope = envelope
        self._request = request
        self._claim = claim
        self._send = send
        self._method = method
        self._outer_only = _OUTER_ONLY_OF_HEAD if method == "HEAD" else _OUTER_ONLY
        self._start: Message = {}
        self._body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        """Process one message of the route; the last one sends the answer."""
        if self._claim.refused:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
            self._body.clear()
        else:
            self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(b"" if self._method == "HEAD" else b"".join(self._body))

    async def _finish(self, body: bytes) -> None:
        status, headers = self._start["status"], self._start["headers"]
        inner = {name.decode(): value.decode("latin-1") for name, value in headers if name not in self._outer_only}
        key_id, token = await offload(len(body), self._envelope.seal_response, self._request, status, inner, body)
        outer, sealed = wrap_response(self._method, status, key_id, token)
        await self._send({"type": "http.response.start", "status": status, "headers": outer})
        await self._send({"type": "http.response.body", "body": sealed})
