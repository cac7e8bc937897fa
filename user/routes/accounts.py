"""Routes for all accounts and the audit log, for admins."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.core.errors import NothingToChange
from chassis.core.problems import documented
from chassis.core.types import Page
from chassis.dependencies import ADMIN, CurrentUser
from chassis.idempotency.dependency import KEYED, Key
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Database, Session
from chassis.sealing.access import optional, public
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from user.client import FromClient
from user.errors import EmailTaken, LastAdmin, TooManyAttempts, UsernameTaken, UserNotFound
from user.mail.outgoing import Mailing, MailNotConfigured
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

router = service_router("users", "accounts", "All accounts and the audit log, for admins.")


@router.get("/stats/count", access=public())
async def count(session: Session) -> UserCount:
    """Count the accounts."""
    return UserCount(count=await count_users(session))


@router.get(
    "/audit",
    access=optional(),
    auth=ADMIN,
    response_model=Page[AuditRead],
    responses=documented(InvalidCursor),
)
async def read_audit_log(session: Session, page: Paging, only: Annotated[AuditFilter, Query()]) -> Slice[AuditEntry]:
    """Read the audit log, newest first."""
    return await list_audit(session, page, only)


@router.get("", access=optional(), auth=ADMIN, response_model=Page[UserRead], responses=documented(InvalidCursor))
async def list_all(session: Session, page: Paging, only: Annotated[UserFilter, Query()]) -> Slice[User]:
    """List and search the accounts, newest first."""
    return await list_users(session, page, only)


@router.post(
    "",
    access=optional(),
    auth=ADMIN,
    idempotency=KEYED,
    status_code=201,
    response_model=UserRead,
    responses=documented(UsernameTaken, EmailTaken, WeakPassword, MailNotConfigured, TooManyAttempts, UserNotFound),
)
async def add(
    body: UserAdd,
    admin: CurrentUser,
    database: Database,
    key: Key,
    mail: Mailing,
    response: Response,
) -> User:
    """Create an account for another person, of any role. Without a password, a mail asks the person to choose one."""
    user = await add_user(database, key, mail, body, admin.user_id)
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    return user


@router.get(
    "/{user_id}",
    access=optional(),
    auth=ADMIN,
    response_model=UserRead,
    responses=documented(UserNotFound),
)
async def read(user_id: UUID, session: Session) -> User:
    """Read an account."""
    return await get_user(session, user_id)


@router.patch(
    "/{user_id}",
    access=optional(),
    auth=ADMIN,
    idempotency=UNREPEATABLE,
    response_model=UserRead,
    responses=documented(UserNotFound, UsernameTaken, EmailTaken, LastAdmin, NothingToChange, TooManyAttempts),
)
async def update(
    user_id: UUID, body: UserChange, admin: CurrentUser, session: Session, client: FromClient, mail: Mailing
) -> User:
    """Change an account: name, address, role, activation. Changing the last two ends its sessions."""
    return await change_user(session, admin, client, mail, user_id, body)


@router.delete(
    "/{user_id}",
    access=optional(),
    auth=ADMIN,
    status_code=204,
    responses=documented(UserNotFound, LastAdmin),
)
async def delete(user_id: UUID, admin: CurrentUser, session: Session, client: FromClient) -> None:
    """Delete an account: all personal data is erased, here and in analytics."""
    await erase_user(session, client, user_id, actor_id=admin.user_id)
