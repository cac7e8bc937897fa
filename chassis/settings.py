"""Settings: read once from the environment and validated together; errors name the wrong variables."""

import os
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from chassis.core.familiar_variables import FAMILIAR_VARIABLES, with_our_names
from chassis.core.project import NAME
from chassis.core.sample_secrets import is_sample
from chassis.core.setting_types import BaseUrl, LogLevel, Origins, OtlpHeaders, SentryDsn, ServiceUrl
from chassis.sealing.keys import InvalidKeys, Link, load_links


class Environment(StrEnum):
    """Where a service runs; outside ``local``, sample secrets are refused. ``local`` is development."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


_FLAG = "production"
"""``PRODUCTION=true`` is ``ENVIRONMENT=production``, for platforms that set a flag."""


CHOOSE_ENVIRONMENT = (
    "Set ENVIRONMENT=production (`bin/cli keys make production.env` writes it), staging, or local for development."
)


class InvalidSettings(Exception):
    """The settings are wrong; the message has a line for each wrong variable, and contains no values."""

    def __init__(self, service: str, problems: list[str]) -> None:
        lines = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"The {service} service cannot start; .env.example explains each variable:{lines}")


class ServiceSettings(BaseSettings):
    """
    The settings of every service. A service subclasses it, sets its name and adds its own settings.

    Any variable may be set as ``NAME_FILE``, the path of a file that holds the value (a mounted secret).
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_nested_delimiter="__", env_ignore_empty=True)

    service_name: ClassVar[str]
    about: ClassVar[str] = ""
    """What the service does, for the documentation; a sentence."""
    peers: ClassVar[frozenset[str]] = frozenset()
    """The services that this one calls (``peers_of``); each needs a link and a field ``<name>_service_url``."""
    tokens_from: ClassVar[str | None] = None
    """The service that issues access tokens and publishes their keys; None if it is this one."""

    environment: Environment = Environment.LOCAL
    log_level: LogLevel = "INFO"
    log_dir: Path | None = None
    encryption_mode: Literal["strict", "permissive"] = "strict"
    jwt_issuer: str = "user"
    jwt_audience: str = NAME
    cors_origins: Origins = ()
    docs_services: dict[str, ServiceUrl] = Field(default_factory=dict)
    """Addresses of services for a browser, by name: their /docs link to each other, and log in at the user service."""
    cursor_key: SecretStr
    link_key: dict[str, dict[str, SecretStr]] = Field(default_factory=dict)
    max_body_bytes: int = Field(default=256 * 1024, ge=1024)
    max_in_flight: int = Field(default=256, ge=1)
    drain_seconds: float = Field(default=0, ge=0, le=300)
    relay: bool = True
    dispatch_transport: Literal["direct", "httpx"] = "direct"
    database_pool_size: int = Field(default=10, ge=1)
    web_concurrency: int = Field(default=1, ge=1)
    replicas: int = Field(default=1, ge=1)
    otel_exporter_otlp_endpoint: BaseUrl | None = None
    otel_exporter_otlp_headers: OtlpHeaders | None = None
    otel_traces_sampler_arg: float = Field(default=0.1, ge=0, le=1)
    sentry_dsn: SentryDsn | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - pydantic's signature
        """
        Check that each peer has an address field.

        Raises:
            TypeError: There is none; the message says what to write.
        """
        super().__pydantic_init_subclass__(**options)
        for peer in sorted(cls.peers):
            if f"{peer}_service_url" not in cls.model_fields:
                raise TypeError(f"{cls.__module__}: add '{peer}_service_url: ServiceUrl', as this service calls {peer}")

    @classmethod
    def load(cls) -> Self:
        """
        Read and check the environment.

        Raises:
            InvalidSettings: A variable is missing or wrong.
        """
        try:
            settings = cls()
        except ValidationError as error:
            raise InvalidSettings(cls.service_name, _problems(error)) from None
        except SettingsError as error:
            raise InvalidSettings(cls.service_name, [_describe(error)]) from None
        if problems := [*settings._unchosen_environment(), *settings._sample_secrets()]:
            raise InvalidSettings(cls.service_name, problems)
        return settings

    @classmethod
    def variables(cls) -> tuple[str, ...]:
        """Return the names of its variables, in lower case."""
        return (*cls.model_fields, _FLAG)

    @property
    def is_environment_chosen(self) -> bool:
        """Whether ENVIRONMENT is set; without it, the service serves its own machine only (chassis/web/loopback.py)."""
        return "environment" in self.model_fields_set

    @property
    def strict(self) -> bool:
        """Whether routes with ``encrypted`` access refuse plain JSON."""
        return self.encryption_mode == "strict"

    @property
    def processes(self) -> int:
        """The number of processes of this service: the workers of all its replicas."""
        return self.web_concurrency * self.replicas

    @property
    def peer_urls(self) -> dict[str, str]:
        """The base address of each service that this one calls, without a trailing slash."""
        return {name: str(getattr(self, f"{name}_service_url")).rstrip("/") for name in sorted(self.peers)}

    def links(self, required: set[str]) -> dict[str, Link]:
        """
        Return the link to each peer, by its name; *required* and those in ``peers`` must be there.

        Raises:
            InvalidSettings: A key is missing, malformed or used twice.
        """
        keys = {
            caller: {callee: key.get_secret_value() for callee, key in to.items()}
            for caller, to in self.link_key.items()
        }
        try:
            return load_links(self.service_name, keys, required | self.peers)
        except InvalidKeys as error:
            raise InvalidSettings(self.service_name, [str(error)]) from None

    @field_validator("log_dir")
    @classmethod
    def _log_files_can_be_written(cls, folder: Path | None) -> Path | None:
        if folder is None:
            return None
        files = [folder / f"{cls.service_name}-service{kind}.log" for kind in ("", "_errors")]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"the folder cannot be made ({type(error).__name__})") from None
        if not all(os.access(path, os.W_OK) for path in [folder, *(file for file in files if file.exists())]):
            raise ValueError("the folder, or a log file in it, cannot be written to")
        return folder

    @model_validator(mode="before")
    @classmethod
    def _production_is_strict(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("environment") == Environment.PRODUCTION:
            values["encryption_mode"] = "strict"
        return values

    def _unchosen_environment(self) -> list[str]:
        """Return a problem if gunicorn, which is no server for development, runs without ENVIRONMENT."""
        is_gunicorn = os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn/")  # gunicorn itself sets it
        return (
            [f"ENVIRONMENT: is missing. {CHOOSE_ENVIRONMENT}"] if is_gunicorn and not self.is_environment_chosen else []
        )

    def _sample_secrets(self) -> list[str]:
        if self.environment is Environment.LOCAL:
            return []
        return [f"{name}: is a sample or default secret" for name, secret in _secrets(dict(self)) if is_sample(secret)]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read only the environment and the files that it names."""
        return init_settings, _EnvironmentAndFiles(settings_cls, cls.service_name)


class _EnvironmentAndFiles(EnvSettingsSource):
    def __init__(self, settings_cls: type[BaseSettings], service: str) -> None:
        self._service = service  # the environment is read by the next line
        super().__init__(settings_cls)

    def __call__(self) -> dict[str, Any]:
        """Read the fields' values; the flag overrides ENVIRONMENT."""
        values = super().__call__()
        flag = self.env_vars.get(_FLAG)
        try:
            is_production = bool(flag) and TypeAdapter(bool).validate_python(flag)
        except ValidationError:
            raise SettingsError(f"{_FLAG.upper()}: must be true or false") from None
        return values | ({"environment": Environment.PRODUCTION} if is_production else {})

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = super()._load_env_vars()
        names = {name: name.removesuffix("_file") for name in variables if name.endswith("_file")}
        files = {name: variables[file] for file, name in names.items() if self._is_ours(name)}
        given = {name: value for name, value in variables.items() if names.get(name) not in files}
        read = {name: _read_file(name, path) for name, path in files.items() if path}
        # A line end, which files and some dashboards add, is not part of a value.
        stripped = {name: value and value.strip() for name, value in (read | given).items()}
        return with_our_names(stripped, self._service)

    def _is_ours(self, name: str) -> bool:
        return name.partition("__")[0] in {*self.settings_cls.model_fields, _FLAG, *FAMILIAR_VARIABLES}


def _read_file(name: str, path: str) -> str:
    try:
        return Path(path.strip()).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name.upper()}_FILE: the file cannot be read ({type(error).__name__})") from None


def _problems(error: ValidationError) -> list[str]:
    """Describe each wrong variable; a default that depends on other variables is not one, though pydantic lists it."""
    return [
        f"{_variable(one['loc'])}: {one['msg']}"
        for one in error.errors(include_input=False)
        if one["type"] != "default_factory_not_called"
    ]


def _describe(error: SettingsError) -> str:
    """Return a message with the variable whose field pydantic could not decode."""
    field = re.search(r'for field "(\w+)"', str(error))
    return f"{field[1].upper()}: must be JSON, as in .env.example" if field else str(error)


def _variable(location: tuple[int | str, ...]) -> str:
    return "__".join(map(str, location)).upper()


def _secrets(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        variable = f"{prefix}{name}".upper()
        if isinstance(value, SecretStr):
            yield variable, value.get_secret_value()
        elif isinstance(value, dict):
            yield from _secrets(value, f"{variable}__")
