"""The table that a service is to serve."""

from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from sqlalchemy.orm import DeclarativeBase

from cli.errors import CommandError
from cli.services.reflecting.serving import Served


def served_in(file: Path) -> list[Served]:
    """Return the tables of a generated module that have a primary key, by their names."""
    spec = spec_from_file_location(f"reflected_{id(file)}", file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    models = [one for one in vars(module).values() if isinstance(one, type) and hasattr(one, "__table__")]
    return sorted((Served(one) for one in models if issubclass(one, DeclarativeBase)), key=lambda one: one.table)


def choose(found: Sequence[Served], wanted: str | None, command: str) -> Served:
    """
    Return the wanted table, or the only one that can be served.

    Args:
        command: The command to which the choice is added, for the message.

    Raises:
        CommandError: There is no such table, none can be served, or several can; the message lists them.
    """
    usable = [one for one in found if not any(one.obstacles())]
    if wanted is None and len(usable) == 1:
        return usable[0]
    chosen = next((one for one in found if one.table == wanted), None)
    if chosen in usable and chosen:
        return chosen
    if chosen:
        raise CommandError(f"{wanted} cannot be served: {'; '.join(chosen.obstacles())}.")
    about = f"There is no table '{wanted}' with a primary key." if wanted else "Choose one of the tables."
    others = [f"  {one.table} cannot be served: {'; '.join(one.obstacles())}" for one in found if one not in usable]
    if not usable:
        raise CommandError("\n".join(["No table can be served; each needs a primary key.", *others]))
    lines = [f"  {one.describe()}" for one in usable]
    raise CommandError("\n".join([about, *lines, *others, f"For example: {command} --table {usable[0].table}"]))
