"""HTTP without TLS, and the headers of all answers."""

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients without TLS (``verify=NO_AUTHORITIES``): loading authorities takes httpx 20 ms per client."""

FOR_BROWSERS = {"content-security-policy", "referrer-policy", "vary", "x-content-type-options"}
"""The headers of every answer."""
