"""The rows of a grown database, as SQL that makes them from their numbers: a consistent shop, the same in every run."""

from dataclasses import dataclass
from typing import Literal

Size = Literal["orders", "movements", "products", "users", "events"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """
    The numbers of rows.

    Attributes:
        movements: Of the ledger: an initial stock for each product, a reservation for each order, and adjustments.
        users: As many have a session, a spent refresh token and an entry in the audit log each.
        events: Those that wait in the outbox, each of another order.
    """

    orders: int
    movements: int
    products: int
    users: int
    events: int


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table to fill.

    Attributes:
        size: The size that is its number of rows.
        columns: Those that are filled.
        values: Their values for row *n*; ``plan`` has the sizes, the person who orders, the hash of the passwords and
            the time of the last row.
    """

    service: str
    name: str
    size: Size
    columns: str
    values: str
    source: str = ""

    @property
    def insert(self) -> str:
        """The statement that inserts the rows with the numbers from $1 to $2."""
        numbers = "FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN plan"
        return f"INSERT INTO {self.name} ({self.columns}) SELECT {self.values} {numbers} {self.source}"


PREPARE = """
    CREATE TEMPORARY TABLE plan AS SELECT $1::bigint AS orders, $2::bigint AS movements, $3::bigint AS products,
        $4::bigint AS users, $5::bigint AS events, $6::timestamptz AS until, $7::uuid AS person, $8::text AS hash
"""
FUNCTIONS = """
    CREATE FUNCTION pg_temp.id(kind text, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
        SELECT CAST(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0')
            || '7' || substr(md5(kind || n), 1, 3) || '8' || substr(md5(kind || n), 4, 15) AS uuid)
    $$;
    CREATE FUNCTION pg_temp.at(n bigint, rows bigint, until timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
        SELECT until - interval '20 days' * (1 - CAST(n AS float8) / rows)
    $$;
    CREATE FUNCTION pg_temp.order_id(n bigint, rows bigint, until timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
        SELECT pg_temp.id('order', n, pg_temp.at(n, rows, until))
    $$;
    CREATE FUNCTION pg_temp.product_id(n bigint, rows bigint, until timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
        SELECT pg_temp.id('product', n % rows, until - interval '40 days' + make_interval(secs => n % rows))
    $$;
    CREATE FUNCTION pg_temp.status(n bigint) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT CASE WHEN n <= 5 THEN 'expired' WHEN n % 10 = 1 THEN 'confirmed' ELSE 'fulfilled' END
    $$;
"""
"""Ids have the form of version 7, in the order of their times. Five rare orders are the oldest."""

_ORDER = "pg_temp.order_id(n, orders, until)"
_ORDERED = "pg_temp.at(n, orders, until)"
_PRODUCT = "pg_temp.product_id(n, products, until)"
_IS_RESERVATION = "n > products AND n <= products + orders AND pg_temp.status(n - products) <> 'expired'"
_HAS_STOCK = "WHERE pg_temp.status(n) <> 'expired'"
_USER = "pg_temp.id('user', n, pg_temp.at(n, users, until))"
_USED = "pg_temp.at(n, users, until)"

TABLES = (
    Table(
        "order", "orders", "orders",
        "id, user_id, status, cause, currency, total_price_minor, created_at",
        # Most people have twenty orders; the one who logs in has a hundred, from the first to the last.
        f"""{_ORDER},
            CASE WHEN n % greatest(orders / 100, 1) = 0 THEN person
                ELSE pg_temp.id('user', n % greatest(orders / 20, 1), until) END,
            pg_temp.status(n), 'stock_committed', 'EUR', 1999, {_ORDERED}""",
    ),
    Table(
        "order", "order_lines", "orders",
        "order_id, position, product_id, quantity, name, unit_price_minor",
        f"{_ORDER}, 0, {_PRODUCT}, 1, 'Teapot', 1999",
    ),
    Table(
        "order", "order_transitions", "orders",
        "order_id, status, cause, at",
        f"{_ORDER}, status, 'stock_committed', {_ORDERED}",
        "CROSS JOIN LATERAL unnest(CASE pg_temp.status(n) WHEN 'expired' THEN ARRAY['pending', 'expired']"
        " WHEN 'confirmed' THEN ARRAY['pending', 'confirmed'] ELSE ARRAY['pending', 'confirmed', 'fulfilled'] END)"
        " AS status",
    ),
    Table(
        "order", "idempotency_keys", "orders",
        "caller, operation, key, fingerprint, resource_id, status, headers, body",
        f"""'user:' || person, 'POST /api/v1/orders', md5('key' || n), sha256(CAST('key' AS bytea)), {_ORDER},
            201, '{{}}', convert_to(repeat(md5(CAST(n AS text)), 10), 'UTF8')""",
    ),
    Table(
        "product", "stock_movements", "movements",
        "id, product_id, quantity, kind, order_id, reason, at",
        f"""pg_temp.id('movement', n, pg_temp.at(n, movements, until)), {_PRODUCT},
            CASE WHEN n <= products THEN 1000000 WHEN {_IS_RESERVATION} THEN -1 ELSE 1 END,
            CASE WHEN n <= products THEN 'initial' WHEN {_IS_RESERVATION} THEN 'reservation' ELSE 'adjustment' END,
            CASE WHEN {_IS_RESERVATION} THEN pg_temp.order_id(n - products, orders, until) END,
            CASE WHEN n > products AND NOT ({_IS_RESERVATION}) THEN 'Counted.' END,
            pg_temp.at(n, movements, until)""",
    ),
    Table(
        "product", "reservations", "orders",
        "order_id, state, expires_at, created_at",
        f"""{_ORDER}, CASE WHEN pg_temp.status(n) = 'confirmed' THEN 'committed' ELSE 'fulfilled' END,
            {_ORDERED} + interval '2 minutes', {_ORDERED}""",
        _HAS_STOCK,
    ),
    Table(
        "product", "reservation_lines", "orders",
        "order_id, product_id, quantity, unit_price_minor, currency, name",
        f"{_ORDER}, {_PRODUCT}, 1, 1999, 'EUR', 'Teapot'",
        _HAS_STOCK,
    ),
    Table(
        "product", "inbox", "orders",
        "event_id, received_at",
        f"pg_temp.id('event', n, {_ORDERED}), {_ORDERED}",
    ),
    Table(
        "product", "products", "products",
        "id, name, description, price_minor, currency, stock, held, created_at, updated_at",
        f"""{_PRODUCT},
            CASE WHEN n <= 3 THEN 'Samovar' ELSE (ARRAY['Teapot', 'Kettle', 'Cup', 'Saucer'])[1 + n % 4] END
                || ' of series ' || n % 100 || ' number ' || n,
            repeat('Holds a litre. ', 10), 100 + n * 7919 % 100000, 'EUR', available, coalesce(committed, 0),
            until - interval '40 days', until - interval '40 days'""",
        """JOIN (SELECT product_id, sum(quantity) AS available FROM stock_movements GROUP BY product_id) AS ledger
            ON ledger.product_id = pg_temp.product_id(n, products, until)
        LEFT JOIN (SELECT product_id, sum(quantity) AS committed FROM reservation_lines
            JOIN reservations USING (order_id) WHERE state = 'committed' GROUP BY product_id) AS open
            ON open.product_id = ledger.product_id""",
    ),
    Table(
        "user", "users", "users",
        "id, username, username_key, username_look, username_folded_look, email, email_key, password_hash, role,"
        " is_active, created_at",
        f"""{_USER}, 'person-' || n, 'person-' || n, sha256(CAST('look' || n AS bytea)),
            sha256(CAST('folded' || n AS bytea)), 'person-' || n || '@example.org', 'person-' || n || '@example.org',
            hash, CASE WHEN n <= 5 THEN 'analyst' ELSE 'user' END, n % 1000 <> 7, {_USED}""",
    ),
    Table(
        "user", "sessions", "users",
        "id, user_id, created_at, last_used_at, expires_at, address, user_agent",
        f"""pg_temp.id('session', n, {_USED}), {_USER}, {_USED}, {_USED}, {_USED} + interval '30 days',
            '192.0.2.1', 'benchmark'""",
    ),
    Table(
        "user", "refresh_tokens", "users",
        "token_hash, session_id, used_at, salt",
        f"""sha256(CAST('token' || n AS bytea)), pg_temp.id('session', n, {_USED}), {_USED},
            sha256(CAST('salt' || n AS bytea))""",
    ),
    Table(
        "user", "audit_entries", "users",
        "id, at, kind, actor_id, user_id, address, user_agent",
        f"""pg_temp.id('audit', n, {_USED}), {_USED},
            CASE WHEN n <= 5 THEN 'user.deleted' ELSE 'login.succeeded' END, {_USER}, {_USER},
            '192.0.2.1', 'benchmark'""",
    ),
)  # fmt: skip
"""In the order in which they are filled: the products take their stock from the ledger."""

_HAPPENED = "pg_temp.at(n, greatest(orders, events), until)"
WAITING = Table(
    "order", "outbox", "events",
    "event_id, listener, aggregate, message, created_at, due_at",
    f"""pg_temp.id('event', n, {_HAPPENED}), 'analytics', {_ORDER},
        CAST($3 AS jsonb) || jsonb_build_object('id', pg_temp.id('event', n, {_HAPPENED}), 'subject', {_ORDER},
            'userid', person, 'time', {_HAPPENED}, 'data', jsonb_build_object('items', jsonb_build_array(
                jsonb_build_object('product_id', {_PRODUCT}, 'quantity', 1, 'unit_price_minor', 1999)),
            'total_price_minor', 1999, 'currency', 'EUR', 'cause', 'stock_committed')),
        {_HAPPENED}, {_HAPPENED}""",
)  # fmt: skip
"""Confirmations of orders, as if analytics had not answered since; $3 is the envelope of the events."""
