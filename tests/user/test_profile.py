from chassis.dispatch.dispatcher import Dispatcher
from tests.aliases import Bearer, MakeUser, People


async def test_profile_is_that_of_the_token(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """A person reads their own account."""
    ada = await make_user("ada")
    await make_user("bob")

    response = await people["user"].get("/api/v1/users/profile", headers=bearer(ada))

    assert response.json()["username"] == "ada"


async def test_profile_works_sealed(sealed: Dispatcher, make_user: MakeUser, bearer: Bearer) -> None:
    """The token travels inside the envelope."""
    token = bearer(await make_user("ada"))["Authorization"].removeprefix("Bearer ")

    profile = await sealed.get("user", "/api/v1/users/profile", bearer=token)

    assert profile["username"] == "ada"


async def test_profile_needs_a_token_of_an_account(people: People, bearer: Bearer) -> None:
    """Without a token, or with one whose account is gone, it is a 401 that says what to do."""
    without = await people["user"].get("/api/v1/users/profile")
    gone = await people["user"].get("/api/v1/users/profile", headers=bearer())

    assert without.status_code == gone.status_code == 401
    assert without.headers["www-authenticate"] == "Bearer"


async def test_count_counts_accounts(people: People, make_user: MakeUser) -> None:
    """The public count is the number of accounts."""
    await make_user("ada")
    await make_user("bob")

    response = await people["user"].get("/api/v1/users/stats/count")

    assert response.json() == {"count": 2}


async def test_activity_comes_from_analytics(
    sealed: Dispatcher, people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """A person's activity is what analytics has counted of that person alone."""
    ada, bob = await make_user("ada"), await make_user("bob")
    for user, times in ((ada, 2), (bob, 1)):
        for _ in range(times):
            await sealed.post("analytics", "/api/v1/analytics/events", json={"type": "seen", "userid": str(user.id)})

    response = await people["user"].get("/api/v1/users/stats", headers=bearer(ada))

    assert response.json() == {"total": 2, "by_type": {"seen": 2}}
