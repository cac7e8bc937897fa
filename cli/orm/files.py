"""The generated files of a service's ``orm/``."""

import json
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from chassis.postgres.columns import STORED, SchemaColumns
from cli.dev.files import ROOT
from cli.orm.names import quoted
from cli.orm.reading import Reading
from cli.orm.stored import COLUMNS_FILE

_RUFF = Path(sysconfig.get_path("scripts"), "ruff")
TABLES_FILE, VIEWS_FILE = "tables.py", "views.py"


def render(reading: Reading, service: str, namespace: str) -> Mapping[str, str]:
    """Return the generated files: name -> text."""
    return {
        TABLES_FILE: _module(reading.tables, service, "tables", "make models", namespace),
        VIEWS_FILE: _module(reading.views, service, "views", "make view-models", namespace),
        COLUMNS_FILE: _columns(SchemaColumns(namespace, reading.columns)),
    }


def write(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write files all at once, as far as a file system can; returns the names of those that changed."""
    folder.mkdir(exist_ok=True)
    changed = [name for name, text in files.items() if read(folder / name) != text]
    drafts = {folder / name: folder / f"{name}.new" for name in changed}
    for path, draft in drafts.items():
        draft.write_text(files[path.name], encoding="utf-8")
    for path, draft in drafts.items():
        draft.replace(path)
    (folder / "__init__.py").touch()
    return changed


def read(path: Path) -> str:
    """Return the text of a file; empty without one."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _columns(reading: SchemaColumns) -> str:
    """Return the columns as JSON, each in a line of its own, as a difference is read by people, too."""
    described = STORED.dump_python(reading, exclude_defaults=True)
    blocks = []
    for table, columns in described["tables"].items():
        lines = ",\n".join(f"      {json.dumps(name)}: {json.dumps(column)}" for name, column in columns.items())
        blocks.append(f"    {json.dumps(table)}: {{\n{lines}\n    }}")
    tables = ",\n".join(blocks)
    return f'{{\n  "schema": {json.dumps(reading.schema)},\n  "tables": {{\n{tables}\n  }}\n}}\n'


def _module(body: str, service: str, what: str, command: str, namespace: str) -> str:
    about = f'''"""
The {what} of schema ``{quoted(namespace)}``, which is not ours. Generated: never edit this file.

`{command} SERVICE={service}` writes it from {service}/schema/schema.sql, or from the database that DATABASE_URL names.
"""

'''
    name = f"{service}/orm/{what}.py"
    ours = f"--config=lint.isort.known-first-party=['chassis', '{service}']"
    lint = ["check", "--fix", "--exit-zero", "--quiet", "--ignore-noqa", "--select=I,F401", ours]
    return _ruff(["format"], _ruff(lint, about + body, name), name)


def _ruff(command: Sequence[str], text: str, name: str) -> str:
    """Return *text* as ruff, with the project's settings, leaves it."""
    settings = ["--no-cache", f"--config={ROOT / 'pyproject.toml'}", f"--stdin-filename={name}", "-"]
    result = subprocess.run(
        [_RUFF, *command, *settings], cwd=ROOT, input=text, capture_output=True, text=True, check=True
    )
    return result.stdout
