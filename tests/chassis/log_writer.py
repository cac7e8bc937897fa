"""
Writes log lines as a service does, in a process of its own: logging is configured once per process (test_logs.py).

``python -m tests.chassis.log_writer`` writes a line of each kind; with a writer's name and a number, that many lines.
"""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import structlog

from chassis.core.context import RequestContext, enter
from chassis.settings import ServiceSettings
from chassis.telemetry import log_writer
from chassis.telemetry import logging as logs

SECRET = "xyzzyPlugh4711"
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
REQUEST_ID = "the-request-of-this-test"
JWT = f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.{SECRET}"
FERNET = f"gAAAAABpIHxQ{SECRET}{'x' * 40}=="
ARGON2 = f"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ${SECRET}"
URL = f"postgresql://ada:{SECRET}@db:5432/user"
SMALL_FILE_BYTES = 300_000

log = structlog.get_logger("writer")
library = logging.getLogger("some.library")
Write = Callable[[str], None]


class WriterSettings(ServiceSettings):
    """The settings of a user service, as far as logs need them."""

    service_name: ClassVar[str] = "user"


@dataclass(slots=True)
class Account:
    """Something that is logged by its repr."""

    name: str
    note: str = field(default=JWT)


class Unprintable:
    """Something whose text cannot be made."""

    def __repr__(self) -> str:
        return str(1 / 0)


def fail(text: str) -> None:
    """Raise an error with this text, caused by another with the same text."""
    try:
        int(text)
    except ValueError as error:
        raise RuntimeError(text) from error


def with_exception(write: Callable[[str], None], event: str, text: str) -> None:
    """Write a line about an error with this text."""
    try:
        fail(text)
    except RuntimeError:
        write(event)


HIDDEN: dict[str, Write] = {
    **{
        f"field {name}": lambda event, name=name: log.info(event, **{name: SECRET})  # type: ignore[misc]
        for name in (
            "password",
            "new_password",
            "passwd",
            "token",
            "access_token",
            "refresh_token",
            "authorization",
            "cookie",
            "set_cookie",
            "api_key",
            "apikey",
            "client_secret",
            "jwt_private_key",
            "encrypted_data",
            "PASSWORD",
        )
    },
    "header": lambda event: log.info(event, headers={"Authorization": f"Basic {SECRET}", "Cookie": SECRET}),
    "header in a list": lambda event: log.info(event, calls=[{"headers": [{"authorization": f"Basic {SECRET}"}]}]),
    "credential in a text": lambda event: log.info(event, header=f"authorization: Bearer {SECRET}"),
    "jwt in a message": lambda event: log.info(f"{event} {JWT} was refused"),  # noqa: G004 - as somebody might
    "jwt in an argument": lambda event: log.info("%s %s was refused", event, JWT),
    "jwt in a value": lambda event: log.info(event, seen=JWT),
    "jwt in a list": lambda event: log.info(event, seen=[{"deep": (JWT,)}]),
    "fernet token": lambda event: log.info(event, body=f'{{"data":"{FERNET}"}}'),
    "argon2 hash": lambda event: log.info(event, row=f"('ada', '{ARGON2}')"),
    "address": lambda event: log.info(event, database=URL),
    "mongodb address": lambda event: log.info(event, database=f"mongodb://ada:{SECRET}@one:1,two:2/db"),
    "exception with an address": lambda event: with_exception(log.exception, event, f"cannot reach {URL}"),
    "exception with a jwt": lambda event: with_exception(log.exception, event, f"bad {JWT}"),
    "exception with a hash": lambda event: with_exception(log.exception, event, ARGON2),
    "password in a text": lambda event: log.info("%s password=%s", event, SECRET),
    "token in a query": lambda event: log.info(event, address=f"/login?access_token={SECRET}&a=b"),
    "password alone in an address": lambda event: log.info(event, database=f"redis://:{SECRET}@db/0"),
    "credentials in a text": lambda event: log.info(event, header=f"Authorization: Basic {SECRET}"),
    "bytes": lambda event: log.info(event, body=JWT.encode()),
    "object": lambda event: log.info(event, account=Account("ada")),
    "exception as a value": lambda event: log.info(event, reason=ValueError(JWT)),
    "set": lambda event: log.info(event, seen={JWT}),
    "library": lambda event: library.warning("%s: cannot reach %s", event, URL),
    "library's extra": lambda event: library.warning(event, extra={"password": SECRET}),
    "library's exception": lambda event: with_exception(library.exception, event, f"bad {JWT}"),
}
"""Notations of a secret that must not be logged."""
CONTROLS = "\x1b]0;owned\x07\x1b[2J\r\n2026-01-01 [info] forged\x9b1m\x7f\x00\u202egnp.exe\u2028"
"""Text that a terminal would obey or show as a line of its own."""
SHOWN: dict[str, Write] = {
    "value": lambda event: log.info(event, path=CONTROLS),
    "message": lambda event: log.info("%s %s", event, CONTROLS),
    "list": lambda event: log.info(event, seen=[{CONTROLS: (CONTROLS,)}]),
    "bytes": lambda event: log.info(event, body=CONTROLS.encode()),
    "exception": lambda event: with_exception(log.exception, event, CONTROLS),
    "library": lambda event: library.warning("%s %s", event, CONTROLS),
}
"""Notations of text from outside."""
LONG: dict[str, Write] = {
    "value": lambda event: log.info(event, path="x" * 1_000_000),
    "message": lambda event: log.info("%s %s", event, "x" * 1_000_000),
    "list": lambda event: log.info(event, seen=["x" * 1000] * 1_000),
    "mapping": lambda event: log.info(event, seen={str(number): number for number in range(100_000)}),
    "exception": lambda event: with_exception(log.exception, event, "x" * 1_000_000),
    "exception of many lines": lambda event: with_exception(log.exception, event, "x" * 100 + "\n" * 100_000),
    "tokens": lambda event: log.info(event, path="eyJ" * 300_000),
}
"""How it might be written at length."""


