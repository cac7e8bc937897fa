"""The ids of people in events: a UUID is stored in one spelling, however it is sent."""

import re

_NORMAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGITS = re.compile(r"[0-9a-f]{32}")
_BRACKETS = {"{": "}", "(": ")"}
_FORMS = ("{}", "{{{}}}", "({})", "uuid:{}", "urn:uuid:{}", "URN:UUID:{}")


def person_id(text: str) -> str:
    """
    Return the id under which a person's events are stored.

    A UUID, with or without hyphens, in braces or as ``urn:uuid:``, becomes lower case with hyphens; other text stays.
    """
    if _NORMAL.fullmatch(text):
        return text
    bare = text.strip().lower().removeprefix("urn:").removeprefix("uuid:")
    if bare and bare[-1] == _BRACKETS.get(bare[0]):
        bare = bare[1:-1]
    digits = bare.replace("-", "")
    if not _DIGITS.fullmatch(digits):
        return text
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def spellings(person: str) -> list[str]:
    """Return the forms in which an id may be stored, as ids were not always normalised; the id itself comes first."""
    if not _NORMAL.fullmatch(person):
        return [person]
    plain = person.replace("-", "")
    return [form.format(digits) for form in _FORMS for digits in (person, plain, person.upper(), plain.upper())]
