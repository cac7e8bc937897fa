"""Making an account."""

from sqlalchemy.exc import IntegrityError

from chassis.auth.passwords import hash_password
from chassis.postgres import Postgres
from user.errors import EmailTaken, UsernameTaken
from user.models import User
from user.normalise import name_key
from user.schemas import UserCreate


async def create_user(database: Postgres, new: UserCreate, role: str) -> User:
    """
    Make an account. The transaction begins when the password is hashed, which takes long.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
    """
    user = User(
        username=new.username,
        username_key=name_key(new.username),
        email=new.email,
        email_key=name_key(new.email),
        password_hash=await hash_password(new.password.get_secret_value()),
        role=role,
    )
    try:
        async with database.transaction() as session:
            session.add(user)
    except IntegrityError as error:
        raise (EmailTaken if "uq_users_email_key" in str(error.orig) else UsernameTaken) from error
    return user
