"""The system's Chromium, in which the tests look at the dashboard."""

import shutil

REMEDY = "apt install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Give the path of the browser; None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)
