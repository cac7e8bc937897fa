"""Statements in a PostgreSQL database, for tests of commands, which run without an event loop."""

import asyncio

import asyncpg


def execute(url: str, statement: str) -> list[asyncpg.Record]:
    """Run a statement, and return its rows."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(run())
