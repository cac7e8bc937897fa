"""`bin/cli gateway`: what GraphQL clients rely on."""

import typer

from cli.errors import CommandError
from gateway.graphql.documents import document_id, read_folder, read_trusted
from gateway.graphql.refusals import Refused
from gateway.graphql.schema import SCHEMA

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The trusted documents of GraphQL.")


@app.callback()
def root() -> None:
    """Show what GraphQL clients rely on."""


@app.command()
def documents() -> None:
    """
    Check the trusted documents, gateway/documents/*.graphql, and print the id of each.

    Raises:
        CommandError: One does not fit the schema or the limits, or has not one operation with a name.
    """
    for file, text in read_folder().items():
        try:
            read_trusted(SCHEMA, [text])
        except (Refused, ValueError) as error:
            raise CommandError(f"gateway/documents/{file}: {error}") from None
        typer.echo(f"{document_id(text)}  {file}")
