"""Types of settings that several services share: invalid values are refused at start-up."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, SecretStr, StringConstraints
from pydantic_settings import NoDecode


def _base(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.query is not None or url.fragment is not None or not url.port:
        raise ValueError("must be an address to which a path can be added: no ? or #, and no port 0")
    return url


def _without_login(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.username or url.password:
        raise ValueError("must have no name and no password: requests are sealed instead")
    return url


def _dsn(url: AnyHttpUrl) -> AnyHttpUrl:
    if not url.username or not (url.path or "").rpartition("/")[2].isdigit():
        raise ValueError("must look like https://key@host/123, as Sentry shows it")
    return _base(url)


def _headers(headers: SecretStr) -> SecretStr:
    for part in headers.get_secret_value().split(","):
        name, separator, _value = part.partition("=")
        if not separator or not name.strip().replace("-", "").isalnum() or not part.isascii() or not part.isprintable():
            raise ValueError("must look like name=value,name=value")
    return headers


def _split(value: Any) -> Any:  # noqa: ANN401 - before validation
    """Read a list with commas, or in JSON."""
    if not isinstance(value, str):
        return value
    if not value.startswith("["):
        return tuple(one.strip() for one in value.split(","))
    try:
        return tuple(json.loads(value))
    except ValueError:
        raise ValueError("must be a JSON list, or separated by commas") from None


BaseUrl = Annotated[AnyHttpUrl, AfterValidator(_base)]
"""An address to which paths are added."""
ServiceUrl = Annotated[BaseUrl, AfterValidator(_without_login)]
"""The address of a service, for its callers."""
SentryDsn = Annotated[AnyHttpUrl, AfterValidator(_dsn)]
"""The address for error reports."""
OtlpHeaders = Annotated[SecretStr, AfterValidator(_headers)]
"""Headers for the collector of traces."""
_Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]
Origins = Annotated[tuple[_Origin, ...], NoDecode, BeforeValidator(_split)]
"""Origins whose pages may call a service: ``https://shop.example.org,https://admin.example.org``, or a JSON list."""
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]
"""In any case: ``LOG_LEVEL`` is a name that many programs read."""
