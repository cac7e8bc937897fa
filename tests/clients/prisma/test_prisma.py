from pathlib import Path

import pytest

from cli.dev.files import ROOT
from tests.support.node import Node

pytestmark = pytest.mark.long
SCHEMA = ROOT / "content" / "schema"
BY_HAND = "\n-- ---"
"""How the part begins that Prisma does not write."""


async def test_the_tables_are_those_that_prisma_makes(node: Node) -> None:
    """The first part of schema.sql is the DDL that Prisma writes of schema.prisma, byte for byte."""
    written = await node.script(Path(__file__).with_name("ddl.mjs"), SCHEMA / "schema.prisma")

    theirs, _, by_hand = (SCHEMA / "schema.sql").read_text().partition(BY_HAND)

    assert theirs == written
    assert by_hand
