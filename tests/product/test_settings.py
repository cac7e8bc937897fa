import pytest

from chassis.settings import InvalidSettings
from product.settings import Settings


@pytest.mark.parametrize("code", ["JPY", "KRW", "BHD", "KWD", "CLF", "XXX", "XAU", "ABC", "eur", "EURO"])
def test_a_currency_without_two_decimals_is_refused_at_start(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Amounts have two decimals everywhere: other currencies would be stored a hundred times too large."""
    monkeypatch.setenv("CURRENCY", code)

    with pytest.raises(InvalidSettings, match=r"CURRENCY: .*two decimals"):
        Settings.load()


@pytest.mark.parametrize("code", ["EUR", "USD", "GBP", "CHF", "HUF"])
def test_a_currency_with_two_decimals_is_taken(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """The currency applies to new products."""
    monkeypatch.setenv("CURRENCY", code)

    assert Settings.load().currency == code
