"""Accounts and logins."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from gateway.caller import checked
from gateway.calls import (
    ADD_USER,
    CHANGE_USER,
    LIST_USERS,
    LOG_IN,
    READ_PROFILE,
    READ_TIMELINE,
    READ_USER,
    REGISTER,
)
from gateway.graphql.context import Info
from gateway.graphql.types.connections import PAGE, After, Connection, First, Key, connection
from gateway.graphql.types.statistics import Event
from gateway.schemas.users import Account, AccountAdded, AccountChange, Credentials, Registration

UserId = Annotated[UUID, strawberry.argument(name="id", description="The id of the account.")]


@strawberry.enum(description="What a person may do.")
class Role(Enum):
    """What a person may do."""

    USER = strawberry.enum_value("user", description="One's own things.")
    ANALYST = strawberry.enum_value("analyst", description="The same, and queries about events.")
    EDITOR = strawberry.enum_value("editor", description="The same as a user, and pages that are not published.")
    ADMIN = strawberry.enum_value("admin", description="Everything.")


@strawberry.type(description="An account.")
class User:
    """An account."""

    id: UUID = strawberry.field(description="Its id.")
    name: str = strawberry.field(description="The name to log in with.")
    email: str = strawberry.field(description="The e-mail address.")
    email_verified_at: datetime | None = strawberry.field(description="When the owner confirmed the address by mail.")
    role: Role = strawberry.field(description="What the person may do.")
    is_active: bool = strawberry.field(description="Whether the person may log in.")
    created_at: datetime = strawberry.field(description="When it was created.")

    @classmethod
    def of(cls, account: Account) -> Self:
        """Build it from the answer of the user service."""
        return cls(
            id=account.id,
            name=account.username,
            email=account.email,
            email_verified_at=account.email_verified_at,
            role=Role(account.role),
            is_active=account.is_active,
            created_at=account.created_at,
        )

    @strawberry.field(description="The person's events, newest first, for analysts and admins.")
    async def events(self, info: Info, first: First = PAGE, after: After = None) -> Connection[Event] | None:
        """List the person's events."""
        query = {"limit": first, "cursor": after}
        page = await info.context.caller.call(READ_TIMELINE, path={"user_id": self.id}, query=query)
        return connection(page, Event.of, after)


@strawberry.type(description="The tokens of a login.")
class Login:
    """The tokens of a login."""

    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    expires_in: int = strawberry.field(description="How long the access token is valid, seconds.")
    refresh_token: str = strawberry.field(description="Valid once: POST /api/v1/users/refresh exchanges it.")


@strawberry.input(description="A new account; its owner gets a mail to choose a password.")
class UserInput:
    """A new account."""

    name: str = strawberry.field(description="3 to 64 letters and digits, with single `.`, `_` or `-` between them.")
    email: str = strawberry.field(description="The e-mail address.")
    role: Role = strawberry.field(default=Role.USER, description="What the person may do.")


@strawberry.input(description="Changes to an account; what is null stays as it is.")
class UserChangeInput:
    """Changes to an account."""

    name: str | None = strawberry.field(default=None, description="The name to log in with.")
    email: str | None = strawberry.field(default=None, description="The address; a mail asks to confirm it.")
    role: Role | None = strawberry.field(default=None, description="What the person may do; ends all sessions.")
    is_active: bool | None = strawberry.field(
        default=None, description="Whether the person may log in; ends all sessions."
    )


@strawberry.input(description="A new account, with its password.")
class RegistrationInput:
    """A new account, with its password."""

    name: str = strawberry.field(description="3 to 64 letters and digits, with single `.`, `_` or `-` between them.")
    email: str = strawberry.field(description="The e-mail address; a mail asks to confirm it.")
    password: str = strawberry.field(description="12 to 128 characters.")


@strawberry.type
class UserQueries:
    """Queries about accounts."""

    @strawberry.field(description="One's own account.")
    async def me(self, info: Info) -> User | None:
        """Read one's own account."""
        return User.of(await info.context.caller.call(READ_PROFILE))

    @strawberry.field(description="An account, for admins.")
    async def user(self, info: Info, user_id: UserId) -> User | None:
        """Read an account."""
        return User.of(await info.context.caller.call(READ_USER, path={"user_id": user_id}))

    @strawberry.field(description="Accounts, newest first, for admins.")
    async def users(  # noqa: PLR0913 - the arguments of the list
        self,
        info: Info,
        first: First = PAGE,
        after: After = None,
        search: Annotated[
            str | None, strawberry.argument(description="The beginning of the name or e-mail address.")
        ] = None,
        role: Annotated[Role | None, strawberry.argument(description="Only accounts of this role.")] = None,
        *,
        is_active: Annotated[
            bool | None, strawberry.argument(description="Only accounts whose owners may log in, or may not.")
        ] = None,
        ids: Annotated[
            list[UUID] | None,
            strawberry.argument(description="These accounts, 80 at most, in this order; `first` does not count."),
        ] = None,
    ) -> Connection[User] | None:
        """List accounts."""
        query = {
            "limit": first,
            "cursor": after,
            "q": search,
            "role": role and role.value,
            "is_active": is_active,
            "ids": ids,
        }
        return connection(await info.context.caller.call(LIST_USERS, query=query), User.of, after)


@strawberry.type
class UserMutations:
    """Changes of accounts."""

    @strawberry.mutation(description="Create an account for oneself; a mail asks to confirm the address.")
    async def register(
        self,
        info: Info,
        user_input: Annotated[RegistrationInput, strawberry.argument(description="The new account.")],
    ) -> User | None:
        """Register."""
        body = checked(Registration, username=user_input.name, email=user_input.email, password=user_input.password)
        return User.of(await info.context.caller.call(REGISTER, body))

    @strawberry.mutation(description="Log in.")
    async def login(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The name, or the e-mail address.")],
        password: Annotated[str, strawberry.argument(description="The password.")],
    ) -> Login | None:
        """Log in."""
        tokens = await info.context.caller.call(LOG_IN, checked(Credentials, username=name, password=password))
        return Login(access_token=tokens.access_token, expires_in=tokens.expires_in, refresh_token=tokens.refresh_token)

    @strawberry.mutation(description="Create an account for another person, for admins.")
    async def create_user(
        self,
        info: Info,
        user_input: Annotated[UserInput, strawberry.argument(description="The new account.")],
        idempotency_key: Key = None,
    ) -> User | None:
        """Create an account."""
        body = checked(AccountAdded, username=user_input.name, email=user_input.email, role=user_input.role.value)
        return User.of(await info.context.caller.call(ADD_USER, body, key=idempotency_key))

    @strawberry.mutation(description="Change an account, for admins.")
    async def update_user(
        self,
        info: Info,
        user_id: UserId,
        user_input: Annotated[UserChangeInput, strawberry.argument(description="The changes.")],
    ) -> User | None:
        """Change an account."""
        body = checked(
            AccountChange,
            username=user_input.name,
            email=user_input.email,
            role=user_input.role and user_input.role.value,
            is_active=user_input.is_active,
        )
        return User.of(await info.context.caller.call(CHANGE_USER, body, path={"user_id": user_id}))
