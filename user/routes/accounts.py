"""Everybody's accounts, and what has happened to them: for admins."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.auth.tokens import InvalidToken
from chassis.core.errors import Forbidden, NothingToChange, documented
from chassis.core.types import Page
from chassis.dependencies import Admin
from chassis.idempotency.dependency import Idempotency
from chassis.postgres.database import Database, Session
from chassis.sealing.access import optional, public, unrepeatable
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from user.client import FromClient
from user.errors import EmailTaken, LastAdmin, TooManyAttempts, UsernameTaken, UserNotFound
from user.mail.outgoing import OutgoingMail
from user.models import AuditEntry, User
from user.password_hashing import WeakPassword
from user.schemas import AuditFilter, AuditRead, UserAdd, UserChange, UserCount, UserFilter, UserRead
from user.services.add_user import add_user
from user.services.change_user import change_user
from user.services.count_users import count_users
from user.services.erase_user import erase_user
from user.services.get_user import get_user
from user.services.list_audit import list_audit
from user.services.list_users import list_users

router = service_router("users")


@router.get("/stats/count")
@public
async def count(session: Session) -> UserCount:
    """Count the accounts."""
    return UserCount(count=await count_users(session))


@router.get("/audit", response_model=Page[AuditRead], responses=documented(InvalidToken, Forbidden, InvalidCursor))
@optional
async def read_audit_log(
    _admin: Admin, session: Session, page: Paging, only: Annotated[AuditFilter, Query()]
) -> Slice[AuditEntry]:
    """Read the audit log, newest first (admins)."""
    return await list_audit(session, page, only)


@router.get("", response_model=Page[UserRead], responses=documented(InvalidToken, Forbidden, InvalidCursor))
@optional
async def list_all(_admin: Admin, session: Session, page: Paging, only: Annotated[UserFilter, Query()]) -> Slice[User]:
    """List and search the accounts, newest first (admins)."""
    return await list_users(session, page, only)


@router.post(
    "",
    status_code=201,
    response_model=UserRead,
    responses=documented(
        InvalidToken, Forbidden, UsernameTaken, EmailTaken, WeakPassword, TooManyAttempts, UserNotFound
    ),
)
@optional
async def add(
    body: UserAdd,
    admin: Admin,
    database: Database,
    key: Idempotency,
    post: OutgoingMail,
    response: Response,
) -> User:
    """Make an account for somebody, of any role (admins)."""
    user = await add_user(database, key, post, body, admin.user_id)
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    return user


@router.get("/{user_id}", response_model=UserRead, responses=documented(InvalidToken, Forbidden, UserNotFound))
@optional
async def read(user_id: UUID, _admin: Admin, session: Session) -> User:
    """Read an account (admins)."""
    return await get_user(session, user_id)


@router.patch(
    "/{user_id}",
    response_model=UserRead,
    responses=documented(
        InvalidToken, Forbidden, UserNotFound, UsernameTaken, EmailTaken, LastAdmin, NothingToChange, TooManyAttempts
    ),
)
@unrepeatable
@optional
async def update(
    user_id: UUID, body: UserChange, admin: Admin, session: Session, client: FromClient, post: OutgoingMail
) -> User:
    """Change an account: name, address, role, activation (admins). A change of the last two ends its sessions."""
    return await change_user(session, admin, client, post, user_id, body)


@router.delete("/{user_id}", status_code=204, responses=documented(InvalidToken, Forbidden, UserNotFound, LastAdmin))
@optional
async def delete(user_id: UUID, admin: Admin, session: Session, client: FromClient) -> None:
    """Delete an account: everything personal is erased, here and in analytics (admins)."""
    await erase_user(session, client, user_id, actor_id=admin.user_id)
