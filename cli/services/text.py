"""Filling in templates."""

import string

SERVICE_FILES = "*/service.toml"
CODE = "*/service.toml and the services' code"
NAME = "pyproject.toml"


class Template(string.Template):
    """A template whose placeholders are ``@name``: ``$`` and ``{`` belong to the rendered files."""

    delimiter = "@"


def fill(template: str, **values: object) -> str:
    """
    Return a template with its placeholders filled in.

    Raises:
        KeyError: A placeholder has no value.
    """
    return Template(template).substitute(values)
