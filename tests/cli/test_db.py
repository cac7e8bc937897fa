"""Alembic as `bin/cli db` uses it."""

import shutil
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from cli.db import read_config
from cli.dev.files import ROOT


@pytest.mark.parametrize("name", ["100%", "a%b", "%(here)s", "ü and space"])
def test_a_checkout_may_be_called_anything(tmp_path: Path, name: str) -> None:
    """The migrations are found, whatever the path of the repository contains."""
    (tmp_path / name / "user" / "migrations" / "versions").mkdir(parents=True)
    shutil.copy(ROOT / "user" / "alembic.ini", tmp_path / name / "user")

    script = ScriptDirectory.from_config(read_config(tmp_path / name / "user" / "alembic.ini"))

    assert Path(script.dir) == tmp_path / name / "user" / "migrations"
