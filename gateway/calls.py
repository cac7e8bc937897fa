"""Calls of the gateway service; requests that it forwards are not declared (``front_door/routes.toml``)."""

from typing import Any

from chassis.core.types import Page
from chassis.dispatch.call import Call
from gateway.schemas.orders import Changes, History, NewOrder, OrderRead
from gateway.schemas.pages import PageRead, PageSummary
from gateway.schemas.products import NewProduct, ProductRead, StockChange
from gateway.schemas.statistics import Statistics, TimelineEvent
from gateway.schemas.users import (
    Account,
    AccountAdded,
    AccountChange,
    Activity,
    Credentials,
    Registration,
    Tokens,
)

READ_S = 3.0
"""The timeout of a read: an answer is made of several, and the rest of it does not wait longer for one."""
_PAGE = ("limit", "cursor")

USERS = "/api/v1/users"
READ_PROFILE = Call("user", "GET", f"{USERS}/profile", returns=Account, timeout_s=READ_S)
# Routes that call another service themselves are declared slow: what they wait for is not that service.
READ_ACTIVITY = Call("user", "GET", f"{USERS}/stats", returns=Activity, timeout_s=READ_S, slow_s=None)
READ_USER = Call("user", "GET", USERS + "/{user_id}", returns=Account, timeout_s=READ_S)
LIST_USERS = Call(
    "user",
    "GET",
    USERS,
    returns=Page[Account],
    query=(*_PAGE, "q", "role", "is_active", "ids"),
    timeout_s=READ_S,
)
# Hashing a password is slow, too.
REGISTER = Call(
    "user", "POST", f"{USERS}/register", sends=Registration, returns=Account, slow_s=None, idempotency="keyed"
)
LOG_IN = Call("user", "POST", f"{USERS}/login", sends=Credentials, returns=Tokens, slow_s=None)
ADD_USER = Call("user", "POST", USERS, sends=AccountAdded, returns=Account, idempotency="keyed")
CHANGE_USER = Call("user", "PATCH", USERS + "/{user_id}", sends=AccountChange, returns=Account)

STATISTICS = "/api/v1/analytics"
# Not sealed: there, a seal admits to all statistics.
READ_STATISTICS = Call(
    "analytics",
    "GET",
    f"{STATISTICS}/stats",
    returns=Statistics,
    query=("from", "to"),
    sealed=False,
    timeout_s=READ_S,
    slow_s=None,
)
READ_TIMELINE = Call(
    "analytics",
    "GET",
    STATISTICS + "/users/{user_id}/timeline",
    returns=Page[TimelineEvent],
    query=_PAGE,
    timeout_s=READ_S,
)

# --- about product ---
PRODUCTS = "/api/v1/products"
READ_PRODUCT = Call("product", "GET", PRODUCTS + "/{product_id}", returns=ProductRead, timeout_s=READ_S)
LIST_PRODUCTS = Call(
    "product",
    "GET",
    PRODUCTS,
    returns=Page[ProductRead],
    query=(*_PAGE, "q", "min_price", "max_price", "in_stock", "sort", "ids"),
    timeout_s=READ_S,
)
CREATE_PRODUCT = Call("product", "POST", PRODUCTS, sends=NewProduct, returns=ProductRead, idempotency="keyed")
ADJUST_STOCK = Call(
    "product", "POST", PRODUCTS + "/{product_id}/stock", sends=StockChange, returns=ProductRead, idempotency="keyed"
)
# --- end about product ---

# --- about order ---
ORDERS = "/api/v1/orders"
READ_ORDER = Call("order", "GET", ORDERS + "/{order_id}", returns=OrderRead, timeout_s=READ_S)
READ_HISTORY = Call("order", "GET", ORDERS + "/{order_id}/history", returns=History, timeout_s=READ_S)
LIST_OWN_ORDERS = Call(
    "order", "GET", ORDERS, returns=Page[OrderRead], query=(*_PAGE, "status", "ids"), timeout_s=READ_S
)
LIST_ORDERS = Call(
    "order",
    "GET",
    f"{ORDERS}/all",
    returns=Page[OrderRead],
    query=(*_PAGE, "status", "user_id", "ids"),
    timeout_s=READ_S,
)
READ_CHANGES = Call(
    "order",
    "GET",
    f"{ORDERS}/changes",
    returns=Changes,
    query=("since", "again"),
    timeout_s=8.0,  # it waits for 5 s
    slow_s=None,
)
PLACE_ORDER = Call("order", "POST", ORDERS, sends=NewOrder, returns=OrderRead, slow_s=None, idempotency="keyed")
CANCEL_ORDER = Call("order", "POST", ORDERS + "/{order_id}/cancel", returns=OrderRead, idempotency="keyed")
FULFIL_ORDER = Call("order", "POST", ORDERS + "/{order_id}/fulfil", returns=OrderRead, idempotency="keyed")
# --- end about order ---

# --- about content ---
PAGES = "/api/v1/pages"
READ_PAGE = Call("content", "GET", PAGES + "/{page_id}", returns=PageRead, timeout_s=READ_S)
READ_PAGE_BY_SLUG = Call("content", "GET", PAGES + "/by-slug/{slug}", returns=PageRead, timeout_s=READ_S)
LIST_PAGES = Call(
    "content",
    "GET",
    PAGES,
    returns=Page[PageSummary],
    query=(*_PAGE, "q", "tag", "author_id", "status", "sort"),
    timeout_s=READ_S,
)
# --- end about content ---

SHARED: frozenset[Call[Any, Any]] = frozenset(
    {
        # --- about product ---
        READ_PRODUCT,
        LIST_PRODUCTS,
        # --- end about product ---
    }
)
"""Reads whose answers are the same for all people: they are made without a token, and stored (``caching``)."""

PUBLIC: frozenset[Call[Any, Any]] = frozenset(
    {
        # --- about content ---
        READ_PAGE,
        READ_PAGE_BY_SLUG,
        LIST_PAGES,
        # --- end about content ---
    }
)
"""Reads whose answers are the same for all who have no token, and stored for them alone."""

CALLS: tuple[Call[Any, Any], ...] = (
    READ_PROFILE,
    READ_ACTIVITY,
    READ_USER,
    LIST_USERS,
    REGISTER,
    LOG_IN,
    ADD_USER,
    CHANGE_USER,
    READ_STATISTICS,
    READ_TIMELINE,
    # --- about product ---
    READ_PRODUCT,
    LIST_PRODUCTS,
    CREATE_PRODUCT,
    ADJUST_STOCK,
    # --- end about product ---
    # --- about order ---
    READ_ORDER,
    READ_HISTORY,
    LIST_OWN_ORDERS,
    LIST_ORDERS,
    READ_CHANGES,
    PLACE_ORDER,
    CANCEL_ORDER,
    FULFIL_ORDER,
    # --- end about order ---
    # --- about content ---
    READ_PAGE,
    READ_PAGE_BY_SLUG,
    LIST_PAGES,
    # --- end about content ---
)
"""All calls of the service."""
