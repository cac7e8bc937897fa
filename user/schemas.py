"""What the user service takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, EmailStr, Field, SecretStr, StringConstraints, model_validator

from chassis.core.types import Body, Read, is_visible
from user.audit import AuditKind
from user.names.normalise import name_key
from user.names.usernames import check_username
from user.password_hashing import normalise_password


def _usable_password(password: SecretStr) -> SecretStr:
    if not 12 <= len(normalise_password(password.get_secret_value())) <= 128:  # noqa: PLR2004
        raise ValueError("must have 12 to 128 characters")
    return password


def _distinct(name: str) -> str:
    # One character may be 18 in the key (U+FDFA), or none: it has to fit its column, and there has to be one.
    if not 3 <= len(name_key(name)) <= 256:  # noqa: PLR2004
        raise ValueError("must have 3 to 256 characters when compatibility forms are written out")
    return name


def _visible_mailbox(email: str) -> str:
    if not is_visible(email.rpartition("@")[0]):
        raise ValueError("must have a character before the '@' that can be seen")
    return email


Username = Annotated[
    str,
    StringConstraints(min_length=3, max_length=64),
    AfterValidator(check_username),
    AfterValidator(_distinct),
    Field(
        description="Letters and digits of one script, with single `.`, `_` or `-` between them; unique by its looks.",
        examples=["ada"],
    ),
]
Email = Annotated[
    EmailStr,
    Field(max_length=254),
    AfterValidator(_visible_mailbox),
    AfterValidator(_distinct),
    Field(examples=["ada@example.org"]),
]
Role = Annotated[Literal["user", "analyst", "admin"], Field(examples=["user"])]
GivenPassword = Annotated[SecretStr, Field(max_length=1024, examples=["correct horse battery"])]
"""A password to be checked."""
NewPassword = Annotated[GivenPassword, AfterValidator(_usable_password)]
"""A password to be taken: 12 to 128 characters, counted in the form that is hashed (NFKC)."""
OpaqueToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128),
    Field(examples=["pXk0bS9m5VnqNn1x8cJv3r0wJ0wqk5o2QhXyTgZ4aBc"]),
]


class UserCreate(Body):
    """A new account."""

    username: Username
    email: Email
    password: NewPassword


class UserAdd(UserCreate):
    """A new account, made by an admin."""

    role: Role = "user"


class UserChange(Body):
    """What an admin changes of an account; what is left out stays."""

    username: Username | None = None
    email: Email | None = None
    role: Role | None = None
    is_active: bool | None = None


class ProfileChange(Body):
    """What somebody changes of their own account; what is left out stays."""

    username: Username | None = None
    email: Email | None = Field(default=None, description="Takes effect when it is confirmed; needs the password.")
    password: GivenPassword | None = Field(default=None, description="The current one.")

    @model_validator(mode="after")
    def _new_address_needs_password(self) -> "ProfileChange":
        if self.email and not self.password:
            raise ValueError("a new e-mail address needs the current password, in the field 'password'")
        return self


class UserRead(Read):
    """An account, without its secrets."""

    id: UUID
    username: str = Field(examples=["ada"])
    email: str = Field(examples=["ada@example.org"])
    email_verified_at: datetime | None = Field(description="When its owner proved to read its mail.")
    role: str = Field(examples=["user"])
    is_active: bool
    created_at: datetime


class UserFilter(BaseModel):
    """Which accounts a list shows."""

    q: str | None = Field(default=None, max_length=254, description="How the username or e-mail address begins.")
    role: Role | None = None
    is_active: bool | None = None


class Credentials(Body):
    """A name (or e-mail address) and its password."""

    username: Annotated[str, Field(min_length=1, max_length=320, examples=["ada"])]
    password: GivenPassword


class Token(BaseModel):
    """An access token (RFC 6749, 5.1), and the token to get the next one with."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a type's name
    expires_in: int = Field(description="Seconds.", examples=[900])
    refresh_token: str = Field(description="Good once: `POST /api/v1/users/refresh` gives the next.")


class Refresh(Body):
    """The refresh token that came with the last access token."""

    refresh_token: OpaqueToken


class PasswordProof(Body):
    """The current password, for what a stolen access token shall not be enough for."""

    password: GivenPassword


class PasswordChange(Body):
    """The current password and the one to come."""

    current_password: GivenPassword
    new_password: NewPassword


class EmailAddress(Body):
    """An e-mail address."""

    email: Email


class EmailConfirmation(Body):
    """The token from a mail."""

    token: OpaqueToken


class PasswordReset(EmailConfirmation):
    """The token from a mail, and the password to come."""

    password: NewPassword


class SessionRead(Read):
    """A login that has not ended."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str | None = Field(description="Where the login came from.", examples=["192.0.2.7"])
    user_agent: str | None = Field(examples=["Mozilla/5.0"])


class KeySet(BaseModel):
    """The keys with which access tokens can be checked (RFC 7517)."""

    keys: list[dict[str, str]]


class Revocations(BaseModel):
    """Sessions that were revoked lately."""

    sessions: list[UUID]
    until: datetime = Field(description="Send it as `since` the next time.")


class AuditRead(Read):
    """A security event."""

    id: UUID
    at: datetime
    kind: AuditKind
    user_id: UUID | None = Field(description="Whose account it is about.")
    actor_id: UUID | None = Field(description="Who did it; null for somebody who was not logged in.")
    address: str | None = Field(examples=["192.0.2.7"])
    user_agent: str | None
    details: dict[str, Any]


class AuditFilter(BaseModel):
    """Which entries of the audit log a list shows."""

    user_id: UUID | None = None
    kind: AuditKind | None = None


class UserCount(BaseModel):
    """How many accounts there are."""

    count: int = Field(examples=[42])


class Activity(BaseModel):
    """What analytics knows of one person."""

    total: int = Field(examples=[3])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 1, "order.confirmed": 2}])
