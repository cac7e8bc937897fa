"""IP addresses that others name."""

from ipaddress import ip_address


def read_address(text: str) -> str | None:
    """Return an IP address in its one spelling, or None if *text* is none; a zone (``fe80::1%eth0``) is not taken."""
    try:
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None
