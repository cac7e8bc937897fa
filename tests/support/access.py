"""
Access: every route of every service and its policy. ``test_authorization.py`` tests that they hold.

A new route needs a line in ``ACCESS``, and one in ``BODIES`` or ``QUERIES`` if it needs a body or a query. Its name is
``METHOD path``, followed by the service if the path is not unique: ``POST /events (product)``.
"""

from cli.routes import DeclaredRoute

PRINCIPALS = ("nobody", "ada", "bob", "analyst", "admin", "client")
"""No token; the owner of the things; another person; two roles; a linked program, sealed, without a token."""
OK = 200
"""Any 2xx."""

ANSWERS = {
    #            nobody  ada  bob  analyst admin client
    "probe":     (OK,    OK,  OK,  OK,     OK,   OK),   # of the chassis: ignores credentials
    "public":    (OK,    OK,  OK,  OK,     OK,   400),  # plain, never sealed
    "open":      (OK,    OK,  OK,  OK,     OK,   OK),
    "statistics": (OK,   OK,  OK,  OK,     OK,   OK),   # in development; elsewhere analysts, admins and peers
    "sealed":    (400,   400, 400, 400,    400,  OK),   # by any linked peer
    "person":    (401,   OK,  OK,  OK,     OK,   401),  # each person's own things
    "owner":     (401,   OK,  404, 404,    404,  401),  # one thing, which does not exist for others
    "owner/admin": (401, OK,  404, 404,    OK,   401),  # the same, and admins
    "analyst":   (401,   403, 403, OK,     OK,   401),  # and admins
    "analyst, plain": (401, 403, 403, OK,  OK,   400),  # the same, and never sealed
    "admin":     (401,   403, 403, 403,    OK,   401),
    "service":   (400,   400, 400, 400,    400,  401),  # sealed by the services that are named, or by any service
    "keyed":     (401,   401, 401, 401,    401,  OK),   # by any linked peer, or with a write key
    "sealed/keyed": (400, 401, 401, 401,   401,  OK),   # the same; without a key the missing seal is reported first
    "key":       (401,   401, 401, 401,    401,  400),  # plain, with a write key
}  # fmt: skip
"""Policy -> the answer to each principal."""

DECLARED = {
    "probe": ("public", "-"),
    "public": ("public", "-"),
    "open": ("optional", "-"),
    "statistics": ("optional", "role analyst, or a peer"),
    "sealed": ("encrypted", "-"),
    "person": ("optional", "token"),
    "owner": ("optional", "token"),
    "owner/admin": ("optional", "token"),
    "analyst": ("optional", "role analyst"),
    "analyst, plain": ("public", "role analyst"),
    "admin": ("optional", "role admin"),
    "service": ("service", "-"),
    "keyed": ("optional", "write key"),
    "sealed/keyed": ("encrypted", "write key"),
    "key": ("public", "write key"),
}
"""Policy -> mode and authentication that its routes declare."""

