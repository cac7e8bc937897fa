"""The statements of order at a million rows: how its tables are filled, its lists and its purges."""

from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.inbox import INBOX_EXPIRY
from chassis.postgres.nonces import NONCE_EXPIRY
from chassis.postgres.purge import Expiry
from order.metrics import CountTransition
from order.models import OrderStatus
from order.schemas import OrderFilter
from order.services.list_orders import list_orders
from tests.support.statements import EACH, FEW, HUNDRED, ID, PERSON, SOME, StatementTable, number, page

TABLE = StatementTable(
    fill=(
        f"""INSERT INTO orders (id, user_id, status, cause, currency, total_price_minor)
            SELECT {ID}, {PERSON}, CASE WHEN {FEW} THEN 'expired' ELSE 'fulfilled' END, 'x', 'EUR', 1 {EACH}""",
        f"""INSERT INTO order_lines (order_id, position, product_id, quantity) SELECT {ID}, 0, {ID}, 1 {EACH}""",
        f"""INSERT INTO order_transitions (order_id, status, cause) SELECT {ID}, 'pending', 'x' {EACH}""",
        f"""INSERT INTO outbox (event_id, listener, aggregate, message)
            SELECT {ID}, 'analytics', CAST(n AS text), '{{}}' {SOME}""",
        f"""INSERT INTO sealed_requests (issuer, request_id, claimed_at)
            SELECT 'order', CAST(n AS text), now() - n * interval '1 second' {SOME}""",
        f"""INSERT INTO inbox (event_id) SELECT {ID} {SOME}""",
        f"""INSERT INTO idempotency_keys (caller, operation, key, fingerprint)
            SELECT 'x', 'y', CAST(n AS text), CAST('z' AS bytea) {SOME}""",
    ),
    lists={
        "list_own": [
            lambda session: list_orders(session, page(), OrderFilter(user_id=number(4711))),
            lambda session: list_orders(
                session, page(), OrderFilter(user_id=number(4711), status=OrderStatus.CANCELLED)
            ),
            lambda session: list_orders(session, page(), OrderFilter(user_id=number(4711), ids=HUNDRED)),
        ],
        "list_all": [
            lambda session: list_orders(session, page(), OrderFilter()),
            *(
                lambda session, status=status: list_orders(session, page(), OrderFilter(status=status))
                for status in OrderStatus
            ),
            lambda session: list_orders(session, page(), OrderFilter(ids=HUNDRED)),
        ],
    },
    purges=[
        *(
            statement(expiry)
            for expiry in (NONCE_EXPIRY, KEY_EXPIRY, INBOX_EXPIRY)
            for statement in (Expiry.delete_batch, Expiry.overdue_s)
        )
    ],
    columns={CountTransition: set()},
)
