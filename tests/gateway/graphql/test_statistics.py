import pytest
from fastapi import FastAPI

from chassis.application import application_of
from chassis.dispatch.dispatcher import Dispatcher
from chassis.settings import Environment
from cli.dev.polling import eventually
from tests.gateway.asking import Asking
from tests.support.aliases import Bearer, MakeUser
from tests.support.having import having

EVENTS = "/api/v1/analytics/events"
COUNTS = "{ total byType { type count } byDay { date count } users }"


async def test_events_are_counted(ask: Asking, sealed: Dispatcher, make_user: MakeUser, bearer: Bearer) -> None:
    """All of them, the most frequent type first, or one's own; a person's events are listed, newest first."""
    ada = await make_user("ada", role="analyst")
    for kind, hour, user_id in (("b", 1, None), ("a", 2, str(ada.id)), ("a", 3, str(ada.id))):
        event = {"type": kind, "time": f"2026-11-20T0{hour}:00:00Z", "user_id": user_id, "data": {"price": 1.5}}
        sent = await sealed.send("analytics", "POST", EVENTS, json={k: v for k, v in event.items() if v})
        assert sent.status == 201, sent.body

    async def are_counted() -> bool:
        return bool((await ask("{ stats { total } }", bearer(ada))).data["stats"]["total"] == 3)

    assert await eventually(are_counted)
    document = f"{{ stats {COUNTS} own: stats(mine: true) {COUNTS} me {{ {LISTED} }} }}"
    reply = await ask(document, bearer(ada))

    assert reply.errors == []
    by_type = [{"type": "a", "count": 2}, {"type": "b", "count": 1}]
    assert reply.data["stats"] == {
        "total": 3,
        "byType": by_type,
        "byDay": [{"date": "2026-11-20", "count": 3}],
        "users": 1,
    }
    assert reply.data["own"] == {"total": 2, "byType": by_type[:1], "byDay": None, "users": None}
    page = reply.data["me"]["events"]
    assert [edge["node"] for edge in page["edges"]] == [
        {"type": "a", "occurredAt": "2026-11-20T03:00:00Z", "data": {"price": 1.5}}
    ]
    assert page["pageInfo"]["hasNextPage"]


LISTED = "events(first: 1) { edges { node { type occurredAt data } } pageInfo { hasNextPage } }"


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("user", 403), ("analyst", 200)])
async def test_the_gateways_seal_is_no_login_for_statistics(
    apps: dict[str, FastAPI], ask: Asking, bearer: Bearer, role: str | None, status: int
) -> None:
    """Outside development, only an analyst reads statistics through the gateway."""
    settings = application_of(apps["analytics"]).settings.model_copy(update={"environment": Environment.STAGING})
    with having(apps["analytics"], settings=settings):
        reply = await ask("{ stats { total } }", bearer(role=role) if role else None)

    assert reply.status == status
