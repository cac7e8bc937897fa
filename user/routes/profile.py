"""Routes for one's own account."""

from fastapi import Response

from chassis.core.errors import NothingToChange
from chassis.core.problems import documented
from chassis.dependencies import PERSON, CurrentUser, Dispatch
from chassis.idempotency.dependency import KEYED, Key
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Database, Session
from chassis.sealing.access import encrypted, optional
from chassis.web.routing import service_router
from user.client import FromClient
from user.dependencies import Issuer, no_store
from user.errors import EmailTaken, LastAdmin, TooManyAttempts, UsernameTaken, UserNotFound, WrongPassword
from user.mail.outgoing import Mailing, MailNotConfigured
from user.models import User
from user.password_hashing import WeakPassword
from user.schemas import Activity, PasswordChange, PasswordProof, ProfileChange, Token, UserCreate, UserRead
from user.services.change_password import change_password
from user.services.change_profile import change_profile
from user.services.delete_profile import delete_profile
from user.services.get_activity import get_activity
from user.services.get_user import get_user
from user.services.register_user import register_user

router = service_router("users", "profile", "Registering, and one's own account.")


@router.post(
    "/register",
    access=encrypted(plain_if="plain_registration"),
    idempotency=KEYED,
    status_code=201,
    response_model=UserRead,
    responses=documented(UsernameTaken, EmailTaken, WeakPassword, TooManyAttempts, UserNotFound),
)
async def register(
    body: UserCreate,
    database: Database,
    key: Key,
    mail: Mailing,
    response: Response,
) -> User:
    """
    Register a person, who can then log in at once; a mail asks to confirm the address.

    Browsers and apps may register people by plain JSON in development, and where PLAIN_REGISTRATION is true. Elsewhere
    a trusted program does it for them by a sealed request (`bin/cli call`), or an admin (`POST /api/v1/users`). A plain
    request takes no `Idempotency-Key`: sent again, it is a 409.
    """
    user = await register_user(database, key, mail, body)
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    return user


@router.get("/profile", access=optional(), auth=PERSON, response_model=UserRead)
async def profile(user: CurrentUser, session: Session) -> User:
    """Read one's own account."""
    return await get_user(session, user.user_id)


@router.patch(
    "/profile",
    access=optional(),
    auth=PERSON,
    idempotency=UNREPEATABLE,
    response_model=UserRead,
    responses=documented(NothingToChange, UsernameTaken, WrongPassword, TooManyAttempts, MailNotConfigured),
)
async def update_profile(
    body: ProfileChange, user: CurrentUser, database: Database, client: FromClient, mail: Mailing
) -> User:
    """Change one's name; a new e-mail address takes effect when it is confirmed by mail."""
    if body.email:
        mail.require()
    return await change_profile(database, client, mail, user, body)


@router.delete(
    "/profile",
    access=optional(),
    auth=PERSON,
    status_code=204,
    responses=documented(WrongPassword, LastAdmin, TooManyAttempts),
)
async def delete_own_account(body: PasswordProof, user: CurrentUser, database: Database, client: FromClient) -> None:
    """Delete one's own account: all personal data is erased, here and in analytics."""
    await delete_profile(database, client, user, body.password)


@router.post(
    "/password",
    access=optional(),
    auth=PERSON,
    idempotency=UNREPEATABLE,
    dependencies=[no_store],
    responses=documented(WrongPassword, WeakPassword, TooManyAttempts),
)
async def update_password(
    body: PasswordChange, user: CurrentUser, database: Database, issuer: Issuer, client: FromClient, mail: Mailing
) -> Token:
    """Change one's password. Every session ends; the answer has the tokens of a new one."""
    return await change_password(database, issuer, client, mail, user, body)


@router.get("/stats", access=optional(), auth=PERSON)
async def activity(user: CurrentUser, dispatcher: Dispatch) -> Activity:
    """Read the counts of one's own events in analytics."""
    return await get_activity(dispatcher, user)