ACCESS = {
    # Each service
    "GET /livez": "probe",
    "GET /readyz": "probe",
    "GET /health": "probe",
    "GET /metrics": "probe",
    # Between services
    "POST /events (analytics)": "service",
    "POST /events (product)": "service: order",
    # Analytics
    "POST /api/v1/analytics/events": "sealed/keyed",
    "POST /api/v1/analytics/events/batch": "keyed",
    "POST /v1/batch": "key",
    "POST /v1/b": "key",
    "POST /v1/import": "key",
    "POST /v1/import/": "key",
    "POST /v1/t": "key",
    "POST /v1/i": "key",
    "POST /v1/p": "key",
    "POST /v1/s": "key",
    "POST /v1/g": "key",
    "POST /v1/a": "key",
    "POST /v1/track": "key",
    "POST /v1/identify": "key",
    "POST /v1/page": "key",
    "POST /v1/screen": "key",
    "POST /v1/group": "key",
    "POST /v1/alias": "key",
    "GET /api/v1/analytics/stats": "statistics",
    "GET /api/v1/analytics/users/{user_id}/stats": "service: user",
    "GET /api/v1/analytics/timeseries": "analyst",
    "GET /api/v1/analytics/top": "analyst",
    "GET /api/v1/analytics/products/top": "analyst",
    "GET /api/v1/analytics/revenue": "analyst",
    "GET /api/v1/analytics/users/unique": "analyst",
    "GET /api/v1/analytics/funnel": "analyst",
    "GET /api/v1/analytics/retention": "analyst",
    "GET /api/v1/analytics/users/{user_id}/timeline": "analyst",
    "GET /api/v1/analytics/erasures/{user_id}": "admin",
    "GET /api/v1/analytics/export": "analyst, plain",
    "GET /api/v1/analytics/events/live": "analyst, plain",
    "GET /api/v1/analytics/events/{event_id}": "analyst",
    # Analytics: the dashboard's page and its sessions
    "GET /dashboard": "public",
    "GET /dashboard/": "public",
    "GET /dashboard/{name}": "public",
    "POST /dashboard/session": "public",
    "POST /dashboard/session/refresh": "public",
    "DELETE /dashboard/session": "public",
    # User: logging in and out
    "POST /api/v1/users/login": "open",
    "POST /api/v1/users/refresh": "open",
    "POST /api/v1/users/revoke": "open",
    "POST /api/v1/users/logout": "person",
    "POST /api/v1/users/logout-all": "person",
    "GET /api/v1/users/sessions": "person",
    "DELETE /api/v1/users/sessions/{session_id}": "owner",
    # User: one's own account
    "POST /api/v1/users/register": "sealed",
    "GET /api/v1/users/profile": "person",
    "PATCH /api/v1/users/profile": "person",
    "DELETE /api/v1/users/profile": "person",
    "POST /api/v1/users/password": "person",
    "GET /api/v1/users/stats": "person",
    "POST /api/v1/users/email-verification": "person",
    "POST /api/v1/users/email-verification/confirm": "open",
    "POST /api/v1/users/password-reset": "open",
    "POST /api/v1/users/password-reset/confirm": "open",
    # User: all accounts
    "GET /api/v1/users": "admin",
    "POST /api/v1/users": "admin",
    "GET /api/v1/users/{user_id}": "admin",
    "PATCH /api/v1/users/{user_id}": "admin",
    "DELETE /api/v1/users/{user_id}": "admin",
    "GET /api/v1/users/audit": "admin",
    "GET /api/v1/users/stats/count": "public",
    # User: for other services
    "GET /api/v1/users/revocations": "service",
    "POST /api/v1/users/introspect": "service",
    "GET /.well-known/jwks.json": "public",
    "GET /.well-known/oauth-authorization-server": "public",
    # Product
    "GET /api/v1/products": "open",
    "POST /api/v1/products": "admin",
    "GET /api/v1/products/{product_id}": "open",
    "PATCH /api/v1/products/{product_id}": "admin",
    "DELETE /api/v1/products/{product_id}": "admin",
    "POST /api/v1/products/{product_id}/stock": "admin",
    "GET /api/v1/products/{product_id}/stock/movements": "admin",
    "POST /api/v1/reservations": "service: order",
    "GET /api/v1/reservations/{order_id}": "service: order",
    "POST /api/v1/reservations/{order_id}/commit": "service: order",
    "POST /api/v1/reservations/{order_id}/release": "service: order",
    # Order
    "POST /api/v1/orders": "person",
    "GET /api/v1/orders": "person",
    "GET /api/v1/orders/all": "admin",
    "GET /api/v1/orders/{order_id}": "owner/admin",
    "GET /api/v1/orders/{order_id}/history": "owner/admin",
    "POST /api/v1/orders/{order_id}/cancel": "owner/admin",
    "POST /api/v1/orders/{order_id}/fulfil": "admin",
}
"""Route -> policy."""

THING = "0197a6b2-0000-7000-8000-000000000000"
"""The ids of the only product, of an event, and of the only order, which is Ada's and has reserved a unit of it."""
PASSWORD = "correct horse battery"
_NEW_PASSWORD = "four unrelated plum words"
_EVE = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}

