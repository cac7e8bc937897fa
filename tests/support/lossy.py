"""A dispatcher that loses answers: the service does its work, but the caller gets no answer."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from chassis.dispatch.dispatcher import Dispatcher
from cli.client import client
from tests.support.fault_proxy import Exchange, FaultProxy, losing, passing


@asynccontextmanager
async def losing_answers(environment: Mapping[str, str], service: str, lost: int = 2) -> AsyncIterator[Dispatcher]:
    """Yield a dispatcher of the outside client that loses the first answers of a service."""
    variable = f"{service.upper()}_SERVICE_URL"

    async def lose_some(exchange: Exchange) -> None:
        await (losing if proxy.seen <= lost else passing)(exchange)

    async with (
        FaultProxy(environment[variable], lose_some) as proxy,
        client({**environment, variable: proxy.address}) as dispatcher,
    ):
        yield dispatcher
