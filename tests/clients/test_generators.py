"""Generators of clients, and a linter, read the OpenAPI descriptions of the services."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from cli.dev.files import ROOT
from tests.support.node import Node, run

pytestmark = pytest.mark.long

PYTHON_GENERATOR = "openapi-python-client==0.29.1"
_UV = (Path(sys.executable), "-I", ROOT / "requirements" / "install.py", "--uv")
_IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        importlib.import_module(module.name)
"""


@pytest.fixture
def documents(apps: dict[str, FastAPI], tmp_path: Path) -> dict[str, Path]:
    """The description of each service, in a file."""
    files = {name: tmp_path / f"{name}.json" for name in apps}
    for name, file in files.items():
        file.write_text(json.dumps(apps[name].openapi()))
    return files


@pytest.fixture(scope="session")
async def python() -> Path:
    """A Python with the generator, which pins libraries that we have in other versions."""
    folder = ROOT / ".venv-clients" / "python"
    stamp = folder / ".ready"
    if not stamp.exists() or stamp.read_text() != PYTHON_GENERATOR:
        shutil.rmtree(folder, ignore_errors=True)
        await run(*_UV, "venv", "--quiet", "--python", sys.executable, folder)
        await run(*_UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", PYTHON_GENERATOR)
        stamp.write_text(PYTHON_GENERATOR)
    return folder / "bin" / "python"


def found(folder: Path, pattern: str) -> list[Path]:
    """Return the files that match."""
    return list(folder.glob(pattern))


async def test_spectral_finds_nothing(node: Node, documents: dict[str, Path], tmp_path: Path) -> None:
    """The rules of spectral:oas hold, hints included."""
    rules = tmp_path / "rules.yaml"
    rules.write_text('extends: ["spectral:oas"]\n')

    await node.tool("spectral", "lint", "--quiet", "--fail-severity", "hint", "--ruleset", rules, *documents.values())


async def test_typescript_compiles(node: Node, documents: dict[str, Path], tmp_path: Path) -> None:
    """What openapi-typescript and hey-api generate passes the strict compiler."""
    for name, file in documents.items():
        await node.tool("openapi-typescript", file, "--output", tmp_path / "types" / f"{name}.ts")
        await node.tool("openapi-ts", "--input", file, "--output", tmp_path / "hey" / name)

    generated = found(tmp_path, "**/*.ts")
    assert len(generated) > 2 * len(documents)
    modern = ("--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")
    await node.tool("tsc", "--noEmit", "--strict", *modern, "--lib", "es2022,dom,dom.iterable", *generated)


async def test_python_is_generated_for_every_route(python: Path, documents: dict[str, Path], tmp_path: Path) -> None:
    """openapi-python-client warns of nothing, so it skips no route, and each module that it writes can be imported."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("post_hooks: []\n")  # formatters, which are not needed
    command = ("-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none", "--config", settings)

    for name, file in documents.items():
        await run(python, *command, "--path", file, "--output-path", tmp_path / f"{name}_client")

    await run(python, "-c", _IMPORT_ALL, tmp_path, *(f"{name}_client" for name in documents))
    operations = [one for file in documents.values() for one in json.loads(file.read_text())["paths"].values()]
    assert len(found(tmp_path, "*_client/api/*/[a-z]*.py")) == sum(map(len, operations))
