"""Who may do what through the gateway: what the policy of each route says at its own service."""

import pytest
from fastapi import FastAPI

from cli.services import SERVICES
from tests.support.access import OK, PROBES
from tests.support.asking import Asker, policies, questions

BEHIND = [service.name for service in SERVICES if not service.front]
NOT_FOUND = 404


def expected(apps: dict[str, FastAPI], service: str) -> dict[tuple[str, str], int]:
    """Route and principal -> the answer: a seal is no longer needed, and routes between services are not there."""
    policy_of = policies(apps, service)
    changed = {"sealed": OK, "service": NOT_FOUND}
    return {
        (route, principal): changed.get(policy_of[route].partition(":")[0], answer)
        for (route, principal), answer in questions(apps, service).items()
        if principal != "client" and route not in PROBES
    }


@pytest.mark.parametrize("service", BEHIND)
async def test_a_read_and_who_is_refused_are_answered_as_by_the_service(
    apps: dict[str, FastAPI], asker: Asker, service: str
) -> None:
    """All requests share one world, as in tests/test_authorization.py."""
    wanted = {
        asked: answer for asked, answer in expected(apps, service).items() if asked[0][:4] == "GET " or answer != OK
    }
    await asker.renew(service)

    assert {asked: await asker.outcome(*asked) for asked in wanted} == wanted


@pytest.mark.parametrize("service", BEHIND)
async def test_who_may_do_it_succeeds(apps: dict[str, FastAPI], asker: Asker, service: str) -> None:
    """Each write, by the first principal who may, in a world of its own; the gateway does not distinguish people."""
    wanted = {route: who for (route, who), answer in reversed(expected(apps, service).items()) if answer == OK}
    writes = {(route, who): OK for route, who in wanted.items() if not route.startswith("GET ")}
    outcomes = {}
    for asked in writes:
        await asker.renew(service)
        outcomes[asked] = await asker.outcome(*asked)

    assert outcomes == writes
