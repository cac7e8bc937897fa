"""Customers who look at the catalogue and order; the run ends when each has made its orders."""

import os
from uuid import uuid4

from locust import HttpUser, constant, task
from locust.exception import StopUser

ORDERS = "/api/v1/orders"
ORDERS_EACH = 5
finished = list["Customer"]()


class Customer(HttpUser):
    """A person who is logged in."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Log in."""
        login = {"username": os.environ["LOCUST_NAME"], "password": os.environ["LOCUST_PASSWORD"]}
        answer = self.client.post("/api/v1/users/login", json=login)
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.ordered = 0

    @task  # type: ignore[untyped-decorator]  # locust is installed elsewhere
    def order(self) -> None:
        """Order the first product of the catalogue, and read the order."""
        product = self.client.get("/api/v1/products").json()["items"][0]
        wanted = {"product_id": product["id"], "quantity": 1}
        order = self.client.post(ORDERS, json=wanted, headers={"Idempotency-Key": str(uuid4())}).json()
        self.client.get(f"{ORDERS}/{order['id']}", name=f"{ORDERS}/<id>")
        self.ordered += 1
        if self.ordered == ORDERS_EACH:
            raise StopUser

    def on_stop(self) -> None:
        """End the run with the last customer."""
        finished.append(self)
        if len(finished) == self.environment.parsed_options.num_users:
            self.environment.runner.quit()
