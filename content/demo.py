"""The part of content in `bin/cli demo`: an admin writes pages, one of which stays a draft."""

from collections import Counter

from cli.demo.person import Person

PAGES = (
    {"slug": "about-us", "title": "About us", "body": "# About us\n\nWe sell teapots.", "tags": ["company"]},
    {"slug": "how-to-make-tea", "title": "How to make tea", "body": "Boil water.", "tags": ["tea", "guides"]},
    {"slug": "our-next-teapot", "title": "Our next teapot", "body": "It is a secret.", "status": "DRAFT"},
)
_PATH = "/api/v1/pages"


async def demo(person: Person, admin: Person) -> Counter[str]:
    """Create the pages that are missing, and let the person list what is published; nothing of that is counted."""
    existing = set[str]()
    for status in ("PUBLISHED", "DRAFT"):
        query = {"status": status, "limit": "100"}
        listed = await admin.do(f"list pages ({status.lower()})", "content", f"GET {_PATH}", query=query)
        existing |= {page["slug"] for page in listed["items"]}
    for page in PAGES:
        if page["slug"] not in existing:
            await admin.do("write it", "content", f"POST {_PATH}", {"status": "PUBLISHED"} | page)
    await person.do("list what is published", "content", f"GET {_PATH}")
    return Counter()
