"""`bin/cli keys`: the secrets in a deployment's environment file, and the rotation of its keys."""

import json
from pathlib import Path
from typing import Annotated

import typer
from dotenv import dotenv_values, set_key

from chassis.sealing.keys import InvalidKeys, generate_key, variable_name
from cli.dev.files import write_private
from cli.dev.secrets import make_password, make_signing_key
from cli.errors import CommandError
from cli.keys import write_keys
from cli.keys.rings import HANDLING, Kind, Ring, number_of
from cli.links import links

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Create, list and rotate the secrets in an environment file."
)
app.add_typer(write_keys.app, name="write")

Which = Annotated[Kind, typer.Argument(help="The keys of the links between services, or those that sign tokens.")]
File = Annotated[Path, typer.Argument(help="The environment file, or all.json of deploy.make_secrets.")]
_DEFAULT = Path(".env")


@app.command()
def make(file: File = _DEFAULT) -> None:
    """Add every secret that is missing in FILE: link keys, CURSOR_KEY and JWT_PRIVATE_KEY. The others stay."""
    values = _read(file)
    makers = {variable_name(*direction): lambda: f"k1:{generate_key()}" for direction in links()}
    makers |= {"CURSOR_KEY": make_password, "JWT_PRIVATE_KEY": make_signing_key}
    missing = [name for name in makers if not values.get(name) or "change-me" in str(values[name])]
    for name in missing:
        _write(file, name, makers[name]())
    typer.echo(f"{file}: {len(missing)} added, {len(makers) - len(missing)} already present.")


@app.command("list")
def list_keys(kind: Which, file: File = _DEFAULT) -> None:
    """List the ids of the keys, the one in use first; never a key."""
    for name, ring in _rings(kind, file).items():
        ids = ", ".join(HANDLING[kind].names(ring))
        typer.echo(f"{name:<32} {ids}{'' if len(ring) == 1 else '  (rotating)'}")


@app.command()
def rotate(kind: Which, file: File = _DEFAULT) -> None:
    """
    Take the next step of rotating all keys of a kind.

    The first step adds a new key in second place, so that receivers know it. The second step promotes it to use.
    Deploy FILE after each step, as the command says.
    """
    rings = _rings(kind, file)
    rotating = {name: ring for name, ring in rings.items() if len(ring) > 1}
    if any(ring[0] == max(ring, key=number_of) for ring in rotating.values()):
        raise CommandError(f"The new keys are already in use. End this rotation: bin/cli keys retire {kind} {file}")
    if rotating:
        _promote(kind, file, rotating)
    else:
        _add(kind, file, rings)


@app.command()
def retire(kind: Which, file: File = _DEFAULT) -> None:
    """End a rotation: remove every key but the one in use."""
    rings = {name: ring for name, ring in _rings(kind, file).items() if len(ring) > 1}
    for name, ring in rings.items():
        _write(file, name, HANDLING[kind].text(ring[:1]))
    typer.echo(f"Removed old keys: {len(rings)}. Deploy to {HANDLING[kind].deploy_to}.")


def _add(kind: Kind, file: Path, rings: dict[str, Ring]) -> None:
    handling = HANDLING[kind]
    for name, ring in rings.items():
        number = max(map(number_of, ring)) + 1
        _write(file, name, handling.text((*ring, (f"k{number}", handling.make_key()))))
    typer.echo(f"Added new keys: {len(rings)}. {_then(kind, handling.promote_after_s, 'rotate', file)}")


def _promote(kind: Kind, file: Path, rings: dict[str, Ring]) -> None:
    handling = HANDLING[kind]
    for name, ring in rings.items():
        _write(file, name, handling.text((ring[-1], *ring[:-1])))
    typer.echo(f"Promoted new keys: {len(rings)}. {_then(kind, handling.retire_after_s, 'retire', file)}")


def _then(kind: Kind, wait_s: int, command: str, file: Path) -> str:
    """Return the next step, and how long after the deployment it may be taken."""
    when = f"{wait_s} s after that" if wait_s else "after that"
    return f"Deploy to {HANDLING[kind].deploy_to}; {when}: bin/cli keys {command} {kind} {file}"


def _rings(kind: Kind, file: Path) -> dict[str, Ring]:
    values, handling = _read(file), HANDLING[kind]
    names = handling.variables()
    missing = [name for name in names if not values.get(name)]
    if missing:
        raise CommandError(f"{file} lacks {', '.join(missing)}. `bin/cli keys make {file}` adds them.")
    try:
        return {name: handling.parse(name, str(values[name])) for name in names}
    except (InvalidKeys, ValueError) as error:
        raise CommandError(str(error)) from error


def _read(file: Path) -> dict[str, str | None]:
    if not file.exists():
        return {}
    if _is_json(file):
        secrets: dict[str, str | None] = json.loads(file.read_text())
        return secrets
    return dotenv_values(file, interpolate=False)


def _write(file: Path, name: str, value: str) -> None:
    if _is_json(file):
        write_private(file, json.dumps(_read(file) | {name: value}, indent=2))
        return
    file.touch()
    file.chmod(0o600)  # from now on it contains secrets
    set_key(file, name, value)


def _is_json(file: Path) -> bool:
    """Whether the file is the one in which `python -m deploy.make_secrets` stores all secrets."""
    return file.suffix == ".json"
