"""Pages of lists, in the form of Relay's connections over the cursors of our lists."""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import strawberry

from chassis.core.types import Page

Row = TypeVar("Row")
Node = TypeVar("Node")

First = Annotated[int, strawberry.argument(description="The largest number of items, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="`endCursor` of the previous page of the same list.")]
Key = Annotated[
    str | None,
    strawberry.argument(description="An Idempotency-Key: sent again with it, the request has its effect once."),
]
PAGE = 20
"""The default of ``First``."""


@strawberry.type(description="An item of a page.")
class Edge(Generic[Node]):
    """An item of a page."""

    node: Node = strawberry.field(description="The item.")
    cursor: str | None = strawberry.field(description="Continues after this item: there is one after the last alone.")


@strawberry.type(description="Where a page is in its list.")
class PageInfo:
    """Where a page is in its list."""

    has_next_page: bool = strawberry.field(description="Whether there are further items.")
    has_previous_page: bool = strawberry.field(description="Whether the page was asked for by a cursor.")
    start_cursor: str | None = strawberry.field(description="Null: lists are read forwards.")
    end_cursor: str | None = strawberry.field(description="Send it as `after` for the next page; null on the last one.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    """A page of a list."""

    edges: list[Edge[Node]] = strawberry.field(description="The items, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page is in its list.")


def connection(page: Page[Row], node_of: Callable[[Row], Node], after: str | None) -> Connection[Node]:
    """Return a page of a service as a connection; *after* is the cursor by which it was asked for."""
    edges = [Edge(node=node_of(row), cursor=None) for row in page.items]
    if edges:
        edges[-1].cursor = page.next_cursor
    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=page.next_cursor is not None,
            has_previous_page=after is not None,
            start_cursor=None,
            end_cursor=page.next_cursor,
        ),
    )
