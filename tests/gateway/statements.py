"""The statements of gateway at a million rows: how its tables are filled, and its purges."""

from chassis.postgres.nonces import NONCE_EXPIRY
from chassis.postgres.purge import Expiry
from gateway.models import BUCKET_EXPIRY
from tests.support.statements import EACH, SOME, StatementTable

TABLE = StatementTable(
    fill=(
        f"""INSERT INTO rate_limits (key, full_at, taken)
            SELECT sha256(CAST(CAST(n AS text) AS bytea)), now() + n * interval '1 second', 1 {EACH}""",
        f"""INSERT INTO sealed_requests (issuer, request_id, claimed_at)
            SELECT 'order', CAST(n AS text), now() - n * interval '1 second' {SOME}""",
    ),
    purges=[
        statement(expiry)
        for expiry in (NONCE_EXPIRY, BUCKET_EXPIRY)
        for statement in (Expiry.delete_batch, Expiry.overdue_s)
    ],
)