BODIES: dict[str, object] = {
    "POST /events (analytics)": [],
    "POST /events (product)": [],
    "POST /api/v1/analytics/events": {"type": "page.viewed"},
    "POST /api/v1/analytics/events/batch": {"events": [{"type": "page.viewed"}]},
    "POST /v1/batch": {"batch": [{"type": "page", "userId": "ada"}]},
    "POST /v1/track": {"event": "Signed Up", "userId": "ada"},
    "POST /v1/identify": {"userId": "ada"},
    "POST /v1/page": {"userId": "ada"},
    "POST /v1/screen": {"userId": "ada"},
    "POST /v1/group": {"userId": "ada", "groupId": "club"},
    "POST /v1/alias": {"userId": "ada", "previousId": "guest"},
    "POST /dashboard/session": {"username": "admin", "password": PASSWORD},
    "POST /api/v1/users/login": {"username": "ada", "password": PASSWORD},
    "POST /api/v1/users/refresh": {"refresh_token": "refresh"},
    "POST /api/v1/users/revoke": {"token": "refresh"},
    "POST /api/v1/users/introspect": {"token": "refresh"},
    "POST /api/v1/users/register": _EVE,
    "PATCH /api/v1/users/profile": {"username": "eve"},
    "DELETE /api/v1/users/profile": {"password": PASSWORD},
    "POST /api/v1/users/password": {"current_password": PASSWORD, "new_password": _NEW_PASSWORD},
    "POST /api/v1/users/email-verification/confirm": {"token": "verify"},
    "POST /api/v1/users/password-reset": {"email": "ada@example.org"},
    "POST /api/v1/users/password-reset/confirm": {"token": "reset", "password": _NEW_PASSWORD},
    "POST /api/v1/users": {**_EVE, "role": "admin"},
    "PATCH /api/v1/users/{user_id}": {"role": "admin"},
    "POST /api/v1/products": {"name": "Teapot", "price": 199.99, "stock": 5},
    "PATCH /api/v1/products/{product_id}": {"stock": 3},
    "POST /api/v1/products/{product_id}/stock": {"change": 1, "reason": "Found."},
    "POST /api/v1/reservations": {"order_id": THING, "items": [{"product_id": THING, "quantity": 1}]},
    "POST /api/v1/orders": {"product_id": THING, "quantity": 1},
}
"""Route -> a valid body."""
QUERIES: dict[str, str] = {
    "GET /api/v1/analytics/top": "property=path",
    "GET /api/v1/analytics/funnel": "step=page.viewed&step=user.registered",
}
"""Route -> a required query."""


def disagreements(routes: list[DeclaredRoute]) -> list[str]:
    """Return the differences between the routes' declarations and ``ACCESS``, each with what to change."""
    names = {name_of(one) for one in routes}
    gone = [f"{route} is no more: take it out of ACCESS in tests/support/access.py" for route in ACCESS.keys() - names]
    return sorted([*gone, *(problem for one in routes for problem in _problems(one))])


def name_of(route: DeclaredRoute) -> str:
    """Return the name of a route in the table."""
    name = f"{route.method} {route.path}"
    return name if name in ACCESS else f"{name} ({route.service})"


def named_callers(policy: str) -> set[str]:
    """Return the services that a policy names."""
    return set(filter(None, policy.partition(": ")[2].split(", ")))


def _problems(route: DeclaredRoute) -> list[str]:
    name, access = name_of(route), route.policy.access
    declares = access.mode, route.policy.authentication
    if name not in ACCESS:
        fitting = " or ".join(policy for policy, declared in DECLARED.items() if declared == declares)
        return [f'{name} is not in the table: add "{name}": "<{fitting}>" to ACCESS, tests/support/access.py']
    policy = ACCESS[name].partition(": ")[0]
    problems = []
    if declares != DECLARED[policy] or access.callers != named_callers(ACCESS[name]):
        problems.append(f"{name} is {ACCESS[name]!r} in tests/support/access.py, but declares {declares}, {access.who}")
    if policy == "person" and "{" in route.path:
        problems.append(f"{name} is about one thing: its policy is 'owner', not 'person'")
    return problems
