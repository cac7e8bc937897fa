"""
Consumers of events in the code of their publishers: a name in ``consumers``, and the address in ``settings.py``.

``subscribe`` and ``unsubscribe`` undo each other to the byte, once imports that are not used are removed.
"""

import ast
import re
from collections.abc import Callable
from pathlib import Path

from cli.errors import CommandError

_CONSUMERS = re.compile(
    r"^(?P<before>    type: ClassVar\[str\] = \"(?P<type>[\w.]+)\"\n    consumers: ClassVar\[tuple\[str, \.\.\.\]\] = )"
    r"(?P<names>\([^)]*\))$",
    re.MULTILINE,
)
_ADDRESSES = re.compile(r"^    \w+(?:_service|_database|_mongodb)_url: \w+\n", re.MULTILINE)
_IMPORT = "from chassis.core.setting_types import ServiceUrl\n"


def subscribe(root: Path, event_type: str, consumer: str) -> None:
    """
    Have a service consume an event.

    Raises:
        CommandError: Its publisher declares no such event.
    """
    folder = root / event_type.partition(".")[0]
    if not _change_consumers(folder / "events.py", lambda type_, names: names + [consumer] * (type_ == event_type)):
        raise CommandError(f"{folder.name}/events.py has no event '{event_type}' with consumers on the line below.")
    settings = folder / "settings.py"
    text, line = settings.read_text(encoding="utf-8"), f"    {consumer}_service_url: ServiceUrl\n"
    if line in text:
        return
    *_, last = _ADDRESSES.finditer(text)
    text = text[: last.end()] + line + text[last.end() :]
    if not re.search(r"^from chassis.core.setting_types import .*ServiceUrl", text, re.MULTILINE):
        text = text.replace("from chassis.", f"{_IMPORT}from chassis.", 1)
    settings.write_text(text, encoding="utf-8")


def unsubscribe(root: Path, consumer: str) -> list[Path]:
    """Have a service consume no events of others any more; returns the files that were changed."""
    changed = list[Path]()
    for events in root.glob("*/events.py"):
        if _change_consumers(events, lambda _type, names: [name for name in names if name != consumer]):
            settings = events.with_name("settings.py")
            text = settings.read_text(encoding="utf-8")
            settings.write_text(text.replace(f"    {consumer}_service_url: ServiceUrl\n", ""), encoding="utf-8")
            changed += [events, settings]
    return changed


def _change_consumers(events: Path, change: Callable[[str, list[str]], list[str]]) -> bool:
    """Change the names of the consumers of each event; returns whether that has changed the file."""

    def changed(found: re.Match[str]) -> str:
        names = change(found["type"], list(ast.literal_eval(found["names"])))
        listed = ", ".join(f'"{name}"' for name in names)
        return f"{found['before']}({listed}{',' if len(names) == 1 else ''})"

    text = events.read_text(encoding="utf-8")
    new = _CONSUMERS.sub(changed, text)
    if new != text:
        events.write_text(new, encoding="utf-8")
    return new != text
