"""Changing a sample row."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import NothingToChange
from chassis.web.etag import PreconditionFailed, Tags
from sample_row.entity_versions import as_read
from sample_row.row_keys import has_key
from sample_row.row_values import values_of
from sample_row.schemas import SampleRowKey, SampleRowUpdate
from sample_row.services.constraints import explaining_violations
from sample_row.services.get_sample_row import get_sample_row
from sample_row.table import KEY, Model


async def update_sample_row(
    session: AsyncSession, key: SampleRowKey, change: SampleRowUpdate, if_match: Tags | None
) -> dict[str, Any]:
    """
    Change the named fields of a sample row.

    Raises:
        NothingToChange: No field is named (422).
        SampleRowNotFound: There is none with this key (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
        AppError: As raised by ``explaining_violations`` (409, 422).
    """
    if not (values := values_of(change)):
        raise NothingToChange
    edit = update(Model).where(has_key(key), as_read(if_match)).values(values).returning(*KEY)
    async with explaining_violations(session):
        is_changed = (await session.execute(edit)).first() is not None
    found = await get_sample_row(session, key)
    if not is_changed:
        raise PreconditionFailed
    return found
