"""The media type of an answer: content negotiation (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Iterator, Sequence

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
PAGE = "text/html"

_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_UTF_8 = frozenset({"utf-8", "utf8"})


def choose(accept: str, offered: Sequence[str]) -> str | None:
    """
    Return the media type that a client wants most, or None if it accepts none of them.

    Of two that it wants alike, the one that it lists first; of two that match one range, the first of *offered*.

    Args:
        accept: The value of the header; without one, any media type is accepted.
    """
    ranges = list(_ranges(accept)) or [("*/*", 1.0)]
    ranked = [(*_wanted(one, ranges), -place, one) for place, one in enumerate(offered)]
    quality, *_, best = max(ranked)
    return best if quality else None


def is_json(content_type: str) -> bool:
    """Whether a body has the one media type that is accepted: JSON in UTF-8."""
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [value.strip('"') for name, _, value in (one.partition("=") for one in parameters) if name == "charset"]
    return kind == JSON and _UTF_8.issuperset(charsets)


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Yield the media ranges of the header and their qualities, in order; malformed ones are left out."""
    for one in accept.split(","):
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        quality = next((value for key, _, value in (p.partition("=") for p in parameters) if key == "q"), "1")
        if "/" in name and _QUALITY.fullmatch(quality):
            yield name, float(quality)


def _wanted(media_type: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """Return the quality and the place of the most specific range that matches."""
    kind = media_type.partition("/")[0]
    for pattern in (media_type, f"{kind}/*", "*/*"):
        for place, (name, quality) in enumerate(ranges):
            if name == pattern:
                return quality, -place
    return 0.0, 0
