import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_commands_run_where_the_workers_metrics_have_no_folder(tmp_path: Path) -> None:
    """As in a container of its own: the image names a folder that only gunicorn makes."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "missing")}

    done = subprocess.run([sys.executable, "-m", "cli", "smoke"], env=environment, check=False, capture_output=True)

    assert done.returncode == 0, done.stderr.decode()
