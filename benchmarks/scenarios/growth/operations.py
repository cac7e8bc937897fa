"""What is measured over HTTP, as tasks of the client; each list returns as many rows from both sides."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.scenarios.growth.stores import Databases

_SAMPLES = 400
_DEVICES = 8
_SOME = f"ORDER BY random() LIMIT {_SAMPLES}"


@dataclass(frozen=True, slots=True)
class Operation:
    """
    A request that is repeated.

    Attributes:
        task: In the client's words; ``{}`` is an id or a name of ``of``, another one each time.
        of: The samples that fill the task, if it has a place for them.
    """

    name: str
    task: str
    of: str = ""
    concurrency: int = 4

    def __str__(self) -> str:
        """Its name."""
        return self.name

    def wanted(self, samples: "Samples") -> list[str]:
        """Return the tasks."""
        return [self.task.format(one) for one in samples.of(self.of)] if self.of else [self.task]


@dataclass(frozen=True, slots=True)
class Samples:
    """Ids and names of rows all over the tables of a side."""

    products: Sequence[str]
    orders: Sequence[str]
    users: Sequence[str]
    names: Sequence[str]

    @property
    def devices(self) -> Sequence[str]:
        """The names of a few users, each of whom has one session of the client."""
        return self.names[:_DEVICES]

    def of(self, name: str) -> Sequence[str]:
        """Return those with this name."""
        found: Sequence[str] = getattr(self, name)
        return found


async def _take_samples(databases: Databases) -> Samples:
    products, orders, users, names = await asyncio.gather(
        databases.sample("product", f"SELECT id FROM products {_SOME}"),  # noqa: S608 - our own number
        databases.sample("order", f"SELECT id FROM orders {_SOME}"),  # noqa: S608
        databases.sample("user", f"SELECT id FROM users {_SOME}"),  # noqa: S608
        databases.sample("user", f"SELECT username FROM users WHERE is_active AND role = 'user' {_SOME}"),  # noqa: S608
    )
    return Samples(products, orders, users, [name for name in names if name.startswith("person-")])


def take_samples(databases: Databases) -> Samples:
    """Choose rows of a side at random."""
    return asyncio.run(_take_samples(databases))


PLACE = Operation("place an order", "order {}", "products", concurrency=8)
OPERATIONS = (
    PLACE,
    Operation("one's own orders", "own orders"),
    Operation("one's own orders, by status", "own orders?status=fulfilled"),
    Operation("read an order", "read orders/{}", "orders"),
    Operation("history of an order", "read orders/{}/history", "orders"),
    Operation("all orders", "read orders/all"),
    Operation("all orders, by status", "read orders/all?status=confirmed"),
    Operation("all orders, by a rare status", "read orders/all?status=expired"),
    Operation("products, newest", "read products?sort=newest"),
    Operation("products, cheapest", "read products?sort=price"),
    Operation("products, dearest", "read products?sort=-price"),
    Operation("products, by name", "read products?sort=name"),
    Operation("products, page after page", "walk products?limit=20"),
    Operation("products in stock, by price", "read products?in_stock=true&min_price=1&sort=price"),
    Operation("search for a rare word", "read products?q=samovar"),
    Operation("search for a common word", "read products?q=teapot"),
    Operation("search for a common word, by price", "read products?q=teap&sort=price"),
    Operation("search for two words", "read products?q=kettle+series"),
    Operation("read a product", "read products/{}", "products"),
    Operation("movements of a stock", "read products/{}/stock/movements", "products"),
    Operation("users, newest", "read users?limit=20"),
    Operation("users, page after page", "walk users?limit=20"),
    Operation("users, by role", "read users?role=analyst"),
    Operation("users that are not active", "read users?is_active=false"),
    Operation("search for a user", "read users?q={}", "names"),
    Operation("search for a common beginning", "read users?q=person"),
    Operation("read a user", "read users/{}", "users"),
    Operation("number of users", "read users/stats/count"),
    Operation("audit log, by kind", "read users/audit?kind=user.deleted"),
    Operation("log in", "login {}", "names", concurrency=2),
    Operation("refresh a session", "refresh {}", "devices", concurrency=2),
)
"""Logging in hashes a password, which takes most of its time on both sides."""
WAITING = Operation("place an order while the outbox waits", "order {}", "products", concurrency=8)
