"""Pages of the web site."""

from collections.abc import Awaitable
from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from gateway.caller import checked
from gateway.calls import LIST_PAGES, READ_PAGE, READ_PAGE_BY_SLUG
from gateway.graphql.context import Info
from gateway.graphql.types.connections import PAGE, After, Connection, First, connection
from gateway.graphql.types.scalars import Json
from gateway.graphql.types.users import User
from gateway.reads.read_users import read_users
from gateway.schemas.pages import PageId, PageSlug
from gateway.schemas.pages import PageSummary as SummaryRead


@strawberry.enum(description="The status of a page.")
class PageStatus(Enum):
    """The status of a page."""

    DRAFT = strawberry.enum_value("DRAFT", description="It is being written; for editors.")
    PUBLISHED = strawberry.enum_value("PUBLISHED", description="It is for all.")
    ARCHIVED = strawberry.enum_value("ARCHIVED", description="It was withdrawn; for editors.")


@strawberry.enum(description="The order of a list of pages.")
class PageSort(Enum):
    """The order of a list of pages."""

    NEWEST = strawberry.enum_value("newest", description="The newest first.")
    UPDATED = strawberry.enum_value("updated", description="The last edited first.")
    PUBLISHED = strawberry.enum_value(
        "published", description="The last published first, without those that never were."
    )
    TITLE = strawberry.enum_value("title", description="By title.")


@strawberry.type(description="A page in a list: without its text and metadata, which `page` reads.")
class PageSummary:
    """A page in a list."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    slug: str = strawberry.field(description="Its name in addresses.")
    title: str = strawberry.field(description="Its title.")
    status: PageStatus = strawberry.field(description="Its status.")
    tags: list[str] = strawberry.field(description="Its tags.")
    author_id: UUID | None = strawberry.field(
        description="The id of the editor who created it; null once the account is deleted."
    )
    section_id: strawberry.ID | None = strawberry.field(description="The id of its section.")
    published_at: datetime | None = strawberry.field(description="The time of its first publication.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="The time of the last edit.")

    @classmethod
    def of(cls, page: SummaryRead) -> Self:
        """Build it from the answer of the content service, whose fields have the same names."""
        return cls(**{**dict(page), "status": PageStatus(page.status)})

    @strawberry.field(
        graphql_type=User | None, description="The editor who created it; for admins, and for the editor."
    )
    def author(self, info: Info) -> User | Awaitable[User | None] | None:
        """Read the author, together with those of other pages."""
        if self.author_id is None:
            return None
        return info.context.loaders.load(read_users, self.author_id, User.of)


@strawberry.type(description="A page.")
class Page(PageSummary):
    """A page."""

    body: str = strawberry.field(description="Its text as it was written; render it with care.")
    metadata: Json = strawberry.field(description="What its editors added.")


@strawberry.type
class PageQueries:
    """Queries about pages."""

    @strawberry.field(description="A page; for editors also one that is not published.")
    async def page(
        self,
        info: Info,
        page_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="The id of the page.")],
    ) -> Page | None:
        """Read a page."""
        path = {"page_id": checked(PageId, id=page_id).id}
        page = await info.context.caller.call(READ_PAGE, path=path)
        return Page.of(page)

    @strawberry.field(description="The page with this name in addresses; for editors also one that is not published.")
    async def page_by_slug(
        self, info: Info, slug: Annotated[str, strawberry.argument(description="Its name in addresses.")]
    ) -> Page | None:
        """Read a page by its slug."""
        path = {"slug": checked(PageSlug, slug=slug).slug}
        page = await info.context.caller.call(READ_PAGE_BY_SLUG, path=path)
        return Page.of(page)

    @strawberry.field(description="Pages without their texts.")
    async def pages(  # noqa: PLR0913 - the arguments of the list
        self,
        info: Info,
        first: First = PAGE,
        after: After = None,
        search: Annotated[
            str | None, strawberry.argument(description="Each of its words begins a word of the title or the text.")
        ] = None,
        tag: Annotated[str | None, strawberry.argument(description="Only pages with this tag.")] = None,
        *,
        author_id: Annotated[UUID | None, strawberry.argument(description="Only pages of this editor.")] = None,
        status: Annotated[
            PageStatus,
            strawberry.argument(description="Only pages of this status; others than `PUBLISHED` are for editors."),
        ] = PageStatus.PUBLISHED,
        sort: Annotated[PageSort, strawberry.argument(description="The order of the list.")] = PageSort.NEWEST,
    ) -> Connection[PageSummary] | None:
        """List pages."""
        query = {
            "limit": first,
            "cursor": after,
            "q": search,
            "tag": tag,
            "author_id": author_id,
            "status": status.value,
            "sort": sort.value,
        }
        return connection(await info.context.caller.call(LIST_PAGES, query=query), PageSummary.of, after)
