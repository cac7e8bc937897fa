"""The statements of product at a million rows: how its tables are filled, its lists and its purges."""

from decimal import Decimal

from chassis.postgres.purge import Expiry
from product.expiries import EXPIRIES
from product.schemas import Search, Sort
from product.services.list_movements import list_movements
from product.services.list_products import list_products
from tests.support.statements import EACH, FEW, HUNDRED, ID, SOME, StatementTable, number, page

TABLE = StatementTable(
    fill=(
        f"""INSERT INTO products (id, name, price_minor, currency, stock)
            SELECT {ID}, CASE WHEN {FEW} THEN 'samovar ' ELSE 'teapot ' END || n, n % 100000, 'EUR',
                n % 100 {EACH}""",
        f"""INSERT INTO stock_movements (id, product_id, quantity, kind)
            SELECT {ID}, CAST(lpad(to_hex(1 + n % 10000), 32, '0') AS uuid), 1, 'initial' {EACH}""",
        f"""INSERT INTO reservations (order_id, state, expires_at)
            SELECT {ID}, CASE WHEN {FEW} THEN 'fulfilled' ELSE 'committed' END, now() - interval '1 year' {SOME}""",
    ),
    lists={
        "list_all": [
            *(lambda session, sort=sort: list_products(session, Search(sort=sort), page()) for sort in Sort),
            lambda session: list_products(session, Search(q="samov"), page()),
            lambda session: list_products(session, Search(q="teapot"), page()),
            lambda session: list_products(session, Search(q="samovar", sort=Sort.CHEAPEST), page()),
            lambda session: list_products(session, Search(min_price=Decimal(999)), page()),
            lambda session: list_products(session, Search(max_price=Decimal(1), sort=Sort.DEAREST), page()),
            lambda session: list_products(session, Search(in_stock=True), page()),
            lambda session: list_products(session, Search(in_stock=False), page()),
            lambda session: list_products(session, Search(ids=HUNDRED), page()),
        ],
        "list_ledger": [lambda session: list_movements(session, number(4711), page())],
    },
    purges=[*(statement(expiry) for expiry in EXPIRIES for statement in (Expiry.delete_batch, Expiry.overdue_s))],
)
