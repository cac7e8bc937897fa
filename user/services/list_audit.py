"""Reading the audit log."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.listing import list_newest
from chassis.web.pagination import PageRequest, Slice
from user.models import AuditEntry
from user.schemas import AuditFilter


async def list_audit(session: AsyncSession, page: PageRequest, only: AuditFilter) -> Slice[AuditEntry]:
    """Return a page of the entries that match the filter, newest first."""
    query = select(AuditEntry)
    if only.user_id:
        query = query.where(AuditEntry.user_id == only.user_id)
    if only.kind:
        query = query.where(AuditEntry.kind == only.kind)
    return await list_newest(session, query, AuditEntry.id, page)
