"""The first call of a new service to a peer: to its list, or another route that only reads."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cli.errors import CommandError
from cli.services.naming import plural

_CALLS = re.compile(r"\nCALLS(?:: [^=\n]+)? = \((?P<names>[^)]*?),?\s*\)$", re.MULTILINE)
_ADDRESSES = re.compile(r"(?:^    \w+_service_url: ServiceUrl\n)+", re.MULTILINE)
_IMPORTS = (
    "from uuid import UUID\n\n",
    "from pydantic import BaseModel\n\n",
    "from chassis.core.types import Page\n",
)
_LISTED = '''class Listed(BaseModel):
    """The fields that are read of each item of a list."""

    id: UUID


'''


def declare_calls(files: dict[Path, str], name: str, peers: Iterable[str]) -> None:
    """
    Add a declared call of each peer that the service does not call yet, and its address, to the files of a new service.

    Raises:
        CommandError: A peer has no route that reads and admits every linked service.
    """
    from cli.build import build_all

    apps, calls, settings = build_all(), Path(name, "calls.py"), Path(name, "settings.py")
    for peer in peers:
        if re.search(rf'Call\(\s*"{peer}"', files[calls]):
            continue
        path, is_list = _first_read(peer, apps[peer].openapi())
        constant = f"{'LIST' if is_list else 'READ'}_{_resource(peer, path)}"
        returns = ", returns=Page[Listed]" if is_list else ""
        files[calls] = _declared(files[calls], constant, f'Call("{peer}", "GET", "{path}"{returns})', is_list=is_list)
        if f"    {peer}_service_url" not in files[settings]:
            address = f"    {peer}_service_url: ServiceUrl\n"
            files[settings] = _ADDRESSES.sub(lambda found: found[0] + address, files[settings])  # noqa: B023 - at once


def _declared(text: str, constant: str, call: str, *, is_list: bool) -> str:
    """Return the text of a calls.py with a further call."""
    if is_list and _LISTED not in text:
        first = re.search(r"^[A-Z_]+(?: = Call\(|: tuple)", text, re.MULTILINE)
        at = first.start() if first else text.index("CALLS = ")
        text = text[:at] + _LISTED + text[at:]
        missing = "".join(line for line in _IMPORTS if line not in text)
        text = text.replace("from chassis.dispatch", f"{missing}from chassis.dispatch", 1)
    return _CALLS.sub(lambda found: f"{constant} = {call}\n\nCALLS = {_tuple(found['names'], constant)}", text)


def _tuple(names: str, name: str) -> str:
    """Return a tuple of some names and a further one."""
    return f"({names}, {name})" if names else f"({name},)"


def _resource(peer: str, path: str) -> str:
    """Return the name of what a route returns: ``PRODUCTS`` of the service product, otherwise ``USER_SESSIONS``."""
    name = path.rpartition("/")[2].replace("-", "_")
    return (name if name == plural(peer) else f"{peer}_{name}").upper()


def _first_read(peer: str, openapi: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the path of the first list, otherwise of the first other route to read; and whether it is a list."""
    reads = [path for path, methods in openapi["paths"].items() if _is_read(path, methods.get("get"))]
    for path in reads:
        answer = openapi["paths"][path]["get"]["responses"]["200"]
        if "/Page_" in str(answer):
            return path, True
    if not reads:
        raise CommandError(f"{peer} has no route that reads and admits every linked service: declare a call by hand.")
    return reads[0], False


def _is_read(path: str, operation: Mapping[str, Any] | None) -> bool:
    if operation is None or "{" in path or "x-access" not in operation:
        return False
    access = operation["x-access"]
    needs = any(parameter.get("required") for parameter in operation.get("parameters", ()))
    return access["mode"] != "public" and not access["callers"] and not needs
