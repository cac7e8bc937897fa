"""The statements of user at a million rows: how its tables are filled, its lists and its purges."""

from sqlalchemy import func, select, update

from tests.support.statements import ADA, EACH, FEW, HUNDRED, ID, MIDDLE, PERSON, SOME, StatementTable, number, page
from user.audit import AuditKind
from user.expiries import EXPIRIES
from user.models import HAS_ORIGIN, AuditEntry
from user.schemas import AuditFilter, UserFilter
from user.services.list_audit import list_audit
from user.services.list_sessions import list_sessions
from user.services.list_users import list_users

_BATCH = func.array(
    select(AuditEntry.id).where(AuditEntry.actor_id == number(4711), HAS_ORIGIN).limit(1000).scalar_subquery()
)

TABLE = StatementTable(
    fill=(
        f"""INSERT INTO users (id, username, username_key, email, email_key, password_hash, role, is_active)
            SELECT {ID}, 'p' || n, 'p' || n, 'p' || n || '@x', 'p' || n || '@x', 'x',
                CASE WHEN {FEW} THEN 'admin' ELSE 'user' END, n NOT BETWEEN 6 AND 9 {EACH}""",
        f"""INSERT INTO sessions (id, user_id, expires_at, revoked_at)
            SELECT {ID}, {PERSON}, now() + interval '1 day', CASE WHEN n % 10 = 0 THEN now() END {EACH}
            WHERE n % 50000 > 0""",
        f"""INSERT INTO refresh_tokens (token_hash, session_id, used_at, salt)
            SELECT sha256(CAST(CAST(n AS text) AS bytea)), CAST(lpad(to_hex(1 + n % 1000), 32, '0') AS uuid),
                CASE WHEN n % 2 = 0 THEN now() END, CASE WHEN n % 2 = 0 THEN CAST('x' AS bytea) END {SOME}""",
        f"""INSERT INTO email_tokens (user_id, purpose, token_hash, email, expires_at)
            SELECT {ID}, 'reset', sha256(CAST(CAST(n AS text) AS bytea)), 'x', now() + interval '1 h' {SOME}""",
        f"""INSERT INTO familiar_networks (user_id, network, expires_at)
            SELECT {ID}, CAST('x' AS bytea), now() + interval '1 day' {SOME}""",
        f"""INSERT INTO throttles (key, attempts, last_at, blocked_until)
            SELECT sha256(CAST(CAST(n AS text) AS bytea)), 1, now(), now() {SOME}""",
        f"""INSERT INTO audit_entries (id, kind, actor_id, user_id, address)
            SELECT {ID}, CASE WHEN {FEW} THEN 'user.deleted' ELSE 'login.succeeded' END,
                CASE WHEN n % 3 = 0 THEN {PERSON} END, {PERSON}, '192.0.2.1' {EACH}""",
    ),
    lists={
        "list_all": [
            lambda session: list_users(session, page(), UserFilter()),
            lambda session: list_users(session, MIDDLE, UserFilter(role="user")),
            lambda session: list_users(session, page(), UserFilter(role="admin")),
            lambda session: list_users(session, page(), UserFilter(role="analyst")),
            lambda session: list_users(session, page(), UserFilter(is_active=False)),
            lambda session: list_users(session, page(), UserFilter(is_active=True)),
            lambda session: list_users(session, page(), UserFilter(role="admin", is_active=False)),
            lambda session: list_users(session, page(), UserFilter(role="user", is_active=False)),
            lambda session: list_users(session, page(), UserFilter(q="p99999")),
            lambda session: list_users(session, page(), UserFilter(q="p")),
            lambda session: list_users(session, page(), UserFilter(q="nobody", role="user", is_active=True)),
            lambda session: list_users(session, page(), UserFilter(ids=HUNDRED)),
        ],
        "read_audit_log": [
            lambda session: list_audit(session, page(), AuditFilter()),
            lambda session: list_audit(session, page(), AuditFilter(kind=AuditKind.DELETED)),
            lambda session: list_audit(session, MIDDLE, AuditFilter(kind=AuditKind.LOGGED_IN)),
            lambda session: list_audit(session, page(), AuditFilter(user_id=number(4711))),
            lambda session: list_audit(session, page(), AuditFilter(user_id=number(4711), kind=AuditKind.DELETED)),
        ],
        "list_own_sessions": [lambda session: list_sessions(session, ADA, page())],
    },
    purges=[
        *(expiry.delete_batch() for expiry in EXPIRIES),
        *(expiry.overdue_s() for expiry in EXPIRIES),
        update(AuditEntry).where(AuditEntry.id == func.any(_BATCH)).values(address=None),
    ],
)
