"""Requests that are refused before they are executed: answers with errors and without data."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from graphql import GraphQLError, Node

_MOST_TEXT = 300


class Refused(Exception):
    """
    A request that is not executed; the message says what to change.

    Attributes:
        status: The HTTP status.
        code: For programs; stable.
        errors: The errors of the answer.
        headers: Headers of the answer.
    """

    status: ClassVar[int] = 422
    code: ClassVar[str]

    def __init__(
        self, *errors: GraphQLError | str, nodes: Sequence[Node] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        self.errors = [GraphQLError(one, nodes[:1]) if isinstance(one, str) else one for one in errors]
        self.headers = dict(headers or {})
        super().__init__(", ".join(error.message for error in self.errors))

    def formatted(self) -> list[dict[str, object]]:
        """Return the errors of the answer, each with the code; a message may quote the document, and is cut."""
        added = {"code": self.code, "status": self.status}
        return [{**one.formatted, "message": one.message[:_MOST_TEXT], "extensions": added} for one in self.errors]


class NotParsed(Refused):
    """The document is not GraphQL, or longer than 1,000 tokens (400)."""

    status = 400
    code = "document_not_parsed"


class NotValid(Refused):
    """The document does not fit the schema (422)."""

    code = "document_not_valid"


class NoOperation(Refused):
    """The operation cannot be determined (422)."""

    code = "unknown_operation"


class WrongVariables(Refused):
    """The values of the variables do not have the declared types (422)."""

    code = "invalid_variables"


class OnlyByPost(Refused):
    """A GET may not change anything (405)."""

    status = 405
    code = "query_expected"


class NotTrusted(Refused):
    """This service executes trusted documents only (403)."""

    status = 403
    code = "document_not_trusted"


class UnknownDocument(Refused):
    """No trusted document has this id (404)."""

    status = 404
    code = "unknown_document"
