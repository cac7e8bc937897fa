"""Time zones of queries."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

_NO_ZONES = ("right", "posix", "posixrules", "localtime", "Factory")
"""Entries that are not zones: two further copies of all zones, one with leap seconds, and the machine's own zone."""


def zone(name: str) -> ZoneInfo:
    """
    Return a time zone.

    Raises:
        ValueError: There is no zone with this name.
    """
    if name.partition("/")[0] in _NO_ZONES:
        raise ValueError("must be the name of a time zone, as in Europe/Berlin, without leap seconds")
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:  # unknown, a folder, or a path outside the folder of zones
        raise ValueError("must be the name of a time zone, as in Europe/Berlin") from error


def _checked(name: str) -> str:
    zone(name)
    return name


ZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(_checked), Field(examples=["Europe/Berlin"])]
