"""The rules about stock that `bin/cli invariants` checks."""

from cli.checks.contents import Contents, Rules

_WRONG_STOCK = """SELECT id FROM products LEFT JOIN
        (SELECT product_id, sum(quantity) AS moved FROM stock_movements GROUP BY 1) AS ledger ON product_id = id
        WHERE stock < 0 OR stock <> coalesce(moved, 0)"""
_WRONG_HELD = """SELECT id FROM products LEFT JOIN
        (SELECT product_id, sum(quantity) AS units FROM reservation_lines JOIN reservations USING (order_id)
            WHERE state IN ('reserved', 'committed') GROUP BY 1) AS open ON product_id = id
        WHERE held <> coalesce(units, 0)"""


async def check(contents: Contents) -> Rules:
    """Return each rule with the products that break it."""
    wrong_stock, wrong_held = await contents.rows("product", _WRONG_STOCK, _WRONG_HELD)
    return {
        "stock is the sum of its ledger and not negative": [str(product) for (product,) in wrong_stock],
        "a product's held units are those of its open reservations": [str(product) for (product,) in wrong_held],
    }
