"""Deleting a sample row."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.etag import PreconditionFailed, Tags
from sample_row.entity_versions import as_read
from sample_row.errors import ReferenceNotFound, StillReferenced
from sample_row.row_keys import has_key
from sample_row.schemas import SampleRowKey
from sample_row.services.constraints import explaining_violations
from sample_row.services.get_sample_row import get_sample_row
from sample_row.table import KEY, Model


async def delete_sample_row(session: AsyncSession, key: SampleRowKey, if_match: Tags | None) -> None:
    """
    Delete a sample row.

    Raises:
        SampleRowNotFound: There is none with this key (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
        StillReferenced: Other rows refer to it (409).
    """
    removal = delete(Model).where(has_key(key), as_read(if_match)).returning(*KEY)
    try:
        async with explaining_violations(session):
            is_deleted = (await session.execute(removal)).first() is not None
    except ReferenceNotFound as error:  # the same SQLSTATE
        raise StillReferenced from error
    if not is_deleted:
        await get_sample_row(session, key)
        raise PreconditionFailed
