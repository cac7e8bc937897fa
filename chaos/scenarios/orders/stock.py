"""What there is before the first order: accounts and products."""

from random import Random

from chassis.postgres.database import Postgres
from pydantic import SecretStr
from user.mail.outgoing import no_mail

from chaos.scenarios.orders.plan import PEOPLE, PRODUCTS, STOCK
from chaos.scenarios.orders.shop import PRODUCTS as PRODUCTS_PATH
from chaos.scenarios.orders.shop import Person, Request, Shop
from chassis.core.ids import new_id
from chassis.idempotency.dependency import IdempotencyKey
from cli.dev.secrets import make_password
from user.client import Client
from user.schemas import UserAdd
from user.services.add_user import add_user
from user.settings import Settings


async def make_people(url: SecretStr) -> tuple[list[Person], Person]:
    """Make the accounts of customers and of an admin, straight in the user service's database."""
    database = Postgres(url, Settings.service_name)  # in whose name they are announced
    await database.open()
    try:
        customers = [await _make(database, f"customer-{number}", "user") for number in range(PEOPLE)]
        return customers, await _make(database, "admin", "admin")
    finally:
        await database.close()


async def _make(database: Postgres, name: str, role: str) -> Person:
    password = make_password()
    new = UserAdd.model_validate({"username": name, "email": f"{name}@example.org", "password": password, "role": role})
    post = no_mail(database, Client(user_agent="chaos"))
    await add_user(database, IdempotencyKey(database, None), post, new, actor_id=None)
    return Person(name, password)


async def make_products(shop: Shop, admin: Person, seed: int) -> list[str]:
    """Create the products; gives their ids."""
    random, ids = Random(seed), list[str]()
    for number in range(PRODUCTS):
        product = {"name": f"Product {number}", "price": random.randint(1, 9999) / 100, "stock": STOCK}
        reply = await shop.insist(Request("product", PRODUCTS_PATH, product, admin, str(new_id())))
        ids.append(reply.body["id"])
    return ids
