"""Generators of clients, and a linter, read the OpenAPI descriptions of the services."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.support.node import Node
from tests.support.python_clients import PythonClients

pytestmark = pytest.mark.long

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


async def test_python_is_generated_for_every_route(
    python_clients: PythonClients, documents: dict[str, Path], tmp_path: Path
) -> None:
    """openapi-python-client warns of nothing, so it skips no route, and each module that it writes can be imported."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("post_hooks: []\n")  # formatters, which are not needed
    options = ("--fail-on-warning", "--meta", "none", "--config", settings)

    for name, file in documents.items():
        output = tmp_path / f"{name}_client"
        await python_clients.tool(
            "openapi-python-client", "generate", *options, "--path", file, "--output-path", output
        )

    await python_clients.tool("python", "-c", _IMPORT_ALL, tmp_path, *(f"{name}_client" for name in documents))
    operations = [one for file in documents.values() for one in json.loads(file.read_text())["paths"].values()]
    assert len(found(tmp_path, "*_client/api/*/[a-z]*.py")) == sum(map(len, operations))
