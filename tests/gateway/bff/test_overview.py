import pytest
from fastapi import FastAPI

from tests.gateway.conftest import Without
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having
from user.models import UserSession

OVERVIEW = "/bff/v1/overview"


async def test_a_person_sees_the_own_things(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """The account as REST has it, and the own counts; another person's things are not there."""
    ada, _ = await make_user("ada"), await make_user("bystander")

    answer = await people["gateway"].get(OVERVIEW, headers=bearer(ada))
    profile = await people["user"].get("/api/v1/users/profile", headers=bearer(ada))

    shown = answer.json()
    assert answer.status_code == 200
    assert shown["profile"] == profile.json()
    assert shown["statistics"] == {"total": 0, "by_type": {}}
    assert shown["problems"] == []


@pytest.mark.parametrize(
    ("down", "missing"), [("analytics", {"statistics"}), ("user", {"profile", "statistics"})], ids=["one", "two"]
)
async def test_a_part_whose_service_is_down_is_null(  # noqa: PLR0913, PLR0917 - fixtures, and the parts of a case
    people: People,
    apps: dict[str, FastAPI],
    make_user: MakeUser,
    bearer: Bearer,
    without: Without,
    down: str,
    missing: set[str],
) -> None:
    """With an entry that names the service; the rest is there, and the status is 200."""
    ada = await make_user("ada")
    dispatcher = await without(down)

    service = "user" if down == "analytics" else "gateway"  # the gateway asks user, which asks analytics
    with having(apps[service], dispatcher=dispatcher):
        answer = await people["gateway"].get(OVERVIEW, headers=bearer(ada))

    shown = answer.json()
    assert answer.status_code == 200
    assert {part for part in ("profile", "statistics") if shown[part] is None} == missing
    assert {problem["part"] for problem in shown["problems"]} == missing
    assert {problem["service"] for problem in shown["problems"]} == {"user"}
    assert {problem["status"] for problem in shown["problems"]} == {503}


async def test_a_session_that_has_ended_is_the_answers_own_status(
    people: People, make_user: MakeUser, bearer: Bearer, apps: dict[str, FastAPI]
) -> None:
    """The user service knows it before the gateway does."""
    ada = await make_user("ada")
    async with apps["user"].state.application.store.transaction() as session:
        await session.delete(await session.get_one(UserSession, ada.id))

    answer = await people["gateway"].get(OVERVIEW, headers=bearer(ada))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
