"""`bin/cli keys`: the secrets in a deployment's environment file, and the rotation of its keys."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from chassis.sealing.access import CLIENT
from chassis.sealing.keys import InvalidKeys, generate_key, variable_name
from cli.dev.environment import service_environment
from cli.dev.secrets import make_password, make_signing_key
from cli.errors import CommandError
from cli.keys.rings import Kind, Ring, handling_of, is_waiting, newest_first
from cli.keys.secrets_file import editing, is_json, read
from cli.links import links
from cli.services import SERVICES, STORED

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Create, list and rotate the secrets in an environment file."
)

Which = Annotated[Kind, typer.Argument(help="The keys of the links between services, or those that sign tokens.")]
File = Annotated[Path, typer.Argument(help="The environment file, or all.json of deploy.make_secrets.")]
Force = Annotated[bool, typer.Option("--force", help="Remove new keys that were never in use, too.")]
_DEFAULT = Path("production.env")


@app.command()
def make(file: File = _DEFAULT) -> None:
    """
    Add what is missing in FILE; the rest stays.

    Link keys, CURSOR_KEY, JWT_PRIVATE_KEY, and in an environment file ENVIRONMENT=production.
    """
    makers = {variable_name(*direction): lambda: f"k1:{generate_key()}" for direction in links()}
    makers |= {"CURSOR_KEY": make_password, "JWT_PRIVATE_KEY": make_signing_key}
    with editing(file, create=True) as values:
        if not is_json(file) and not values.get("PRODUCTION"):  # make_secrets writes secrets only
            makers = {"ENVIRONMENT": lambda: "production"} | makers
        missing = [name for name in makers if not values.get(name) or "change-me" in values[name]]
        values.update({name: makers[name]() for name in missing})
    typer.echo(f"{file}: {len(missing)} added, {len(makers) - len(missing)} already present.")
    typer.echo("".join(f"  {name}\n" for name in missing), nl=False)
    if "ENVIRONMENT" in values:
        typer.echo(f"ENVIRONMENT is {values['ENVIRONMENT']}.")
    _print_steps(*_addresses(file, values), *_deploy(file, missing))


@app.command("list")
def list_keys(kind: Which, file: File = _DEFAULT) -> None:
    """List the ids of the keys, the one in use first, and the next step of a rotation; never a key."""
    rings = _rings(kind, file, read(file))
    for name, ring in rings.items():
        ids = ", ".join(handling_of(kind).names(ring))
        typer.echo(f"{name:<32} {ids}{'' if len(ring) == 1 else '  (rotating)'}")
    typer.echo(_state(kind, file, rings))


@app.command()
def rotate(kind: Which, file: File = _DEFAULT) -> None:
    """Begin to rotate all keys of a kind: add new keys, which are accepted everywhere before they are used."""
    handling = handling_of(kind)
    with editing(file) as values:
        rings = _rings(kind, file, values)
        if any(len(ring) > 1 for ring in rings.values()):
            raise CommandError(_state(kind, file, rings))
        values.update({name: handling.text(handling.add_key(ring)) for name, ring in rings.items()})
    typer.echo(f"Added new keys: {len(rings)}. They are not in use yet.")
    _print_steps(*_deploy(file, rings), _then(kind, "promote", file))


@app.command()
def promote(kind: Which, file: File = _DEFAULT) -> None:
    """Use the new keys; the old ones stay, as messages and tokens of theirs are under way."""
    with editing(file) as values:
        rings = _rings(kind, file, values)
        waiting = {name: ring for name, ring in rings.items() if is_waiting(ring)}
        if not waiting:
            raise CommandError(_state(kind, file, rings))
        values.update({name: handling_of(kind).text(newest_first(ring)) for name, ring in waiting.items()})
    typer.echo(f"Promoted new keys: {len(waiting)}.")
    _print_steps(*_deploy(file, waiting), _then(kind, "retire", file))


@app.command()
def retire(kind: Which, file: File = _DEFAULT, *, force: Force = False) -> None:
    """End a rotation: remove every key but the one in use."""
    with editing(file) as values:
        rings = _rings(kind, file, values)
        rotating = {name: ring for name, ring in rings.items() if len(ring) > 1}
        if not rotating:
            raise CommandError(_state(kind, file, rings))
        removed = ", ".join(sorted({key for ring in rotating.values() for key in handling_of(kind).names(ring)[1:]}))
        if not force and any(map(is_waiting, rotating.values())):
            raise CommandError(
                f"{_state(kind, file, rings)}\nOr end the rotation without the new keys: add --force, and `retire` "
                f"removes {removed} (variables: {len(rotating)}). The keys in use stay."
            )
        values.update({name: handling_of(kind).text(ring[:1]) for name, ring in rotating.items()})
    typer.echo(f"Removed {removed} (variables: {len(rotating)}).")
    _print_steps(*_deploy(file, rotating))


def _state(kind: Kind, file: Path, rings: Mapping[str, Ring]) -> str:
    """Return the state of a rotation, which the file shows by the order of its keys, and the next step."""
    if any(map(is_waiting, rings.values())):
        return f"The new keys are added, but not in use yet. Once they are deployed: {_then(kind, 'promote', file)}"
    if any(len(ring) > 1 for ring in rings.values()):
        return (
            "The new keys are in use, and the old ones are still accepted. "
            f"Once this is deployed: {_then(kind, 'retire', file)}"
        )
    return f"No rotation is under way. To begin one: bin/cli keys rotate {kind} {file}"


def _then(kind: Kind, command: str, file: Path) -> str:
    """Return the next step, and how long after the deployment it may be taken."""
    wait_s = handling_of(kind).promote_after_s if command == "promote" else handling_of(kind).retire_after_s
    return f"{f'{wait_s} s later, ' if wait_s else ''}bin/cli keys {command} {kind} {file}"


def _addresses(file: Path, values: Mapping[str, str]) -> list[str]:
    """Return the step that adds the addresses which only a person knows; make_secrets adds them to its files."""
    stores = dict.fromkeys(name for one in STORED for name in (one.store_variable, one.owner_variable))
    wanted = [*stores, *(one.url_variable for one in SERVICES)]
    missing = [name for name in wanted if not values.get(name)]
    return [f"add to {file}, as .env.example explains: {', '.join(missing)}"] if missing and not is_json(file) else []


def _deploy(file: Path, changed: Iterable[str]) -> list[str]:
    """Return the steps that deploy the variables *changed*: services that are called come before their callers."""
    names = dict.fromkeys(changed, "")
    receivers = [service.name for service in SERVICES if service_environment(service, names)]
    if any(CLIENT.upper() in name.split("__") for name in names):
        receivers.append(f"the programs outside that have the keys of {CLIENT}")
    if not receivers:
        return []
    write = [f".venv/bin/python -m deploy.make_secrets {file.parent}"] if is_json(file) else []
    return [*write, f"deploy to {', then '.join(receivers)}"]


def _print_steps(*steps: str) -> None:
    if steps:
        typer.echo("\n".join(["Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, start=1))]))


def _rings(kind: Kind, file: Path, values: Mapping[str, str]) -> dict[str, Ring]:
    handling = handling_of(kind)
    names = handling.variables()
    missing = [name for name in names if not values.get(name)]
    if missing:
        raise CommandError(f"{file} lacks {', '.join(missing)}. `bin/cli keys make {file}` adds them.")
    try:
        return {name: handling.parse(name, values[name]) for name in names}
    except (InvalidKeys, ValueError) as error:
        raise CommandError(str(error)) from error
