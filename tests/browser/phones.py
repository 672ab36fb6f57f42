"""The demo page as people use it: phones, a clock to move, and a list of steps."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from babel.dates import format_date
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

DORA, ALICE, BERND = 1000, 1001, 1002
TIMEOUT_MS = 20_000  # In milliseconds; long enough for a busy machine.

_RECORD_MESSAGES = """list => {
  window.noted = [];
  new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(item => {
    const text = item.querySelector("[data-testid=text]");
    if (text) window.noted.push(text.textContent);
  }))).observe(list, { childList: true });
}"""

expect.set_options(timeout=TIMEOUT_MS)


class Phone:
    """One person's phone."""

    def __init__(self, page: Page, number: int, language: str) -> None:
        self.number = number
        self._language = language
        self.screen = page.get_by_test_id(f"phone-{number}")
        self.input = self.screen.get_by_test_id("input")
        self.texts = self.screen.locator('[data-sender="bot"]').get_by_test_id("text")

    def button(self, label: str) -> Locator:
        """Return the newest button with this label; an emoji before it is ignored."""
        exact = re.compile(rf"^(?:[^\w·]+ )?{re.escape(label)}(?:(?:,| ·).*)?$")
        return self.screen.get_by_test_id("button").filter(has_text=exact).last

    async def sends(self, text: str) -> None:
        """Send a message."""
        await self.input.fill(text)
        await self.input.press("Enter")

    async def taps(self, label: str) -> None:
        """Tap the newest button with this label."""
        await self.button(label).click()

    async def newest_taps(self, label: str) -> None:
        """Tap the button with this label in the newest message, once it is there."""
        await (
            self.screen.get_by_test_id("message")
            .last.get_by_test_id("button")
            .filter(has_text=label)
            .click()
        )

    async def sees(self, text: str) -> None:
        """Wait until a message of the bot contains this text."""
        await expect(self.texts.filter(has_text=text).last).to_be_visible()

    async def lacks(self, text: str) -> None:
        """Wait until no message of the bot contains this text."""
        await expect(self.texts.filter(has_text=text)).to_have_count(0)

    async def newest_says(self, text: str) -> None:
        """Wait until the newest message of the bot contains this text."""
        await expect(self.texts.last).to_contain_text(text)

    async def opens_day(self, day: date) -> None:
        """Send /book and open a day in the calendar."""
        await self.sends("/book")
        await self.picks(day)

    async def picks(self, day: date) -> None:
        """Open a day in the calendar."""
        await expect(self.button("›")).to_be_visible()
        month = self.button(format_date(day, "LLLL yyyy", locale=self._language))
        if not await month.count():
            await self.taps("›")
            await expect(month).to_be_visible()
        await self.taps(str(day.day))


class DemoPage:
    """The page in a browser window."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.dora, self.alice, self.bernd = (
            Phone(page, DORA, "en"),
            Phone(page, ALICE, "en"),
            Phone(page, BERND, "de"),
        )

    def phone(self, number: int, language: str) -> Phone:
        """Return the phone of a person who was added."""
        return Phone(self.page, number, language)

    async def adds(self, name: str, language: str, zone: str) -> None:
        """Add a person and press Start on their phone."""
        await self.page.get_by_test_id("add-person").click()
        await self.page.get_by_test_id("newcomer-name").fill(name)
        await self.page.get_by_test_id("newcomer-language").select_option(language)
        await self.page.get_by_test_id("newcomer-zone").fill(zone)
        await self.page.get_by_test_id("newcomer-add").click()
        # Everyone else has started, so only the new phone shows Start.
        await self.page.locator("[data-testid=start]:visible").click()

    async def records_texts(self, phone: Phone) -> Callable[[], Awaitable[list[str]]]:
        """Record the text of each message that appears on a phone; return how to read them."""
        await phone.screen.locator("ol.messages").evaluate(_RECORD_MESSAGES)

        async def recorded() -> list[str]:
            return [str(text) for text in await self.page.evaluate("window.noted")]

        return recorded

    async def skips(self, how_far: str) -> None:
        """Move the clock: 5m, 30m, 1d or 1w."""
        await self.page.get_by_test_id(f"skip-{how_far}").click()

    async def suggests(self, step: int, phone: Phone) -> None:
        """Let a step fill in its text on the phone, and send it."""
        await self.page.get_by_test_id(f"suggest-{step}").click()
        await expect(phone.input).to_be_focused()
        await phone.input.press("Enter")

    async def ticked(self, *steps: int) -> None:
        """Wait until these steps, counted from 1, are done."""
        for step in steps:
            await expect(self.page.get_by_test_id(f"step-{step}")).to_have_attribute(
                "data-done", "true"
            )

    async def not_ticked(self, *steps: int) -> None:
        """Check that these steps, counted from 1, are not done."""
        for step in steps:
            await expect(self.page.get_by_test_id(f"step-{step}")).to_have_attribute(
                "data-done", "false"
            )

    async def settles(self) -> None:
        """Wait until the bot has greeted everyone."""
        for phone in (self.dora, self.alice, self.bernd):
            await phone.sees("👋")


@asynccontextmanager
async def demo_page(browser: Browser, url: str, **window: Any) -> AsyncIterator[DemoPage]:
    """Open the page for a block with these context options; console errors fail at the end."""
    complaints: list[str] = []

    def record_complaint(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    context = await browser.new_context(
        **{"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce"} | window
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    page.on("console", record_complaint)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        await page.goto(url)
        await page.wait_for_selector("body[data-ready]")
        shown = DemoPage(page)
        await shown.settles()
        # Close alerts as soon as they are in the way.
        await page.add_locator_handler(
            page.get_by_test_id("alert-close"), lambda close: close.click()
        )
        yield shown
    finally:
        await context.close()
    assert complaints == []
