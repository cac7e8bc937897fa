"""The databases of a run: that of content, which all sides read, and that of the user service."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benchmarks.deployment import migrate
from cli.dev.databases import create_database
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.services.discovery import find_service

SERVICES = ("content", "user")
"""The service, and the issuer of its tokens."""
ROWS = 10_000
_FILL = f"""
    INSERT INTO public."Page" (id, slug, title, body, status, tags, metadata, "authorId", "publishedAt", "createdAt",
                               "updatedAt")
    SELECT md5(n::text), 'about-teapot-' || n, 'All about teapot number ' || n, repeat('Fill it with tea. ', 120),
           CASE WHEN n % 10 = 9 THEN 'DRAFT' ELSE 'PUBLISHED' END::public."PageStatus",
           ARRAY['teapots', 'guides-' || n % 7], '{{"layout": "wide"}}', gen_random_uuid(), made, made, made
    FROM generate_series(1, {ROWS}) AS n,
         LATERAL (SELECT '2026-01-01'::timestamp + n * interval '61 seconds') AS one (made)
"""  # noqa: S608 - a number of ours


@dataclass(frozen=True, slots=True)
class Stores:
    """
    The databases.

    Attributes:
        environment: Their addresses, by the names of the services' variables.
        postgres_pid: The root of the server's process tree.
    """

    environment: Mapping[str, str]
    postgres_pid: int

    @property
    def pages(self) -> str:
        """The address of content's database as its service has it, in asyncpg's form."""
        return _dsn(self.environment["CONTENT_DATABASE_URL"])


@contextmanager
def open_stores(folder: Path, secrets: Mapping[str, str]) -> Iterator[Stores]:
    """
    Run PostgreSQL with the databases, migrated, and 10,000 pages, until the end of the block.

    Raises:
        NotMigrated: A migration fails.
    """
    with EmbeddedPostgres(folder / "postgres", free_port()) as postgres:
        environment = dict[str, str]()
        for name in SERVICES:
            environment |= create_database(postgres, find_service(name))
        for name in SERVICES:
            migrate({**secrets, **environment}, name)
        asyncio.run(_fill(_dsn(environment["CONTENT_OWNER_URL"])))
        yield Stores(environment, postgres.pid)


async def _fill(owner: str) -> None:
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute(_FILL)
        await connection.execute('VACUUM ANALYZE public."Page"')
    finally:
        await connection.close()


def _dsn(url: str) -> str:
    return url.replace("+asyncpg", "")
