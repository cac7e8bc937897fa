from fastapi import FastAPI

from cli.routes import route_policies


async def test_every_route_of_a_service_declares_its_policy(apps: dict[str, FastAPI]) -> None:
    """The table has each route with mode, callers and authentication."""
    table = {f"{row.method} {row.path}": (row.mode, row.callers, row.authentication) for row in route_policies(apps)}

    assert table["POST /api/v1/users/register"] == ("encrypted", "any linked", "-")
    assert table["GET /api/v1/reservations/{order_id}"] == ("service", "order", "-")
    assert table["POST /api/v1/products"] == ("optional", "any linked", "role admin")
    assert table["POST /api/v1/orders"] == ("optional", "any linked", "token")
    assert table["GET /livez"] == ("public", "-", "-")
