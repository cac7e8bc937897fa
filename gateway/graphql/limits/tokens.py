"""Limits of the text: its length, and the values in it."""

from math import isinf

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, TokenKind, parse

from gateway.graphql.refusals import NotParsed, Refused

MOST_TOKENS = 1000
"""Comments have the same limit of their own."""


class UnusableValue(Refused):
    """A value in the document is not accepted by any service (422)."""

    code = "unusable_value"


def parse_limited(text: str) -> DocumentNode:
    """
    Parse a document of at most 1,000 tokens.

    Raises:
        NotParsed: It has more, or is not GraphQL (400).
    """
    try:
        return parse(text, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        raise NotParsed(GraphQLError(error.message, source=error.source, positions=error.positions)) from None


def refuse_values(document: DocumentNode) -> None:
    """Refuse numbers that are infinite in binary, and text with the NUL character: strict JSON has neither."""
    token = document.loc and document.loc.start_token
    while token:
        if token.kind is TokenKind.FLOAT and isinf(float(token.value or 0)):
            raise UnusableValue(f"The number at line {token.line} is out of range.")
        if token.kind is TokenKind.STRING and "\0" in (token.value or ""):
            raise UnusableValue(f"The text at line {token.line} contains the NUL character.")
        token = token.next
