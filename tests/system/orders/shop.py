"""The actions of customers in system tests."""

import httpx
from pymongo import MongoClient

from chassis.mongodb.database import Document
from tests.system.stack import Stack

ORDERS = "/api/v1/orders"


def count_orders(stack: Stack) -> int:
    """Return how many orders analytics has counted; its answers lag by a second."""
    with MongoClient[Document](stack.environment["ANALYTICS_MONGODB_URL"]) as client:
        return client.get_default_database()["events"].count_documents({"type": "order.confirmed"})


async def make_product(stack: Stack, stock: int = 10) -> str:
    """Create a product; returns its id."""
    async with httpx.AsyncClient(base_url=stack.environment["PRODUCT_SERVICE_URL"]) as products:
        product = {"name": "Cup", "price": 6.99, "stock": stock}
        answer = await products.post("/api/v1/products", json=product, headers=stack.admin)
    return str(answer.json()["id"])


async def place_orders(stack: Stack, count: int) -> None:
    """Order one unit of a new product, this many times."""
    product_id = await make_product(stack)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"]) as orders:
        for _ in range(count):
            answer = await orders.post(ORDERS, json={"product_id": product_id, "quantity": 1}, headers=stack.admin)
            assert answer.status_code == 201
