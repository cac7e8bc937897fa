"""Prometheus's promtool, reading what the services expose."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, STDOUT

import pytest

from cli.services import SERVICES
from tests.support.aliases import People
from tests.support.tools import require

pytestmark = pytest.mark.long


async def test_promtool_finds_no_fault_in_metrics(people: People) -> None:
    """The /metrics of each service, after requests, follows Prometheus's rules for names, units and help."""
    promtool = require(shutil.which("promtool"), "promtool", "apt install prometheus")

    for service in SERVICES:
        await people[service.name].get("/livez")
        exposed = await people[service.name].get("/metrics")
        check = await asyncio.create_subprocess_exec(
            promtool, "check", "metrics", stdin=PIPE, stdout=PIPE, stderr=STDOUT
        )
        remarks, _ = await check.communicate(exposed.content)

        assert b"http_requests" in exposed.content
        assert (service.name, remarks.decode(), check.returncode) == (service.name, "", 0)
