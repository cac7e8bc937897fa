"""Routes of the user service."""

from fastapi import APIRouter, Request

from chassis.auth.current_user import CurrentUser
from chassis.auth.tokens import LIFETIME_S, InvalidToken, TokenIssuer
from chassis.dispatch.dispatcher import Dispatch
from chassis.errors import documented
from chassis.events import Announce
from chassis.postgres import Database, Session
from chassis.routing import Route, service_router
from chassis.sealing.modes import encrypted, optional, public
from user.credentials import LOGIN_BODY, CredentialsBody
from user.errors import EmailTaken, InvalidCredentials, UsernameTaken
from user.models import User
from user.schemas import Activity, Token, UserCount, UserCreate, UserRead
from user.services.authenticate_user import authenticate_user
from user.services.count_users import count_users
from user.services.get_activity import get_activity
from user.services.get_profile import get_profile
from user.services.register_user import register_user

router = service_router("users")
well_known = APIRouter(prefix="/.well-known", tags=["keys"], route_class=Route)


@router.post("/register", status_code=201, response_model=UserRead, responses=documented(UsernameTaken, EmailTaken))
@encrypted
async def register(body: UserCreate, database: Database, announcer: Announce) -> User:
    """Register a user, who can then log in at once."""
    return await register_user(database, announcer, body)


@router.post("/login", responses=documented(InvalidCredentials), openapi_extra=LOGIN_BODY)
@optional
async def login(credentials: CredentialsBody, database: Database, request: Request) -> Token:
    """Get an access token for a name (or e-mail address) and a password, as a form or as JSON."""
    user = await authenticate_user(database, credentials)
    issuer: TokenIssuer = request.app.state.issuer
    return Token(access_token=issuer.issue(user.id, [user.role]), expires_in=LIFETIME_S)


@router.get("/profile", response_model=UserRead, responses=documented(InvalidToken))
@optional
async def profile(user: CurrentUser, session: Session) -> User:
    """Read one's own account."""
    return await get_profile(session, user)


@router.get("/stats", responses=documented(InvalidToken))
@optional
async def activity(user: CurrentUser, dispatcher: Dispatch) -> Activity:
    """Read what analytics has counted of one's own activity."""
    return await get_activity(dispatcher, user)


@router.get("/stats/count")
@public
async def count(session: Session) -> UserCount:
    """Count the accounts."""
    return UserCount(count=await count_users(session))


@well_known.get("/jwks.json", operation_id="jwks")
@public
async def jwks(request: Request) -> dict[str, list[dict[str, str]]]:
    """Give the keys with which access tokens can be checked (RFC 7517)."""
    issuer: TokenIssuer = request.app.state.issuer
    return issuer.jwks()
