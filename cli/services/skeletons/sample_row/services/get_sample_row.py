"""Reading a sample row."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sample_row.entity_versions import VERSION
from sample_row.errors import SampleRowNotFound
from sample_row.row_keys import has_key
from sample_row.row_values import ANSWER
from sample_row.schemas import SampleRowKey


async def get_sample_row(session: AsyncSession, key: SampleRowKey) -> dict[str, Any]:
    """
    Return a sample row, and its version (``etag``).

    Raises:
        SampleRowNotFound: There is none with this key (404).
    """
    query = select(*ANSWER, VERSION.label("etag")).where(has_key(key))
    found = (await session.execute(query)).mappings().one_or_none()
    if found is None:
        raise SampleRowNotFound
    return dict(found)
