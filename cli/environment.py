"""Where commands find databases, addresses and keys: in the environment, otherwise in the development stack's."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from chassis.core.familiar_variables import FAMILIAR_VARIABLES, with_our_names
from cli.errors import CommandError
from cli.services import REFLECTED, SERVICES, STORED, Service

_OURS = (
    *(service.url_variable for service in SERVICES),
    *(service.store_variable for service in STORED),
    *(service.owner_variable for service in REFLECTED),
)


def use_running_stack(needed: Collection[Service]) -> Mapping[str, str]:
    """
    Return the environment; if it has none of our variables, it is completed from the development stack of this folder.

    A familiar name (``DATABASE_URL``) may belong to another project, so it counts only if no stack is running.

    Args:
        needed: The services whose databases or addresses the command needs.

    Raises:
        CommandError: It has no such variables, and no stack is running, or one without some of the *needed* services;
            or a secret's file cannot be read.
    """
    if not _has_addresses():
        from cli.dev.environment import NoStack, running_environment

        try:
            os.environ.update(running_environment(needed))
        except NoStack:
            if not _has_familiar_addresses():
                raise
    return os.environ


@contextmanager
def quiet_databases() -> Iterator[Mapping[str, str]]:
    """
    Yield the environment for a command that no service may disturb.

    If it has none of our variables, the databases of development run for the block, and ``make run`` is refused
    meanwhile. A familiar name counts only where there is no development data.

    Raises:
        AlreadyRunning: The stack of this folder is running.
        CommandError: A database does not start.
    """
    from cli.dev.files import DEVELOPMENT, LOCK, SECRETS

    if _has_addresses() or (_has_familiar_addresses() and not SECRETS.exists()):
        yield os.environ
        return
    from cli.dev.databases import open_databases
    from cli.dev.environment import given_environment
    from cli.dev.lock import exclusive
    from cli.dev.ports import free_port
    from cli.dev.secrets import ensure_secrets
    from cli.links import links

    with exclusive(LOCK):
        secrets = ensure_secrets(SECRETS, links())
        with open_databases(DEVELOPMENT, given_environment(), secrets, lambda _name, _port: free_port()) as (urls, _):
            os.environ.update(urls)
            yield os.environ


def store_url(service: Service, environment: Mapping[str, str] = os.environ) -> SecretStr:
    """
    Return the address of a service's database, from an environment that ``use_running_stack`` has completed.

    Raises:
        CommandError: It is not set there.
    """
    return _store_url(service, service.store_variable, environment)


def owner_url(service: Service, environment: Mapping[str, str] = os.environ) -> SecretStr:
    """
    Return the address of a service's database for the role that owns it; environment and error as of ``store_url``.

    Raises:
        CommandError: It is not set there.
    """
    return _store_url(service, service.owner_variable, environment)


def service_url(service: Service, environment: Mapping[str, str]) -> str:
    """
    Return the address of a service, from an environment that ``use_running_stack`` has completed.

    Raises:
        CommandError: It is not set there.
    """
    if not (url := environment.get(service.url_variable)):
        raise _unset(service.url_variable)
    return url


def _store_url(service: Service, variable: str, environment: Mapping[str, str]) -> SecretStr:
    variables = with_our_names({name.lower(): value for name, value in environment.items()}, service.name)
    if not (url := variables.get(variable.lower())):
        raise _unset(variable)
    return SecretStr(url)


def _unset(variable: str) -> CommandError:
    return CommandError(f"{variable} is not set, but other addresses are. Set it, or none of them.")


def _has_addresses() -> bool:
    """Whether the environment has one of our variables; their values are then ready to use."""
    _read_secret_files()
    for variable in os.environ.keys() & _OURS:  # a line end is not part of an address
        os.environ[variable] = os.environ[variable].strip()
    return any(variable in os.environ for variable in _OURS)


def _has_familiar_addresses() -> bool:
    return any(variable.lower() in FAMILIAR_VARIABLES for variable in os.environ)


def _read_secret_files() -> None:
    """Read secrets as the services do: NAME_FILE is the path of a file that contains NAME."""
    for name, file in list(os.environ.items()):
        variable = name.removesuffix("_FILE")
        is_known = variable in _OURS or variable.lower() in FAMILIAR_VARIABLES or variable.startswith("LINK_KEY__")
        is_ours = variable != name and is_known
        if is_ours and variable not in os.environ:
            os.environ[variable] = _read(name, file)
            del os.environ[name]


def _read(name: str, file: str) -> str:
    try:
        return Path(file.strip()).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CommandError(f"{name}: the file cannot be read ({type(error).__name__}).") from None
