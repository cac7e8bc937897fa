"""Asking each route of the services as each principal, in a world that is made for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func

from chassis.sealing.access import CLIENT
from cli.routes import declared_routes
from cli.services.discovery import url_variable
from tests.sealing.messages import Forge, send
from tests.support.access import ANSWERS, OK, PASSWORD, PRINCIPALS, name_of, table_of
from tests.support.aliases import Bearer, Empty
from user.models import User, UserSession
from user.schemas import UserCreate
from user.services.create_user import create_user


@dataclass(frozen=True, slots=True)
class World:
    """Creates people of each role, with two admins (the last one cannot be removed), and the things of one service."""

    apps: dict[str, FastAPI]
    empty: Empty
    password_hash: str

    async def make(self, service: str) -> tuple[dict[str, User], dict[str, str]]:
        """
        Create them anew, and nothing else; each person has a session with the person's id.

        Returns the people, and the parameters of the paths.
        """
        await self.empty()
        roles = {"ada": "user", "bob": "user", **{one: one for one in ("analyst", "editor", "admin")}, "root": "admin"}
        made = {}
        async with self.apps["user"].state.application.store.transaction() as session:
            for name, role in roles.items():
                new = UserCreate(username=name, email=f"{name}@example.org", password=SecretStr(PASSWORD))
                made[name] = user = await create_user(session, new, self.password_hash, role)
                session.add(UserSession(id=user.id, user_id=user.id, expires_at=func.now() + timedelta(hours=1)))
        return made, await table_of(service).make_things(self.apps, made["ada"].id)


class Asker:
    """
    Sends the valid request of a route of one service, as any principal.

    Args:
        through: The service that is asked instead, and forwards the requests.
    """

    def __init__(self, environment: dict[str, str], bearer: Bearer, world: World, through: str | None = None) -> None:
        self._environment = environment
        self._bearer = bearer
        self._world = world
        self._through = through
        self._service = ""
        self._users: dict[str, User] = {}
        self._parameters: dict[str, str] = {}

    async def renew(self, service: str) -> None:
        """Start with a new world, for requests to a service."""
        self._service = service
        self._users, self._parameters = await self._world.make(service)

    async def outcome(self, route: str, principal: str) -> int:
        """Send as one of PRINCIPALS, or sealed as a service; returns the status, or OK for any 2xx."""
        caller = CLIENT if principal in PRINCIPALS else principal
        forge = self._forge(caller, route, principal)
        is_sealed = principal == CLIENT or principal not in PRINCIPALS
        url = self._environment[url_variable(self._through or self._service)]
        answer = await send(url, forge.valid() if is_sealed else forge.plain())
        return OK if answer.status // 100 == 2 else answer.status

    def _forge(self, caller: str, route: str, principal: str) -> Forge:
        table, (method, path) = table_of(self._service), route.split(" ")
        token = (
            {"authorization": self._bearer(self._users[principal])["Authorization"]} if principal in self._users else {}
        )
        path, query = filled(path, self._parameters, self._service), table.queries.get(route, "")
        return Forge(caller, self._service, self._environment, method, path, query, table.bodies.get(route), token)


def filled(path: str, parameters: Mapping[str, str], service: str) -> str:
    """
    Return the path of a service's route with its parameters filled in.

    Raises:
        AssertionError: One is missing; the message says where to add it.
    """
    try:
        return path.format_map(parameters)
    except KeyError as missing:
        raise AssertionError(f"{path}: return {missing} from make_things in tests/{service}/access.py") from None


def policies(apps: dict[str, FastAPI], service: str) -> dict[str, str]:
    """Route -> policy, for all routes of a service; ``disagreements`` names those without a policy."""
    routes = [name_of(one) for one in declared_routes({service: apps[service]})]
    return {route: policy for route in routes if (policy := table_of(service).policy_of(route))}


def questions(apps: dict[str, FastAPI], service: str) -> dict[tuple[str, str], int]:
    """Route and principal -> the answer that the policy prescribes, for all routes of a service."""
    return {
        (route, principal): answer
        for route, policy in policies(apps, service).items()
        for principal, answer in zip(PRINCIPALS, ANSWERS[policy.partition(":")[0]], strict=True)
    }
