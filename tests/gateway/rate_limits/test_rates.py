import pytest

from chassis.settings import InvalidSettings
from gateway.front_door.table import read_table
from gateway.rate_limits.rates import DEFAULT_RATES, Rate, read_rates
from gateway.settings import Settings


def test_rates_are_written_over_the_defaults() -> None:
    """A class that is left out keeps its rate; one that is off, or all of them, is not limited."""
    read = read_rates('{"login": "5/10", "counts": "off", "exports": "1/60"}')

    assert read == {**DEFAULT_RATES, "login": Rate(5, 10), "counts": None, "exports": Rate(1, 60)}
    assert set(read_rates("off").values()) == {None}


def test_each_class_of_routes_has_a_rate() -> None:
    """A service.toml names no class without a rate."""
    assert {route.limit for route in read_table().open} <= DEFAULT_RATES.keys()


def test_a_class_without_a_rate_is_refused_at_start(environment: dict[str, str]) -> None:
    """The message names the setting and the class."""
    with pytest.raises(InvalidSettings, match='GATEWAY_RATE_LIMITS: add a rate for "exports"'):
        Settings.load().refuse_unknown_limits(["login", "exports"])


@pytest.mark.parametrize(("units", "seconds"), [(3, 2), (7, 60), (1200, 60), (999_999, 1)])
def test_all_units_fit_into_the_window(units: int, seconds: int) -> None:
    """Rounding takes no unit away."""
    rate = Rate(units, seconds)

    assert units * rate.unit <= rate.window < (units + 1) * rate.unit or rate.unit.microseconds < 10
