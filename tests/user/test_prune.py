from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import attempt, change, log_in, read
from user.models import AuditEntry, EmailToken, FamiliarNetwork, RefreshToken, Throttle, User, UserSession
from user.tokens.email_tokens import Purpose, issue_email_token


async def prune(database: Postgres) -> None:
    """Run the service's purge."""
    await database.purge_expired()


def ago(**time: float) -> object:
    """Return a time in the past, by the database's clock."""
    return func.now() - timedelta(**time)


async def add_session(database: Postgres, user: User, **times: object) -> UUID:
    """Store a session with these times; without them it is active."""
    row = UserSession(user_id=user.id, **({"expires_at": ago(days=-1)} | times))
    async with database.transaction() as session:
        session.add(row)
    return row.id


async def test_sessions_go_a_day_after_their_end(make_user: MakeUser, database: Postgres) -> None:
    """Sessions that ended more than a day ago are deleted; later ones and active ones stay."""
    ada = await make_user("ada")
    await add_session(database, ada, expires_at=ago(hours=25))
    await add_session(database, ada, revoked_at=ago(hours=25))
    kept = [
        ada.id,
        await add_session(database, ada, expires_at=ago(hours=23)),
        await add_session(database, ada, revoked_at=ago(hours=23)),
        await add_session(database, ada, created_at=ago(days=179)),
    ]

    await prune(database)

    assert await read(database, select(UserSession.id).order_by(UserSession.id)) == sorted(kept)


async def test_refresh_tokens_go_with_their_session(people: People, make_user: MakeUser, database: Postgres) -> None:
    """Tokens of a deleted session are deleted; those of an active one stay."""
    await make_user("ada")
    await log_in(people)
    [gone] = await read(database, select(RefreshToken.session_id))
    await log_in(people)
    await change(database, update(UserSession).where(UserSession.id == gone).values(revoked_at=ago(hours=25)))

    await prune(database)

    [left] = await read(database, select(RefreshToken.session_id))
    assert left != gone


async def test_spent_refresh_tokens_go_after_30_days(people: People, make_user: MakeUser, database: Postgres) -> None:
    """Spent tokens stay for 30 days, in which reuse is detected; unused ones stay as long as their session."""
    await make_user("ada")
    for _ in range(3):
        await log_in(people)
    old, late, unused = await read(database, select(RefreshToken.token_hash).order_by(RefreshToken.token_hash))
    for token, days in ((old, 31), (late, 29)):
        spent = update(RefreshToken).where(RefreshToken.token_hash == token)
        await change(database, spent.values(used_at=ago(days=days), salt=b"salt"))

    await prune(database)

    assert await read(database, select(RefreshToken.token_hash).order_by(RefreshToken.token_hash)) == [late, unused]


async def test_mail_tokens_go_when_they_expire(make_user: MakeUser, database: Postgres) -> None:
    """An expired one is deleted; a valid one stays."""
    ada = await make_user("ada")
    async with database.transaction() as session:
        for purpose in Purpose:
            await issue_email_token(session, ada.id, purpose, ada.email)
    expired = update(EmailToken).where(EmailToken.purpose == Purpose.RESET).values(expires_at=ago(seconds=1))
    await change(database, expired)

    await prune(database)

    assert await read(database, select(EmailToken.purpose)) == [Purpose.VERIFY]


async def test_attempts_go_after_a_day(database: Postgres) -> None:
    """Counts of more than a day ago are deleted; later ones, and those that still block, stay."""
    soon = ago(minutes=-5)
    for key, last_at, blocked_until in (
        (b"old", ago(hours=25), ago(hours=24)),
        (b"late", ago(hours=23), ago(hours=22)),
        (b"blocked", ago(hours=25), soon),
    ):
        row = {"key": key, "attempts": 7, "last_at": last_at, "blocked_until": blocked_until}
        await change(database, insert(Throttle).values(row))

    await prune(database)

    assert await read(database, select(Throttle.key).order_by(Throttle.key)) == [b"blocked", b"late"]


async def test_networks_go_when_they_are_familiar_no_more(make_user: MakeUser, database: Postgres) -> None:
    """A network without recent logins is deleted; one with recent logins stays."""
    ada = await make_user("ada")
    for network, expires_at in ((b"old", ago(seconds=1)), (b"late", ago(days=-1))):
        row = {"user_id": ada.id, "network": network, "expires_at": expires_at}
        await change(database, insert(FamiliarNetwork).values(row))

    await prune(database)

    assert await read(database, select(FamiliarNetwork.network)) == [b"late"]


async def test_audit_entries_go_after_400_days(people: People, database: Postgres) -> None:
    """Entries older than 400 days are deleted, others stay."""
    for _ in range(2):
        await attempt(people, "nobody")
    [old, late] = await read(database, select(AuditEntry.id).order_by(AuditEntry.id))
    for entry, days in ((old, 401), (late, 399)):
        await change(database, update(AuditEntry).where(AuditEntry.id == entry).values(at=ago(days=days)))

    await prune(database)

    assert await read(database, select(AuditEntry.id)) == [late]


async def test_accounts_stay(make_user: MakeUser, database: Postgres) -> None:
    """An account stays, however long ago its last session ended."""
    ada = await make_user("ada")
    await change(database, update(UserSession).values(expires_at=ago(days=1000)))

    await prune(database)

    assert await read(database, select(User.id)) == [ada.id]
    assert await read(database, select(UserSession)) == []