def write_each() -> None:
    """Write a line of each kind."""
    log.info("outside")
    enter(RequestContext(REQUEST_ID, f"00-{TRACE_ID}-{SPAN_ID}-01"))
    log.info("inside", number=1)
    log.debug("too low")
    log.error("broken", number=2)
    library.warning("library %s", "line")
    logging.getLogger("uvicorn.error").info("uvicorn line")
    logging.getLogger("uvicorn.access").info("repeated")
    log.info("unprintable", value=Unprintable())
    log.info("after it")
    for name, write in HIDDEN.items():
        write(f"case {name};")
    for name, write in SHOWN.items():
        write(f"shown {name};")
    for name, write in LONG.items():
        write(f"long {name};")


def write_into_a_full_pipe() -> None:
    """Write far more lines than the pipe takes, then print on standard error how many wait and were dropped."""
    log_writer.MOST_WAITING = 1000
    logs.configure_logging(WriterSettings())
    write_many("blocked", 10_000)
    assert logs._writer  # noqa: SLF001
    dropped = log_writer._DROPPED.labels("user")._value.get()  # noqa: SLF001
    sys.stderr.write(f"{logs._writer.waiting} {dropped:.0f}\n")  # noqa: SLF001
    sys.stderr.flush()


def write_many(writer: str, count: int) -> None:
    """Write *count* lines."""
    for number in range(count):
        log.info("one of many", writer=writer, number=number)


def main() -> None:
    """Run the mode that the arguments select, with outputs from the environment."""
    if len(sys.argv) == 1:
        logs.configure_logging(WriterSettings())
        write_each()
    elif sys.argv[1] == "blocked":
        write_into_a_full_pipe()
    else:
        log_writer.MAX_FILE_BYTES = SMALL_FILE_BYTES
        logs.configure_logging(WriterSettings())
        write_many(sys.argv[1], int(sys.argv[2]))


if __name__ == "__main__":
    main()
