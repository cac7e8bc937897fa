"""`python -m cli keys`: the secrets in a deployment's environment file, and the rotation of link keys."""

import re
from pathlib import Path
from typing import Annotated

import typer
from dotenv import dotenv_values, set_key

from chassis.sealing.envelope import CLAIM_SECONDS
from chassis.sealing.keys import InvalidKeys, KeyRing, generate_key, parse_ring, variable_name
from cli.errors import CommandError
from cli.links import links
from cli.stack.secrets import make_password, make_signing_key

app = typer.Typer(no_args_is_help=True, help="Make, list and rotate the secrets in an environment file.")

File = Annotated[Path, typer.Argument(help="The environment file.")]
_DEFAULT = Path(".env")


@app.command()
def make(file: File = _DEFAULT) -> None:
    """Add every secret that FILE lacks: link keys, CURSOR_KEY and JWT_PRIVATE_KEY. What is there stays."""
    values = _read(file)
    makers = {variable_name(*direction): lambda: f"k1:{generate_key()}" for direction in links()}
    makers |= {"CURSOR_KEY": make_password, "JWT_PRIVATE_KEY": make_signing_key}
    missing = [name for name in makers if not values.get(name) or "change-me" in str(values[name])]
    for name in missing:
        _write(file, name, makers[name]())
    typer.echo(f"{file}: {len(missing)} made, {len(makers) - len(missing)} were there.")


@app.command("list")
def list_keys(file: File = _DEFAULT) -> None:
    """Show the ids of each link's keys, the one that encrypts first; never a key."""
    for name, ring in _rings(file).items():
        ids = ", ".join(key_id for key_id, _ in ring.keys)
        typer.echo(f"{name:<32} {ids}{'' if len(ring.keys) == 1 else '  (rotating)'}")


@app.command()
def rotate(file: File = _DEFAULT) -> None:
    """
    Take the next step of a rotation of all link keys.

    First: a new key is added second, so that every receiver learns it. Then: it is promoted, so that senders use it.
    Deploy FILE to every service after each step.
    """
    rings = _rings(file)
    rotating = {name: ring for name, ring in rings.items() if len(ring.keys) > 1}
    if any(ring.keys[0] == max(ring.keys, key=_number) for ring in rotating.values()):
        raise CommandError(f"The new keys are in use already. End this rotation: python -m cli keys retire {file}")
    if rotating:
        _promote(file, rotating)
    else:
        _add(file, rings)


@app.command()
def retire(file: File = _DEFAULT) -> None:
    """End a rotation: remove every key but the one that encrypts."""
    rings = {name: ring for name, ring in _rings(file).items() if len(ring.keys) > 1}
    for name, ring in rings.items():
        _write(file, name, _text(ring.keys[:1]))
    typer.echo(f"Removed the old keys of {len(rings)} directions. Deploy to every service.")


def _add(file: Path, rings: dict[str, KeyRing]) -> None:
    for name, ring in rings.items():
        number = max(map(_number, ring.keys)) + 1
        _write(file, name, _text((*ring.keys, (f"k{number}", generate_key()))))
    typer.echo(f"Added a new key to {len(rings)} directions. Deploy to every service, then run this again.")


def _promote(file: Path, rings: dict[str, KeyRing]) -> None:
    for name, ring in rings.items():
        _write(file, name, _text((ring.keys[-1], *ring.keys[:-1])))
    wait = f"{CLAIM_SECONDS} s after that: python -m cli keys retire {file}"
    typer.echo(f"Promoted the new keys of {len(rings)} directions. Deploy to every service; {wait}")


def _rings(file: Path) -> dict[str, KeyRing]:
    values = _read(file)
    names = [variable_name(*direction) for direction in links()]
    missing = [name for name in names if not values.get(name)]
    if missing:
        raise CommandError(f"{file} lacks {', '.join(missing)}. `python -m cli keys make {file}` makes them.")
    try:
        return {name: parse_ring(name, str(values[name])) for name in names}
    except InvalidKeys as error:
        raise CommandError(str(error)) from error


def _read(file: Path) -> dict[str, str | None]:
    return dotenv_values(file, interpolate=False) if file.exists() else {}


def _write(file: Path, name: str, value: str) -> None:
    file.touch()
    file.chmod(0o600)  # it holds secrets from now on, whatever it held before
    set_key(file, name, value)


def _text(keys: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f"{key_id}:{key}" for key_id, key in keys)


def _number(key: tuple[str, str]) -> int:
    """Give 3 for k3; 0 for an id of another form."""
    match = re.fullmatch(r"k(\d{1,9})", key[0])
    return int(match[1]) if match else 0
