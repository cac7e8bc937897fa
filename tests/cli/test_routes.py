from fastapi import FastAPI

from cli.routes import declared_routes


async def test_every_route_of_a_service_declares_its_policy(apps: dict[str, FastAPI]) -> None:
    """The table has each route with access, callers, authentication and idempotency."""
    rows = declared_routes(apps)
    table = {
        f"{row.method} {row.path}": (row.policy.access.mode, row.policy.access.who, row.policy.authentication)
        for row in rows
    }
    keys = {f"{row.method} {row.path}": row.policy.idempotency.name for row in rows}

    assert table["POST /api/v1/users/register"] == ("encrypted", "any linked", "-")
    assert table["GET /api/v1/analytics/users/{user_id}/stats"] == ("service", "user", "-")
    assert table["GET /api/v1/analytics/erasures/{user_id}"] == ("optional", "any linked", "role admin")
    assert table["GET /livez"] == ("public", "-", "-")
    assert keys["POST /api/v1/users/register"] == "keyed"
    assert keys["POST /api/v1/users/logout"] == keys["GET /livez"] == "repeatable"
    assert keys["POST /api/v1/users/login"] == "unrepeatable"
