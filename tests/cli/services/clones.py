"""A clone of this project, in which a test creates, removes and merges as a person does."""

import os
import subprocess
import sys
from pathlib import Path


def attempt(clone: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python, with the code of the clone and without an environment of its own."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": str(clone)}
    python = [sys.executable, "-P", "-m", *arguments]
    return subprocess.run(python, cwd=clone, env=environment, check=False, capture_output=True, text=True)


def run(clone: Path, *arguments: str) -> str:
    """Run Python likewise, which must succeed; returns its output."""
    done = attempt(clone, *arguments)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout
