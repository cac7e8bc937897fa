"""A service's image has only the libraries of its own lock."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from cli.dev.files import ROOT
from cli.services import SERVICES, Service

LOCKED = re.compile(r"^([\w.-]+)==", re.MULTILINE)
WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
import {service}.main
"""


def canonical(name: str) -> str:
    """Return the name of a distribution as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.long
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_is_imported_with_the_libraries_of_its_lock_alone(service: Service) -> None:
    """What other services, the tests and the tools have installed here is missing in its image."""
    lock = (ROOT / "requirements" / f"{service.name}.txt").read_text()
    locked = set(map(canonical, LOCKED.findall(lock)))
    absent = {
        package
        for package, distributions in packages_distributions().items()
        if locked.isdisjoint(map(canonical, distributions))
    } - {"chassis", *(one.name for one in SERVICES)}

    result = subprocess.run(
        [sys.executable, "-B", "-c", WITHOUT.format(absent=absent, service=service.name)],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
