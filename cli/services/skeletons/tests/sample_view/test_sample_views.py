from contextlib import aclosing

from fastapi import FastAPI

from chassis.application import application_of
from chassis.dispatch.dispatcher import Dispatcher
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having

OWN = "/api/v1/sample-views/own"


async def test_it_is_about_the_person_who_asks(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """The account and its logins come from the user service."""
    ada, _bob = await make_user("ada"), await make_user("bob")

    answer = await people["sample_view"].get(OWN, headers=bearer(ada))

    logins = await people["user"].get("/api/v1/users/sessions", headers=bearer(ada))
    started = [login["created_at"] for login in logins.json()["items"]]
    assert (answer.status_code, len(started)) == (200, 1)
    assert answer.json() == {"id": str(ada.id), "username": "ada", "logins": started}


async def test_a_peer_that_does_not_answer_is_named(
    apps: dict[str, FastAPI], people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """Without the user service the answer is 503."""
    app, ada = apps["sample_view"], await make_user("ada")
    peers = {"user": "http://127.0.0.1:1"}
    async with aclosing(Dispatcher(peers, application_of(app).envelope)) as dispatcher:
        with having(app, dispatcher=dispatcher):
            answer = await people["sample_view"].get(OWN, headers=bearer(ada))

    assert (answer.status_code, "user service" in answer.json()["detail"]) == (503, True)
