"""Exits 0 if the service of this container is ready; it runs as HEALTHCHECK, so it imports little."""

import os
import sys
from http.client import HTTPConnection, HTTPException

try:
    connection = HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=3)
    connection.request("GET", "/readyz")
    sys.exit(connection.getresponse().status != 200)  # noqa: PLR2004 - http.HTTPStatus costs 20 ms of every check
except (OSError, HTTPException) as error:
    sys.exit(f"no answer: {error}")
