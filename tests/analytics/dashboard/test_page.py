import re

import httpx
import pytest

from analytics.dashboard.files import FOLDER
from tests.support.aliases import People

FILES = sorted(path.name for path in FOLDER.rglob("*") if path.suffix in {".css", ".js", ".svg"})


@pytest.fixture
def browser(people: People) -> httpx.AsyncClient:
    """Sends requests to the analytics service."""
    return people["analytics"]


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/"])
async def test_the_page_runs_nothing_that_is_not_its_own(browser: httpx.AsyncClient, path: str) -> None:
    """Its policy allows no inline script, no other address and no frame around it."""
    answer = await browser.get(path)

    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {policy[name] for name in ("default-src", "base-uri", "frame-ancestors", "form-action")} == {"'none'"}
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}


async def test_what_a_browser_has_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    """The same ETag is a 304; the browser revalidates each time, so it never mixes two versions."""
    first = await browser.get("/dashboard")

    again = await browser.get("/dashboard", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    kept = ("etag", "cache-control", "content-security-policy", "cross-origin-opener-policy")
    assert [again.headers[name] for name in kept] == [first.headers[name] for name in kept]


async def test_each_file_has_its_type(browser: httpx.AsyncClient) -> None:
    """Each file has its content type, since browsers run only scripts of the right type."""
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    for name in FILES:
        answer = await browser.get(f"/dashboard/{name}")

        assert answer.status_code == 200, name
        assert answer.headers["content-type"].startswith(kinds[name.rpartition(".")[2]]), name
        assert answer.headers["x-content-type-options"] == "nosniff", name


async def test_nothing_else_is_served(browser: httpx.AsyncClient) -> None:
    """A path that is not a file of the page is a 404."""
    for name in ("README.md", "LICENSE", "..%2fmain.py", "nothing.js"):
        assert (await browser.get(f"/dashboard/{name}")).status_code == 404, name


def test_the_page_names_no_other_address() -> None:
    """No CDN: it works without the internet."""
    for path in FOLDER.glob("*"):
        if path.is_file():
            assert re.findall(r"(?:src|href|import|from|url)\W{1,3}(?:https?:)?//[^\s\"']+", path.read_text()) == []
