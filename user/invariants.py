"""The rules about accounts that `bin/cli invariants` checks: analytics has counted each once."""

from collections import Counter
from dataclasses import dataclass, field

from cli.checks.contents import Contents, Rules, named, repeated

_USERS = "SELECT id FROM users WHERE deleted_at IS NULL"
_REGISTERED = "user.registered"


@dataclass(frozen=True, slots=True)
class Facts:
    """
    The contents of the databases.

    Attributes:
        users: Accounts that are not deleted.
        events: (type, subject) -> how often analytics has it.
    """

    users: set[str] = field(default_factory=set)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)


async def check(contents: Contents) -> Rules:
    """Return each rule with the entries that break it."""
    return compare(await read_facts(contents))


async def read_facts(contents: Contents) -> Facts:
    """Read the databases of user and analytics."""
    (users,) = await contents.rows("user", _USERS)
    return Facts({str(user) for (user,) in users}, await contents.events(rf"^{_REGISTERED}$"))


def compare(facts: Facts) -> Rules:
    """Return each rule with the entries that break it."""
    registered = {(_REGISTERED, user) for user in facts.users}
    return {
        "every account is counted in analytics": named(registered - facts.events.keys()),
        "no account is counted twice": repeated(facts.events),
    }
