"""`bin/cli service create`: a skeleton's copy, which is tried in a copy of the project before anything is written."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from cli.dev.databases import DATABASE_PORTS
from cli.dev.files import LOCK, SECRETS
from cli.dev.lock import is_held
from cli.dev.polling import wait_until
from cli.dev.ports import holder_of, is_free, is_ready
from cli.errors import CommandError
from cli.services.clean_tree import require_clean_tree
from cli.services.copying import SKELETON_OF, copied, write_files
from cli.services.declaring_calls import declare_calls
from cli.services.discovery import DECLARATION, ROOT, SERVICES, Kind
from cli.services.drafts import apply, changed_files, difference, drafted, render_draft, run_in_draft, settle
from cli.services.naming import check_new_name
from cli.services.reflecting.ddl import is_address, read_ddl
from cli.services.subscriptions import subscribe

ERASURES = "user.deleted"
"""The event that a new service consumes: what it stores about a person ends with the account."""
STATISTICS = "analytics"
"""The service to which a new one delivers its events, if it is there."""
_PORTS = range(1024, 2**16)
_PATIENCE_S = 90.0
_MAKE_SECRETS = """
import sys
from pathlib import Path
from cli.dev.secrets import ensure_secrets
from cli.links import links
ensure_secrets(Path(sys.argv[1]), links())
"""


def create(  # noqa: PLR0913 - options of a command
    name: str,
    *,
    database: Annotated[
        str, typer.Option(help="postgres, mongodb, none, or reflected: tables that another team owns.")
    ] = "postgres",
    schema: Annotated[
        str | None,
        typer.Option(help="Of reflected: the DDL of the tables, or postgresql://… that has them."),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Of reflected: the table to serve, if there are several.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: the one after the highest.")] = None,
    calls: Annotated[str, typer.Option(help="The services that it calls, as in product,user.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")] = False,
) -> None:
    """
    Create the service NAME: a copy of a skeleton, with tests, and its name wherever services are named.

    Everything is tried before anything is written.

    Raises:
        CommandError: Something cannot be used, or git does not have all changes; nothing was created.
    """
    began = monotonic()
    check_new_name(name, ROOT)
    kind, chosen, peers = known_kind(database), free_port(port), known_peers(calls)
    ddl = ddl_of(kind, schema, table)
    require_clean_tree(ROOT)
    with drafted(ROOT) as draft:
        add_service(draft, name, kind, chosen, peers)
        remark = reflect(draft / name, ddl, table, str(schema)) if kind == "reflected" else ""
        complete(draft, name)
        changes, files = difference(draft), changed_files(draft)
        if not dry_run:
            if SECRETS.exists():  # before the running stack finds the service
                run_in_draft(draft, "-c", _MAKE_SECRETS, str(SECRETS))
            apply(ROOT, changes)
    typer.echo(f"{'Would create' if dry_run else 'Created'} {name} (port {chosen}, database: {kind}):")
    typer.echo(listing(name, files))
    if remark:
        typer.echo(f"\n{remark}")
    if not dry_run:
        typer.echo(next_steps(name, chosen))
        wait_for_docs(chosen, began)


def known_kind(database: str) -> Kind:
    """
    Return the kind of a database.

    Raises:
        CommandError: There is no skeleton for it.
    """
    for kind in SKELETON_OF:
        if kind == database:
            return kind
    raise CommandError(f"'{database}' is no kind of database. Use one of {', '.join(SKELETON_OF)}.")


def ddl_of(kind: Kind, schema: str | None, table: str | None) -> str:
    """
    Return the DDL of the tables that a service reflects; empty for other kinds of services.

    Raises:
        CommandError: It cannot be read, or *schema* and *table* do not belong to the kind.
    """
    if kind == "reflected" and schema:
        return read_ddl(schema)
    if kind == "reflected":
        raise CommandError(
            "--database reflected needs --schema: a file with the DDL of the other team's tables, or the address of a "
            "database that has them (postgresql://…)."
        )
    if schema or table:
        raise CommandError(f"--{'schema' if schema else 'table'} belongs to --database reflected.")
    return ""


def free_port(wanted: int | None) -> int:
    """
    Return the port of a new service: the wanted one, otherwise the first free one after those of the services.

    Raises:
        CommandError: It is taken, or not one that a service may have.
    """
    taken = {service.port: service.name for service in SERVICES} | {
        number: f"the {kind} of `make run`" for kind, number in DATABASE_PORTS.items()
    }
    if wanted is None:
        return next(one for one in range(max(service.port for service in SERVICES) + 1, 2**16) if is_usable(one, taken))
    if wanted not in _PORTS:
        raise CommandError(f"--port {wanted}: use one from 1024 to 65535.")
    if not is_usable(wanted, taken):
        raise CommandError(f"--port {wanted} belongs to {taken.get(wanted) or holder_of(wanted)}. Use another.")
    return wanted


def is_usable(port: int, taken: dict[int, str]) -> bool:
    """Whether a new service may have the port, which no other program uses now."""
    return port not in taken and is_free(port)


def known_peers(calls: str) -> list[str]:
    """
    Return the services that are named, each once.

    Raises:
        CommandError: There is no such service.
    """
    names = [service.name for service in SERVICES]
    peers = list(dict.fromkeys(filter(None, (one.strip() for one in calls.split(",")))))
    if unknown := [one for one in peers if one not in names]:
        raise CommandError(f"--calls: there is no service '{unknown[0]}'. Use {', '.join(names)}.")
    return peers


def add_service(root: Path, name: str, kind: Kind, port: int, peers: Sequence[str]) -> None:
    """
    Add a service to a copy of the project.

    Raises:
        CommandError: The name has another use.
    """
    files, declaration = copied(kind, name), Path(name, DECLARATION)
    publisher = ERASURES.partition(".")[0]
    if not (root / publisher / DECLARATION).exists():
        raise CommandError(f"A new service needs the service {publisher}, for its tokens and for {ERASURES}.")
    if not (root / STATISTICS / DECLARATION).exists():
        deliver_to_nobody(files)
    files[declaration] = "".join(
        f"port = {port}\n" if line.startswith("port = ") else line
        for line in files[declaration].splitlines(keepends=True)
    )
    if peers:
        declare_calls(files, name, peers)
    write_files(root, files)
    if Path(name, "inbox.py") in files:
        subscribe(root, ERASURES, name)


def reflect(folder: Path, ddl: str, table: str | None, schema: str) -> str:
    """
    Let a new service serve a table; returns what a person has to do, if anything.

    Raises:
        CommandError: PostgreSQL refuses the DDL, or the table cannot be served.
    """
    from cli.services.reflecting.adding import add_table

    shown = "postgresql://…" if is_address(schema) else schema
    return add_table(folder, ddl, table, f"bin/cli service create {folder.name} --database reflected --schema {shown}")


def complete(root: Path, name: str) -> None:
    """
    Format a new service and render the project.

    Raises:
        CommandError: The project cannot be rendered with the service.
    """
    settle(root, [name, f"tests/{name}", ERASURES.partition(".")[0]])
    if reason := render_draft(root):
        raise CommandError(f"Nothing was created. The project cannot be rendered with {name}:\n{reason}")


def deliver_to_nobody(files: dict[Path, str]) -> None:
    """Let the events of a new service have no consumers yet."""
    for path, text in files.items():
        if path.name in {"events.py", "settings.py"}:
            address = f"    {STATISTICS}_service_url: ServiceUrl\n"
            files[path] = text.replace(f'= ("{STATISTICS}",)', "= ()").replace(address, "")


def listing(name: str, files: Sequence[str]) -> str:
    """Return the changed files for people: those of the service are counted."""
    own = (f"A\t{name}/", f"A\ttests/{name}/")
    counted = [(prefix[2:], sum(line.startswith(prefix) for line in files)) for prefix in own]
    others = [line for line in files if not line.startswith(own)]
    return "\n".join(
        [
            *(f"  A  {folder} ({count} files)" for folder, count in counted),
            *(f"  {one[0]}  {one[2:]}" for one in others),
        ]
    )


def next_steps(name: str, port: int) -> str:
    """Return the commands with which a person goes on, and the address to open."""
    return f"""
  make run SERVICES={name}    # it and what it needs; a stack that is running starts it by itself
  make test SERVICE={name}    # its tests; make check, for the rest
  git add --all && git commit -m "Add the service {name}"    # later: bin/cli service remove {name}
  git restore . && git clean -d --force    # or undo all, at once

http://127.0.0.1:{port}/docs"""


def wait_for_docs(port: int, began: float) -> None:
    """Wait until the running stack has started the service, if there is one, and print the seconds since *began*."""
    if not is_held(LOCK):
        typer.echo(f"({monotonic() - began:.1f} s)")
    elif wait_until(lambda: is_ready(port), _PATIENCE_S):
        typer.echo(f"It answers: {monotonic() - began:.1f} s after the command.")
    else:
        typer.echo(f"The running stack has not started it within {_PATIENCE_S:.0f} s: look there.")
