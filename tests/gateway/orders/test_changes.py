"""The feed of changes, as the gateway asks for it: sealed, over HTTP."""

import pytest
from fastapi import FastAPI

from chassis.application import application_of
from chassis.core.lifecycle import Draining
from chassis.dispatch.errors import RemoteError
from gateway.calls import READ_CHANGES
from order.services import list_changes as listing
from tests.order.shop import Shop
from tests.support.having import having


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a request wait for an hour."""
    monkeypatch.setattr(listing, "WAIT_S", 3600.0)


async def test_a_service_that_stops_does_not_wait(shop: Shop, apps: dict[str, FastAPI], patient: None) -> None:
    """The request is answered, so that the server does not end with it open."""
    with having(shop.app, draining=Draining(has_begun=True)):
        found = await application_of(apps["gateway"]).dispatcher.call(READ_CHANGES)

    assert found.changes == []


async def test_other_services_follow_orders(shop: Shop, apps: dict[str, FastAPI], teapot: str) -> None:
    """An order that was placed is listed with each of its statuses, in a sealed answer; the time can be sent again."""
    order = await shop.place(teapot)
    dispatcher = application_of(apps["gateway"]).dispatcher

    found = await dispatcher.call(READ_CHANGES)
    while len(found.changes) < 2:
        found.changes += (await dispatcher.call(READ_CHANGES, query={"since": found.until})).changes

    assert [(str(one.order_id), one.status) for one in found.changes] == [
        (order["id"], "pending"),
        (order["id"], "confirmed"),
    ]


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01T00:00:00", "9999-12-31T23:59:59-23:59"])
async def test_what_is_no_time_is_refused(shop: Shop, apps: dict[str, FastAPI], since: str) -> None:
    """Nor is one without a time zone, or one that the database cannot have."""
    with pytest.raises(RemoteError) as refused:
        await application_of(apps["gateway"]).dispatcher.call(READ_CHANGES, query={"since": since})

    assert refused.value.remote_status == 422
