"""The address of a mail server, as a setting."""

import re
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import AfterValidator, SecretStr

_PORTS = {"smtp": 587, "smtps": 465}
# Parsed by hand: urlsplit fails on passwords with brackets and slashes. The last "@" ends the password.
_FORM = re.compile(
    r"(?P<scheme>smtps?)://"
    r"((?P<username>[^:]+):(?P<password>.+)@)?"
    r"(?P<host>\[[\da-f:.]+\]|[^\s@:/?#\[\]]+)(:(?P<port>\d{1,5}))?/?",
    re.ASCII,
)


def smtp_options(url: SecretStr) -> dict[str, Any]:
    """
    Parse an address into the arguments of ``aiosmtplib.SMTP``.

    ``smtps`` is TLS from the start. With ``smtp``, STARTTLS is required if there is a password to protect, and used if
    the server offers it otherwise.

    Raises:
        ValueError: It is not the address of a mail server.
    """
    form = _FORM.fullmatch(url.get_secret_value())
    port = int(form["port"] or _PORTS[form["scheme"]]) if form else 0
    if not form or not 0 < port < 1 << 16:
        raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host:465")
    is_tls, username = form["scheme"] == "smtps", form["username"]
    return {
        "hostname": form["host"].strip("[]"),
        "port": port,
        "username": username and unquote(username),
        "password": username and unquote(form["password"]),
        "use_tls": is_tls,
        "start_tls": False if is_tls else bool(username) or None,
    }


def _checked(url: SecretStr) -> SecretStr:
    smtp_options(url)
    return url


SmtpUrl = Annotated[SecretStr, AfterValidator(_checked)]
"""The address of a mail server, as a setting."""
