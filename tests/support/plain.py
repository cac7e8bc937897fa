"""HTTP without TLS, and what all of it has."""

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that need none (``verify=NO_AUTHORITIES``): to read them takes httpx 20 ms for each client."""

FOR_BROWSERS = {"content-security-policy", "referrer-policy", "x-content-type-options"}
"""The headers that every answer has, whatever it is."""
