"""The CloudEvents SDKs for Python and Node, sending to analytics."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.conversion import to_binary, to_structured
from cloudevents.v1.http import CloudEvent as OldCloudEvent

from tests.analytics.sending import EVENTS, Stored
from tests.support.node import Node

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENT = {"id": "A234-1234", "source": "https://example.org/shop", "type": "com.example.sold", "specversion": "1.0"}
ODD = {"type": 'vend\u00fc "50 %"', "subject": "\U0001f600 a%20b"}
"""Attributes that a header has to encode, as the SDK's present functions do and its old ones do not."""
DATA = {"price": 1.5, "text": "\u00fc\U0001f600"}
Write = Callable[[dict[str, Any]], tuple[Mapping[str, str], bytes]]
"""Writes an event with these attributes, by the SDK: its headers and body."""


def by(write: Callable[[CloudEvent], HTTPMessage]) -> Write:
    """The SDK's present functions."""

    def message(attributes: dict[str, Any]) -> tuple[Mapping[str, str], bytes]:
        written = write(CloudEvent(attributes, DATA))
        return written.headers, written.body

    return message


def by_old(write: Callable[[OldCloudEvent], tuple[dict[str, str], bytes]]) -> Write:
    """The functions of version 1, which the SDK still has."""
    return lambda attributes: write(OldCloudEvent({**attributes, "time": NOON.isoformat()}, DATA))


@pytest.mark.parametrize("content_type", [{}, {"datacontenttype": "application/json"}], ids=["untyped", "typed"])
@pytest.mark.parametrize(
    ("write", "attributes"),
    [
        (by(to_binary_event), EVENT | ODD),
        (by(to_structured_event), EVENT | ODD),
        (by_old(to_binary), EVENT | {"subject": "a"}),
        (by_old(to_structured), EVENT | {"subject": "a"}),
    ],
    ids=["binary", "structured", "binary-v1", "structured-v1"],
)
async def test_the_python_sdk_is_understood(
    keyed: httpx.AsyncClient, stored: Stored, write: Write, attributes: dict[str, str], content_type: dict[str, str]
) -> None:
    """With the headers that it writes: in binary mode without a Content-Type, if the event has none."""
    headers, body = write({**attributes, **content_type, "time": NOON})

    response = await keyed.post(EVENTS, content=body, headers=headers)

    assert response.status_code == 201, response.text
    (event,) = await stored()
    assert {name: event[name] for name in ("type", "subject", "source", "occurred_at", "data")} == {
        "type": attributes["type"],
        "subject": attributes["subject"],
        "source": attributes["source"],
        "occurred_at": NOON,
        "data": DATA,
    }


@pytest.mark.long
async def test_the_node_sdk_is_understood(
    environment: dict[str, str], write_key: str, stored: Stored, node: Node
) -> None:
    """In both modes, with and without a content type of the event."""
    program = Path(__file__).parent / "programs" / "cloudevents_calls.mjs"

    printed = await node.script(program, environment["ANALYTICS_SERVICE_URL"], write_key)

    assert [json.loads(line)["status"] for line in printed.splitlines()] == ["inserted"] * 4
    events = await stored()
    assert sorted(event["subject"] or str(event) for event in events) == [
        "binary application/json",
        "binary none",
        "structured application/json",
        "structured none",
    ]
    assert {event["type"] for event in events} == {"com.example.sold"}
    assert {event["source"] for event in events} == {"https://example.org/shop"}
    assert [event["data"] for event in events] == [DATA] * 4
