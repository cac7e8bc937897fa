"""Requests and answers of the user service."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, EmailStr, Field, SecretStr, StringConstraints, model_validator

from chassis.core.project import NAME
from chassis.core.types import AnyJson, Body, Ids, Read, is_visible
from user.audit import AuditKind
from user.names.normalise import name_key
from user.names.usernames import check_username
from user.password_hashing import normalise_password


def _usable_password(password: SecretStr) -> SecretStr:
    if not 12 <= len(normalise_password(password.get_secret_value())) <= 128:  # noqa: PLR2004
        raise ValueError("must have 12 to 128 characters")
    return password


def _distinct(name: str) -> str:
    # One character may become 18 in the key (U+FDFA), or none: the key must fit its column, and must not be empty.
    if not 3 <= len(name_key(name)) <= 256:  # noqa: PLR2004
        raise ValueError("must have 3 to 256 characters when compatibility forms are written out")
    return name


def _visible_mailbox(email: str) -> str:
    if not is_visible(email.rpartition("@")[0]):
        raise ValueError("must have a visible character before the '@'")
    return email


Username = Annotated[
    str,
    StringConstraints(min_length=3, max_length=64),
    AfterValidator(check_username),
    AfterValidator(_distinct),
    Field(
        description="Letters and digits of one script, with single `.`, `_` or `-` between them; no two look alike.",
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
Role = Annotated[Literal["user", "analyst", "editor", "admin"], Field(examples=["user"])]
GivenPassword = Annotated[SecretStr, Field(max_length=1024, examples=["correct horse battery"])]
"""A password to check."""
NewPassword = Annotated[GivenPassword, AfterValidator(_usable_password)]
"""A new password: 12 to 128 characters, counted in the form that is hashed (NFKC)."""
OpaqueToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128),
    Field(examples=["pXk0bS9m5VnqNn1x8cJv3r0wJ0wqk5o2QhXyTgZ4aBc"]),
]


class NewAccount(Body):
    """The names of a new account."""

    username: Username
    email: Email


class UserCreate(NewAccount):
    """A new account."""

    password: NewPassword


class UserAdd(NewAccount):
    """A new account, created by an admin."""

    password: NewPassword | None = Field(None, description="Without one, the person gets a mail to choose it.")
    role: Role = "user"


class UserChange(Body):
    """An admin's changes to an account; missing fields stay as they are."""

    username: Username | None = None
    email: Email | None = None
    role: Role | None = None
    is_active: bool | None = None


class ProfileChange(Body):
    """A person's changes to their own account; missing fields stay as they are."""

    username: Username | None = None
    email: Email | None = Field(default=None, description="Takes effect when it is confirmed; needs the password.")
    password: GivenPassword | None = Field(default=None, description="The current password.")

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
    email_verified_at: datetime | None = Field(description="When the owner confirmed the address by mail.")
    role: Role
    is_active: bool
    created_at: datetime


class UserFilter(BaseModel):
    """The filter of a list of accounts."""

    q: str | None = Field(default=None, max_length=254, description="The beginning of the username or e-mail address.")
    role: Role | None = None
    is_active: bool | None = None
    ids: Ids = None


class Credentials(Body):
    """A name (or e-mail address) and its password."""

    username: Annotated[str, Field(min_length=1, max_length=320, examples=["ada"])]
    password: GivenPassword


class Token(BaseModel):
    """An access token (RFC 6749, 5.1), and the refresh token for the next one."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a type's name
    expires_in: int = Field(description="Seconds.", examples=[900])
    refresh_token: str = Field(description="Valid once: it is exchanged for the next one.")


class InactiveToken(BaseModel):
    """A token that is not valid; the answer does not reveal why (RFC 7662, 2.2)."""

    active: Literal[False] = False


class ActiveToken(Read):
    """A valid access token, with its claims (RFC 7662, 2.2)."""

    active: Literal[True] = True
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a type's name
    iss: str = Field(examples=["https://api.example.org"])
    aud: str = Field(examples=[NAME])
    sub: UUID = Field(description="The person.")
    sid: UUID = Field(description="The session.")
    jti: str = Field(description="The id of the token.")
    iat: int = Field(description="When it was issued, seconds since 1970.")
    exp: int = Field(description="When it expires, seconds since 1970.")
    roles: list[str] = Field(examples=[["user"]])


class Refresh(Body):
    """The refresh token that was issued with the last access token."""

    refresh_token: OpaqueToken


class PasswordProof(Body):
    """The current password, for changes for which a stolen access token must not suffice."""

    password: GivenPassword


class PasswordChange(Body):
    """The current password and the new one."""

    current_password: GivenPassword
    new_password: NewPassword


class EmailAddress(Body):
    """An e-mail address."""

    email: Email


class EmailConfirmation(Body):
    """The token from a mail."""

    token: OpaqueToken


class PasswordReset(EmailConfirmation):
    """The token from a mail, and the new password."""

    password: NewPassword


class SessionRead(Read):
    """A login that has not ended."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str | None = Field(description="The network address of the login.", examples=["192.0.2.7"])
    user_agent: str | None = Field(examples=["Mozilla/5.0"])


class KeySet(BaseModel):
    """The keys with which access tokens can be checked (RFC 7517)."""

    keys: list[dict[str, str]]


class Revocations(BaseModel):
    """Recently revoked sessions."""

    sessions: list[UUID]
    until: datetime = Field(description="The value of `since` for the next request.")


class AuditRead(Read):
    """A security event."""

    id: UUID
    at: datetime
    kind: AuditKind
    user_id: UUID | None = Field(description="The account concerned.")
    actor_id: UUID | None = Field(description="The person who acted; null if not logged in.")
    address: str | None = Field(examples=["192.0.2.7"])
    user_agent: str | None
    details: dict[str, AnyJson]


class AuditFilter(BaseModel):
    """The filter of the audit log."""

    user_id: UUID | None = None
    kind: AuditKind | None = None


class UserCount(BaseModel):
    """The number of accounts."""

    count: int = Field(examples=[42])


class Activity(BaseModel):
    """Counts of a person's events in analytics."""

    total: int = Field(examples=[3])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 1, "order.confirmed": 2}])
