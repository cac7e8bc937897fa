"""Recognises the secrets of examples, templates and fresh installations, which anybody can guess."""

import re
from urllib.parse import unquote

_FRAGMENTS = re.compile(
    "chang(?:e|ing)(?:me|this|it|now|before)|replace(?:me|this|with)|(?:your|my|some|a|the|super|top|very)secret"
    "|your(?:password|key|token)|secretkey|notsecret|insecure|placeholder|default(?:password|secret|key)|example(?:password|secret|key)"
    "|sample(?:password|secret|key)|test(?:password|secret|key)|dev(?:password|secret|key)|password1|passw0rd|letmein"
)
"""Parts of samples, without their separators. A generated secret contains one by a chance of 1 in a million at most."""
_WORDS = re.compile(
    "(?:|abc|admin|administrator|default|demo|dev|dummy|example|fixme|foo|foobar|guest|key|mongo|mongodb|none|null|pass|password"
    "|pssword|postgres|postgresql|qwerty|root|sample|secret|test|todo|token|user)[0-9]*"
)
"""Samples without their separators; digits may follow."""
_LONG = 16
"""Digits of this number may be a generated secret; fewer are not."""
_SEPARATORS = re.compile(r"[\W_]+")
_TO_FILL_IN = re.compile(r"(?:<|\$?\{\{?)[\w\s.:-]*(?:>|\}\}?)")
"""``<password>``, ``{{ secret }}``, ``${SECRET}``."""


def is_sample(secret: str) -> bool:
    """Whether a secret, or the password in an address, is a usual sample or default, in any spelling of it."""
    if "://" not in secret:
        return _is_sample(secret)
    login = secret.partition("://")[2].partition("/")[0].rpartition("@")[0]
    user, _, password = (unquote(part) for part in login.partition(":"))
    return _is_sample(password) or password.lower() == user.lower()


def _is_sample(secret: str) -> bool:
    plain = _SEPARATORS.sub("", secret.lower())
    is_word = len(plain) < _LONG and _WORDS.fullmatch(plain)
    is_one_character = len(set(plain)) == 1
    return bool(is_word or is_one_character or _FRAGMENTS.search(plain) or _TO_FILL_IN.fullmatch(secret))
