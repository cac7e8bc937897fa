"""The system's Chromium, in which the tests look at the dashboard."""

import shutil

REMEDY = "apt install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Give the path of the browser; None if there is none."""
    found = (shutil.which(name) for name in _NAMES)
    return next((path for path in found if path), None)
