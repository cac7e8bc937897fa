"""HTTP without TLS."""

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that need none (``verify=NO_AUTHORITIES``): to read them takes httpx 20 ms for each client."""
