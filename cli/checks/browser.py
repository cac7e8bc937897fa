"""The system's Chromium, with which the tests open the dashboard."""

import shutil

REMEDY = "apt install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the path of the browser; None if it is missing."""
    found = (shutil.which(name) for name in _NAMES)
    return next((path for path in found if path), None)
