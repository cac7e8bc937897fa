"""Rates of classes of routes, as a setting: which classes there are, ``limits`` in each ``service.toml`` says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

DEFAULT = "default"
"""The class of routes that name none."""
_FORM = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,4})")
_OFF = "off"


@dataclass(frozen=True, slots=True)
class Rate:
    """As many units at once, which become free again evenly over as many seconds."""

    units: int
    seconds: int

    @property
    def window(self) -> timedelta:
        """The time after which all units are free again."""
        return timedelta(seconds=self.seconds)

    @property
    def unit(self) -> timedelta:
        """The time after which one unit is free again; rounded down, so that all of them fit into the window."""
        return self.window // self.units


Rates = Mapping[str, Rate | None]
"""Class of routes -> its rate; None: it is not limited."""

DEFAULT_RATES: Rates = {
    DEFAULT: Rate(1200, 60),
    "login": Rate(60, 60),
    "mail": Rate(30, 300),
    "refresh": Rate(300, 60),
    "counts": Rate(60, 60),
}


def read_rates(value: Any) -> Any:  # noqa: ANN401 - before validation
    """
    Read the setting: JSON with rates by class, over the defaults; or ``off`` for no limits at all.

    Raises:
        ValueError: It is neither, or a rate has not the form 600/60.
    """
    if not isinstance(value, str):
        return value
    if value == _OFF:
        return dict.fromkeys(DEFAULT_RATES)
    try:
        given = json.loads(value)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ValueError('must be off, or JSON such as {"login": "60/60", "counts": "off"}')
    return {**DEFAULT_RATES, **{name: _read(name, rate) for name, rate in given.items()}}


def _read(name: str, rate: object) -> Rate | None:
    found = _FORM.fullmatch(rate) if isinstance(rate, str) else None
    if not found and rate != _OFF:
        raise ValueError(f'the rate of "{name}" must be units/seconds, as in "600/60", or "off"')
    return Rate(int(found[1]), int(found[2])) if found else None


RatesSetting = Annotated[dict[str, Rate | None], NoDecode, BeforeValidator(read_rates)]
"""The type of the setting."""
