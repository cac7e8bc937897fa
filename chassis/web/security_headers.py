"""Security headers: an answer is used only as its own type, and CORS decides which pages may read it."""

import base64
import re
from collections.abc import Sequence
from hashlib import sha256

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

CONTENT_POLICY = "Content-Security-Policy"

_EVERY_ANSWER = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_POLICY = CONTENT_POLICY.lower().encode()
_NO_CONTENT = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
"""For answers that are data: if a browser shows one as a page, nothing in it is run, loaded or framed."""
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def protect(headers: list[tuple[bytes, bytes]]) -> None:
    """Add the common security headers; a page with its own content policy keeps it."""
    headers.extend(_EVERY_ANSWER)
    for name, _ in headers:
        if name == _POLICY:
            return
    headers.append(_NO_CONTENT)


def page_policy(html: str, calls: str | None = None) -> str:
    """
    Return the content policy of a page of ours: its files and addresses are this server's, its scripts unchanged.

    Args:
        calls: An address that its scripts may call, too; it may be one of this server.
    """
    elsewhere = f" {calls}" if calls and "://" in calls else ""
    digests = [base64.b64encode(sha256(script.encode()).digest()).decode() for script in _INLINE.findall(html)]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"connect-src 'self'{elsewhere}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def add_cors(app: FastAPI, origins: Sequence[str]) -> None:
    """
    Allow pages of *origins* to call this service with an access token; there are no cookies.

    Add it last, so that pages can also read the 500 of unhandled exceptions.
    """
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "X-Request-ID",
            "X-Requested-With",
        ],
        expose_headers=[
            *(
                "Deprecation",
                "ETag",
                "Idempotent-Replayed",
                "Link",
                "Location",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "Sunset",
                "X-Request-ID",
            ),
        ],
    )
