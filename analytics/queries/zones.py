"""Time zones as they are asked for."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

_NO_ZONES = ("right", "posix", "posixrules", "localtime", "Factory")
"""What stands beside the zones: all of them once more, in two trees, one with leap seconds; and the machine's own."""


def zone(name: str) -> ZoneInfo:
    """
    Give a time zone.

    Raises:
        ValueError: There is none of this name.
    """
    if name.partition("/")[0] in _NO_ZONES:
        raise ValueError("must be the name of a time zone, as in Europe/Berlin; not of one that counts leap seconds")
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:  # unknown, a folder of zones, a path out of them
        raise ValueError("must be the name of a time zone, as in Europe/Berlin") from error


def _checked(name: str) -> str:
    zone(name)
    return name


ZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(_checked), Field(examples=["Europe/Berlin"])]
