"""Networks of clients, by which requests without a login are counted."""

from ipaddress import ip_address, ip_network

_OF_A_CUSTOMER = 64


def network_of(address: str) -> str:
    """
    Return the network of an address: for IPv4 the address, for IPv6 its /64, which a customer has for himself.

    A text that is no address, such as the name of a client behind a proxy, is returned as it is.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004
        return str(parsed)
    mapped = parsed.ipv4_mapped  # IPv4 as written by a socket for both versions
    return str(mapped or ip_network((parsed, _OF_A_CUSTOMER), strict=False))
