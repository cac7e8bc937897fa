"""Requests of the keyed routes of user."""

from tests.support.repeated import KeyedRoutes, Repeated

USERS = "/api/v1/users"
REGISTER = f"{USERS}/register"
EVE = {"username": "eve", "email": "eve@example.org", "password": "correct horse battery"}

KEYED_ROUTES = KeyedRoutes(
    {
        f"POST {USERS}": Repeated(USERS, EVE, USERS, {**EVE, "username": "bob", "email": "bob@example.org"}, 201),
        f"POST {REGISTER}": Repeated(REGISTER, EVE, REGISTER, {**EVE, "username": "bob"}, 201),
    }
)
