"""Building the services without a deployment: with generated secrets and unreachable addresses, and nothing opened."""

import os
import tempfile
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI

from cli.dev.inherited import remove_settings
from cli.dev.secrets import ensure_secrets
from cli.links import links, settings_class
from cli.services import SERVICES, STORED
from cli.services.discovery import url_variable


def build_all() -> dict[str, FastAPI]:
    """
    Build every service; returns them by name. The generated environment is limited to this process.

    Raises:
        Exception: A service cannot be built.
    """
    remove_settings(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(ensure_secrets(Path(folder) / "secrets.json", links()))
    for service in STORED:
        scheme = "postgresql" if service.store == "postgres" else "mongodb"
        os.environ[service.store_variable] = f"{scheme}://nobody:nowhere@127.0.0.1:1/nothing"
    # Until it is rendered, a service that fronts the others has the address of one that was removed.
    peers = (peer for service in SERVICES for peer in settings_class(service.name).peers)
    os.environ.update({url_variable(peer): "http://127.0.0.1:1" for peer in peers})
    return {service.name: import_module(f"{service.name}.main").build() for service in SERVICES}
