"""The page of each service, ``<service>/README.md``: what its code declares is rendered, the rest is by hand."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from chassis.idempotency.kinds import REPEATABLE
from cli.routes import PROBES
from cli.services.project import Part, Project
from cli.services.regions import Region

PAGE = "README.md"


def render_pages(project: Project, root: Path) -> Iterator[Region]:
    """Yield the region of each page that is there."""
    for part in project.parts:
        path = f"{part.service.name}/{PAGE}"
        if (root / path).exists():
            source = f"{part.service.name}'s routes, calls.py, events.py and settings.py"
            yield Region(path, "declared", source, "\n".join(_sections(project, part)))


def _sections(project: Project, part: Part) -> Iterator[str]:
    consumed = [kind for one in project.parts for kind, to in one.events.items() if part.service.name in to]
    yield _table("route", "form", "login", "repeated", rows=map(list, _routes(part)))
    yield f"Port {part.service.port}. Database: {part.service.kind}. Calls {code(sorted(part.peers)) or 'no service'}."
    yield f"Publishes {code(part.events) or 'no event'}. Consumes {code(consumed) or 'none'}.\n"
    if part.settings:
        yield _table("setting", "meaning", rows=([f"`{one.variable}`", " ".join(one.meaning)] for one in part.settings))


def _routes(part: Part) -> Iterator[tuple[str, ...]]:
    for one in part.routes:
        if one.path in PROBES:
            continue
        policy = one.policy
        callers = f" ({policy.access.who})" if policy.access.callers else ""
        repeated = "" if policy.idempotency is REPEATABLE else policy.idempotency.name
        yield f"`{one.method} {one.path}`", f"{policy.access.mode.value}{callers}", policy.authentication, repeated


def _table(*head: str, rows: Iterable[list[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(words: Iterable[str]) -> str:
    """Return words as code, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)
