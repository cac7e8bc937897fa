"""People who log in and read their profile; the run ends when each has read it five times."""

import os

from locust import HttpUser, constant, task
from locust.exception import StopUser

USERS = "/api/v1/users"
READS_EACH = 5
finished = list["Person"]()


class Person(HttpUser):
    """A person who is logged in."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Log in."""
        login = {"username": os.environ["LOCUST_NAME"], "password": os.environ["LOCUST_PASSWORD"]}
        answer = self.client.post(f"{USERS}/login", json=login)
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.read = 0

    @task  # type: ignore[untyped-decorator]  # locust is installed elsewhere
    def read_profile(self) -> None:
        """Read the own profile."""
        self.client.get(f"{USERS}/profile")
        self.read += 1
        if self.read == READS_EACH:
            raise StopUser

    def on_stop(self) -> None:
        """End the run with the last person."""
        finished.append(self)
        if len(finished) == self.environment.parsed_options.num_users:
            self.environment.runner.quit()
