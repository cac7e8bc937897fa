"""Variables under the names of other projects are read where ours are not set."""

import pytest

from chassis.core.familiar_variables import with_our_names

HOST = {"postgres_host": "db", "postgres_password": "pa/ss@"}
PARTS = dict(zip(["server", "port", "user", "password", "db"], ["::1", "6543", "app", "x", "shop"], strict=True))
PARTS = {f"postgres_{name}": value for name, value in PARTS.items()}


@pytest.mark.parametrize(
    ("given", "ours", "expected"),
    [
        ({"backend_cors_origins": "https://a.example"}, "cors_origins", "https://a.example"),
        ({"backend_cors_origins": "https://a.example", "cors_origins": "https://b.example"}, "cors_origins", None),
        ({"database_url": "postgres://a:b@c/d"}, "order_database_url", "postgres://a:b@c/d"),
        ({"database_url": "postgres://a:b@c/d", "order_database_url": "x"}, "order_database_url", None),
        ({"database_url": "postgres://a:b@c/d", "order_database_url": ""}, "order_database_url", "postgres://a:b@c/d"),
        ({**HOST, "database_url": "postgres://a:b@c/d"}, "order_database_url", "postgres://a:b@c/d"),
        (HOST, "order_database_url", "postgresql://order_service:pa%2Fss%40@db/order_service"),
        (
            PARTS,
            "order_database_url",
            "postgresql://app:x@[::1]:6543/shop",
        ),
        ({"postgres_password": "x"}, "order_database_url", None),
        ({"mongodb_url": "mongodb://a:b@c/d"}, "order_mongodb_url", "mongodb://a:b@c/d"),
        (
            {"mongodb_host": "db", "mongodb_user": "root", "mongodb_password": "x"},
            "order_mongodb_url",
            "mongodb://root:x@db/order",
        ),
    ],
)
def test_our_name_gets_the_value_of_the_familiar_one(given: dict[str, str], ours: str, expected: str | None) -> None:
    """A familiar name counts if ours is not set; an address is composed if it is not given whole."""
    values = with_our_names(given, "order")

    assert values.get(ours) == (given.get(ours) if expected is None else expected)
