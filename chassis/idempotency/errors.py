"""What can be wrong with an ``Idempotency-Key``; each route documents those that it raises."""

from chassis.core.errors import BadRequest, Conflict, InvalidRequest
from chassis.dispatch.errors import IN_FLIGHT


class InvalidIdempotencyKey(BadRequest):
    """The header is malformed, or the key belongs to nobody."""

    code = "invalid_idempotency_key"
    message = "Send Idempotency-Key once, with 1 to 255 visible ASCII characters; a UUID is a good one."


class KeyNotTaken(BadRequest):
    """The route stores no answers, and a repetition would have its effect again: the key would promise too much."""

    code = "idempotency_key_not_taken"
    message = "This route takes no Idempotency-Key: sent twice, it has its effect twice. Send the request without."


class InFlight(Conflict):
    """The request that brought the key first has no answer yet; the dispatcher tries such a call again."""

    code = IN_FLIGHT
    message = "A request with this Idempotency-Key is being worked on; send it again in a second."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class KeyReused(InvalidRequest):
    """The key has come with another request."""

    code = "idempotency_key_reused"
    message = "This Idempotency-Key has come with another body, path or query; a new request needs a new key."
