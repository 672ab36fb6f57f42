"""Take the README's pictures: ``python -m tests.browser.screenshots`` or ``make screenshots``."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser

from tests.browser import story
from tests.browser.chromium import chromium, chromium_path
from tests.browser.phones import DemoPage, demo_page
from tests.kit.demo_process import demo_process
from tests.kit.fork_server import ROOT

PICTURES = ROOT / "docs" / "pictures"
WIDE = {"width": 1330, "height": 750}
NARROW = {"width": 360, "height": 740}


async def main() -> int:
    """Play the story once and take the pictures; return the exit status."""
    path = chromium_path()
    if path is None:
        print("Chromium is not installed (on Debian: apt install chromium).", file=sys.stderr)  # noqa: T201
        return 1
    with TemporaryDirectory() as folder:
        async with chromium(path) as browser, demo_process(Path(folder), "demo") as demo:
            await _take_pictures(browser, demo.url)
    return 0


async def _take_pictures(browser: Browser, url: str) -> None:
    """Play the story and take the pictures along the way."""
    async with demo_page(browser, url, viewport=WIDE) as page:
        await story.hours_are_published(page)
        await story.both_open_the_day(page)
        await _take_picture(browser, url, "narrow")
        await story.both_take_one_time(page)
        await story.one_confirms_and_the_other_waits(page, *story.clients_of(page))
        for scheme in ("light", "dark"):
            await _take_picture(browser, url, scheme)


async def _take_picture(browser: Browser, url: str, name: str) -> None:
    """Take a picture in a new window, without selections, hover effects or toasts."""
    window = {
        "viewport": NARROW if name == "narrow" else WIDE,
        "color_scheme": "dark" if name == "dark" else "light",
    }
    async with demo_page(browser, url, **window) as page:
        await _prepare(page, name)
        await page.page.screenshot(path=PICTURES / f"demo-{name}.png")


async def _prepare(page: DemoPage, name: str) -> None:
    """Bring the subject of the picture into view."""
    if name == "narrow":
        await page.page.get_by_test_id("tab-1001").click()
    await page.page.evaluate("document.fonts.ready")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
