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
    assert table["GET /api/v1/reservations/{order_id}"] == ("service", "order", "-")
    assert table["POST /api/v1/products"] == ("optional", "any linked", "role admin")
    assert table["POST /api/v1/orders"] == ("optional", "any linked", "token")
    assert table["GET /livez"] == ("public", "-", "-")
    assert keys["POST /api/v1/products/{product_id}/stock"] == keys["POST /api/v1/orders/{order_id}/cancel"] == "keyed"
    assert keys["POST /api/v1/reservations"] == keys["GET /api/v1/orders"] == "repeatable"
    assert (keys["PATCH /api/v1/products/{product_id}"], keys["GET /livez"]) == ("unrepeatable", "repeatable")
