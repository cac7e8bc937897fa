"""IP addresses from requests."""

from ipaddress import ip_address


def read_address(text: str) -> str | None:
    """Return an IP address in its canonical spelling, or None if it is invalid or has a zone (``fe80::1%eth0``)."""
    try:
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None
