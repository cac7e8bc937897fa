"""Creating a sample row."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from sample_row.row_values import values_of
from sample_row.schemas import SampleRowCreate, SampleRowKey
from sample_row.services.constraints import explaining_violations
from sample_row.services.get_sample_row import get_sample_row
from sample_row.table import KEY, Model


async def create_sample_row(session: AsyncSession, new: SampleRowCreate) -> dict[str, Any]:
    """
    Store a sample row; fields that are left out get their defaults. Returns it as it was stored.

    Raises:
        AppError: As raised by ``explaining_violations`` (409, 422).
    """
    async with explaining_violations(session):
        creation = insert(Model).values(values_of(new)).returning(*KEY)
        key = SampleRowKey(*(await session.execute(creation)).one())
    return await get_sample_row(session, key)
