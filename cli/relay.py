"""`bin/cli relay`: deliver a service's events in a separate process."""

import asyncio
import signal
from importlib import import_module

from fastapi import FastAPI

from chassis.application import application_of
from chassis.settings import InvalidSettings
from chassis.telemetry import sentry as error_reports
from chassis.telemetry import tracing
from cli.databases import opened
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.events import publishers


def relay(service: str) -> None:
    """
    Deliver the events of SERVICE until Ctrl-C or SIGTERM; its web processes may then run with RELAY=false.

    Raises:
        CommandError: There is no such service, it publishes no events, or its settings are invalid.
    """
    use_running_stack(publishers(service))
    try:
        app: FastAPI = import_module(f"{service}.main").build()
    except InvalidSettings as error:
        raise CommandError(str(error)) from error
    asyncio.run(_deliver(app))


async def _deliver(app: FastAPI) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    its = application_of(app)
    assert its.store
    assert its.relay
    async with (
        tracing.exporting(its.settings),
        error_reports.reporting(its.settings),
        opened(its.store),
        its.relay.running(its.settings.peer_urls, its.envelope),
    ):
        await stopped.wait()
