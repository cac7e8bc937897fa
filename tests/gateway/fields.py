"""
Who may ask for each field of the schema that calls a service, with a document that asks for it.

``test_field_access.py`` tests that the answers are those of the policies of ``tests/support/access.py``.
"""

from tests.support.access import THING

FIELDS: dict[str, tuple[str, str]] = {
    "Query.me": ("person", "{ me { id } }"),
    "Query.user": ("admin", "query ($ada: UUID!) { user(id: $ada) { id } }"),
    "Query.users": ("admin", "{ users { edges { node { id } } } }"),
    "Query.stats": ("statistics", "{ stats { total } }"),
    "User.events": ("analyst", "{ me { events { edges { node { id } } } } }"),
    "Mutation.register": (
        "open",
        """mutation ($password: String!) {
            register(userInput: {name: "eve", email: "eve@example.org", password: $password}) { id } }""",
    ),
    "Mutation.login": (
        "open",
        'mutation ($password: String!) { login(name: "ada", password: $password) { expiresIn } }',
    ),
    "Mutation.createUser": (
        "admin",
        'mutation { createUser(userInput: {name: "eve", email: "eve@example.org"}) { id } }',
    ),
    "Mutation.updateUser": (
        "admin",
        "mutation ($ada: UUID!) { updateUser(id: $ada, userInput: {role: ANALYST}) { id } }",
    ),
    # --- about product ---
    "Query.product": ("open", f'{{ product(id: "{THING}") {{ id }} }}'),
    "Query.products": ("open", "{ products { edges { node { id } } } }"),
    "Mutation.createProduct": (
        "admin",
        'mutation { createProduct(productInput: {name: "Cup", price: 1.50, stock: 3}) { id } }',
    ),
    "Mutation.adjustStock": (
        "admin",
        f'mutation {{ adjustStock(id: "{THING}", change: 1, reason: "Found.") {{ stock }} }}',
    ),
    # --- end about product ---
    # --- about order ---
    "Query.order": ("owner/admin", f'{{ order(id: "{THING}") {{ id }} }}'),
    "Query.orders": ("person", "{ orders { edges { node { id } } } }"),
    "Query.orders(all)": ("admin", "{ orders(all: true) { edges { node { id } } } }"),
    "Query.orders(userId)": ("admin", "query ($ada: UUID!) { orders(userId: $ada) { edges { node { id } } } }"),
    "Order.user": ("owner/admin", f'{{ order(id: "{THING}") {{ user {{ id }} }} }}'),
    "OrderLine.product": ("owner/admin", f'{{ order(id: "{THING}") {{ lines {{ product {{ id }} }} }} }}'),
    "Mutation.placeOrder": (
        "person",
        f'mutation {{ placeOrder(items: [{{productId: "{THING}", quantity: 1}}]) {{ id }} }}',
    ),
    "Mutation.cancelOrder": ("owner/admin", f'mutation {{ cancelOrder(id: "{THING}") {{ id }} }}'),
    "Mutation.fulfilOrder": ("admin", f'mutation {{ fulfilOrder(id: "{THING}") {{ id }} }}'),
    "Subscription.orderChanged": ("owner/admin", f'subscription {{ orderChanged(id: "{THING}") {{ id }} }}'),
    # --- end about order ---
    # --- about content ---
    "Query.page": ("known or not", f'{{ page(id: "{THING}") {{ id }} }}'),
    "Query.pageBySlug": ("known or not", '{ pageBySlug(slug: "about-us") { id } }'),
    "Query.pages": ("known or not", "{ pages { edges { node { id } } } }"),
    "Page.author": ("admin", f'{{ page(id: "{THING}") {{ author {{ id }} }} }}'),
    "PageSummary.author": ("admin", "{ pages { edges { node { author { id } } } } }"),
    # --- end about content ---
}
"""Field (with an argument that changes who may ask) -> policy and document."""
