"""The service's own part of its application, for its routes."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from analytics.dashboard.files import PageFile
from analytics.live.change_stream import Live
from analytics.retention import Retention
from analytics.settings import Settings
from chassis.application import own_part


@dataclass(frozen=True, slots=True)
class Parts:
    """
    The service's own part of its application.

    Attributes:
        publishers: The services that publish events here.
        page_files: The files of the dashboard's page, by name.
    """

    settings: Settings
    retention: Retention
    publishers: frozenset[str]
    live: Live
    page_files: Mapping[str, PageFile]


def parts_of(request: Request) -> Parts:
    """Return the part of the application that serves a request."""
    return own_part(request.app, Parts)
