"""`bin/cli gateway`: the files that GraphQL clients rely on."""

import typer

from cli.errors import CommandError
from gateway.graphql import documents, schema_file
from gateway.graphql.refusals import Refused
from gateway.graphql.schema import SCHEMA

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The GraphQL schema and the trusted documents.")


@app.callback()
def files() -> None:
    """Write the GraphQL schema and the trusted documents."""


@app.command("documents")
def write_documents() -> None:
    """
    Write gateway/documents.json from gateway/documents/*.graphql, and print the id of each document.

    Raises:
        CommandError: A document does not fit the schema, exceeds a limit, or has not one operation with a name.
    """
    texts = documents.read_folder()
    for file, text in texts.items():
        try:
            documents.read_trusted(SCHEMA, [text])
        except (Refused, ValueError) as error:
            raise CommandError(f"gateway/documents/{file}: {error}") from None
        typer.echo(f"{documents.document_id(text)}  {file}")
    documents.RENDERED.write_bytes(documents.render(texts.values()))


@app.command("schema")
def write_schema() -> None:
    """
    Write gateway/schema.graphql.

    Raises:
        CommandError: A change breaks clients, and is not listed in gateway/breaking-changes.txt.
    """
    file, text = schema_file.SCHEMA_FILE, schema_file.render_schema(SCHEMA)
    if file.exists():
        before = file.read_text(encoding="utf-8")
        changes = schema_file.unacknowledged_changes(before, text, schema_file.read_acknowledged())
        if changes:
            lines = "\n  ".join(changes)
            raise CommandError(
                f"These changes break clients:\n  {lines}\nKeep what they use, and deprecate it. If it must go now, "
                f"add each of these lines to gateway/{schema_file.ACKNOWLEDGED.name}, and run this again."
            )
    file.write_text(text, encoding="utf-8")
