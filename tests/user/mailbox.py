"""The mails that a test has sent."""

import re

from cli.dev.polling import eventually
from user.mail.mailer import Mail

TOKEN = re.compile(r"^[\w-]{43}$", re.MULTILINE)


class Mailbox:
    """Stores sent mails."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        """Store a mail."""
        self.mails.append(mail)

    async def newest(self, count: int = 1) -> Mail:
        """The newest mail, once this many have arrived."""

        async def has_come() -> bool:
            return len(self.mails) >= count

        assert await eventually(has_come)
        return self.mails[-1]

    async def token(self, count: int = 1) -> str:
        """The token in the newest mail, once this many have arrived."""
        found = TOKEN.search((await self.newest(count)).text)
        assert found
        return found[0]
