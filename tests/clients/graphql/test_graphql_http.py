"""The audits of graphql-http, the reference implementation of GraphQL over HTTP."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.gateway.graphql.tiny_graphql import serve_graphql
from tests.support.node import Node

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).with_name("graphql_audits.mjs")
NOT_WELL_FORMED = "422 for what is not a well-formed request"
SUPERSEDED = {
    "423L": NOT_WELL_FORMED,
    "3E3A": NOT_WELL_FORMED,
    **{f"{parameter}{number}": NOT_WELL_FORMED for parameter in ("LKJ", "6C0", "476", "58B") for number in range(4)},
    "86EE": "422 for variables of the wrong type",
    "572B": "errors have their own status for a client that accepts application/json alone: 400",
    "FDE2": "the same: 400, as the name in it begins with a digit, so that it cannot be parsed",
    "7B9B": "the same: 422",
}
"""Audits that want what the release September 2026 of the specification has replaced, and what it says now."""


async def test_the_server_passes_the_audits(node: Node) -> None:
    """All that MUST be is, and of the rest all that the specification still wants."""
    async with serve_graphql() as tiny:
        printed = await node.script(PROGRAM, f"{tiny.client.base_url}/graphql")

    audits = {audit["id"]: audit for audit in json.loads(printed)}
    failed = {name: f"{audit['name']}: {audit['reason']}" for name, audit in audits.items() if audit["status"] != "ok"}
    assert len(audits) == 61
    assert Counter(audit["name"].split()[0] for audit in audits.values())["MUST"] == 13
    assert {name: reason for name, reason in failed.items() if name not in SUPERSEDED} == {}
    assert failed.keys() == SUPERSEDED.keys()
