"""Values of product's own settings that cannot work."""

from tests.support.settings import WRONG_COUNTS

WRONG = {
    "currency": ["eur", "EURO", "JPY", "KWD"],
    "reservation_seconds": [*WRONG_COUNTS, "86401"],
}
