"""The dashboard as a person sees and uses it."""

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

PASSWORD = "correct horse battery"
PANELS = ("cards", "over-time", "revenue", "products", "funnel", "retention")


@dataclass(frozen=True, slots=True)
class Screen:
    """
    The dashboard in a browser.

    Attributes:
        complaints: The browser's warnings and errors; a test that expects some empties the list.
    """

    page: Page
    complaints: list[str]

    async def log_in(self, username: str = "root", password: str = PASSWORD) -> None:
        """Fill in the form, and submit it."""
        await self.page.get_by_label("Name or e-mail address").fill(username)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    async def settle(self) -> None:
        """Wait until every panel shows its content."""
        await expect(self.page.locator("#app")).to_be_visible()
        for name in PANELS:
            await expect(self.panel(name).locator(".body > *").first).to_be_visible()
        await expect(self.page.locator("[aria-busy]")).to_have_count(0)
        await expect(self.page.locator(".loading")).to_have_count(0)

    async def choose(self, text: str) -> None:
        """Choose a range, and wait until every panel shows it."""
        await self.page.locator("#range").get_by_text(text).click()
        await self.settle()

    def excuse(self) -> None:
        """Check that the browser has reported only missing answers and error statuses, and clear its messages."""
        assert {complaint[:23] for complaint in self.complaints} == {"Failed to load resource"}
        self.complaints.clear()

    def line(self, name: str) -> Locator:
        """Return the button that shows and hides a line of events over time."""
        return self.panel("over-time").locator(".legend").get_by_role("button", name=name)

    def panel(self, name: str) -> Locator:
        """Return a panel by its id."""
        return self.page.locator(f"#{name}")

    async def text_of(self, name: str) -> str:
        """Return the text of a panel, with single spaces."""
        return " ".join((await self.panel(name).inner_text()).split())

    async def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
