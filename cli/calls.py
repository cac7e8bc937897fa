"""`bin/cli calls`: the calls between services."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, get_args, get_origin

from chassis.auth.remote import keys_of, revocations_of
from chassis.dispatch.call import Call
from chassis.messaging.event_batch import delivery_to
from cli.events import published_by
from cli.links import settings_class
from cli.services import SERVICES
from cli.table import AsJson, Words, print_table


def calls(words: Words = None, *, as_json: AsJson = False) -> None:
    """Print every call of every service: the called service, what it sends and returns, and its timeout."""
    print_table(call_rows(), words, as_json=as_json, head=4, services=["from", "to"])


def call_rows() -> list[dict[str, Any]]:
    """Return the rows of the table of calls."""
    return [
        {
            "from": caller,
            "to": call.service,
            "method": call.method,
            "path": call.path,
            "sends": call.sends and type_name(call.sends),
            "returns": call.returns and type_name(call.returns),
            "sealed": call.sealed,
            "timeout_s": call.timeout_s,
            "idempotency": call.idempotency,
        }
        for caller, call in declared_calls()
    ]


def declared_calls() -> Iterator[tuple[str, Call[Any, Any]]]:
    """
    Yield the calls of all services, each with its caller.

    These are the calls in ``calls.py``, those for the keys and revocations of the service that issues tokens, and the
    deliveries of events.
    """
    for service in SERVICES:
        yield from ((service.name, call) for call in _calls_in(service.name))
        if issuer := settings_class(service.name).tokens_from:
            yield service.name, keys_of(issuer)
            yield service.name, revocations_of(issuer)
        consumers = {consumer for event in published_by(service.name) for consumer in event.consumers}
        yield from ((service.name, delivery_to(consumer)) for consumer in sorted(consumers))


def _calls_in(service: str) -> Sequence[Call[Any, Any]]:
    module = f"{service}.calls"
    calls: Sequence[Call[Any, Any]] = import_module(module).CALLS if find_spec(module) else ()
    return calls


def type_name(declared: Any) -> str:  # noqa: ANN401 - a type as calls declare it
    """Return the name of a type, as in ``list[Acknowledgement]``."""
    if get_origin(declared) is Annotated:
        return type_name(get_args(declared)[0])
    inner = ", ".join(type_name(one) for one in get_args(declared))
    return f"{declared.__name__}[{inner}]" if inner else str(declared.__name__)
