from pathlib import Path

import pytest

from tests.system.people import log_in
from tests.system.stack import Stack, run_command

pytestmark = pytest.mark.long


async def test_nothing_is_restored_while_a_service_runs(stack: Stack, tmp_path: Path) -> None:
    """A restore is refused, since a running service would write into it; the data stays."""
    await log_in(stack.environment)
    assert (await run_command(stack, "backup", str(tmp_path / "backup")))[0] == 0

    code, said = await run_command(stack, "restore", str(tmp_path / "backup"), "--yes")

    assert code == 1
    assert "stop the services first" in said
    assert await log_in(stack.environment)


async def test_a_backup_replaces_no_other(stack: Stack, tmp_path: Path) -> None:
    """An existing folder is left alone."""
    code, said = await run_command(stack, "backup", str(tmp_path))

    assert code == 1
    assert "exists already" in said
