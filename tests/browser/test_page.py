"""The page with the real bot: dark mode, narrow windows, keyboard use and accessibility."""

from itertools import product
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, expect

from tests.browser import story
from tests.browser.conftest import Opens
from tests.browser.phones import DemoPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCHEMES = ("light", "dark")
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 360, "height": 780}


async def test_the_page_is_accessible(opens: Opens) -> None:
    light, dark = [await opens(color_scheme=scheme) for scheme in SCHEMES]
    await story.hours_are_published(light)
    await story.both_open_the_day(light)
    await _has_no_violations(light, dark)
    await story.both_take_one_time(light)
    await light.dora.sends("/link")
    for page in (light, dark):
        await expect(page.dora.screen.get_by_test_id("photo")).to_be_visible()
        await page.dora.screen.get_by_test_id("hand-over").last.click()
        await page.alice.screen.get_by_test_id("menu").click()
    await _has_no_violations(light, dark)
    for page in (light, dark):
        await page.page.get_by_test_id("add-person").click()
    await _has_no_violations(light, dark)


async def _has_no_violations(*pages: DemoPage) -> None:
    """Run axe-core on windows in their current state."""
    for page in pages:
        results = await Axe().run(page.page)
        found = [
            (each["id"], [node["html"][:200] for node in each["nodes"]])
            for each in results.response["violations"]
        ]
        assert found == []


async def test_the_page_follows_the_color_scheme(opens: Opens) -> None:
    for scheme, size in product(SCHEMES, (WIDE, NARROW)):
        page = await opens(color_scheme=scheme, viewport=size)
        surfaces = [
            page.page.locator(name) for name in ("body", ".top", ".bubble >> nth=0", ".steps")
        ]
        shades = [await _lightness(surface) for surface in surfaces]
        assert all(shade < 0.4 if scheme == "dark" else shade > 0.6 for shade in shades), (
            scheme,
            shades,
        )
        assert await _lightness(page.page.locator("body"), "color") == pytest.approx(
            1.0 if scheme == "dark" else 0.0, abs=0.2
        )


async def _lightness(surface: Locator, which: str = "backgroundColor") -> float:
    """Return how light a colour is, from 0 for black to 1 for white."""
    colour: str = await surface.evaluate(f"element => getComputedStyle(element).{which}")
    channels = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(channels) / 3 / 255


async def test_on_a_narrow_window_the_story_is_played_one_phone_at_a_time(opens: Opens) -> None:
    page = await opens(viewport=NARROW, has_touch=True, is_mobile=True)
    await _has_no_violations(page)
    await page.suggests(1, page.dora)
    await page.dora.sees("5 days, 160 slots")
    await _has_no_violations(page)
    await _fits(page, page.dora.button("Publish"))
    await page.dora.taps("Publish")
    await page.page.get_by_test_id("tab-1001").tap()
    await page.alice.opens_day(story.wednesday_next_week())
    await _fits(page, page.alice.button("09:15"))
    await page.alice.taps("09:15")
    await _fits(page, page.alice.button("Confirm"))
    await page.alice.taps("Confirm")
    await page.alice.sees("Booked")
    await expect(page.page.get_by_test_id("tab-1000")).to_contain_text("new messages")
    await page.page.get_by_test_id("tab-1000").tap()
    await expect(page.page.get_by_test_id("tab-1000")).not_to_contain_text("new messages")
    await page.dora.sees("New booking from Alice")


async def _fits(page: DemoPage, button: Locator) -> None:
    """Check that a button is completely in the window and the page is no wider than it."""
    await expect(button).to_be_in_viewport(ratio=1)
    assert await page.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


async def test_the_story_can_be_played_by_keyboard_alone(opens: Opens) -> None:
    page = await opens()
    await _tab_to(page, "Tab", "Type it for me")
    await page.page.keyboard.press("Enter")
    await page.page.keyboard.press("Enter")
    await page.dora.sees("5 days, 160 slots")
    await _tab_to(page, "Shift+Tab", "Publish")
    await page.page.keyboard.press("Space")
    await page.ticked(1, 2)
    await page.alice.input.focus()
    await page.page.keyboard.type("/book")
    await page.page.keyboard.press("Enter")
    await expect(page.alice.button("›")).to_be_visible()
    await _tab_to(page, "Shift+Tab", "⚡")
    await page.page.keyboard.press("Enter")
    await page.alice.sees("Held for you")
    await _tab_to(page, "Shift+Tab", "+30 min")
    await page.page.keyboard.press("Enter")
    await page.alice.newest_says("Your hold has expired")


async def test_the_keyboard_opens_the_menu_and_closes_overlays(
    opens: Opens,
) -> None:
    page = await opens()
    await page.alice.input.focus()
    await page.page.keyboard.press("Shift+Tab")
    await page.page.keyboard.press("Enter")
    await expect(page.alice.screen.get_by_test_id("command").first).to_be_focused()
    await page.page.keyboard.press("Escape")
    await expect(page.alice.screen.get_by_test_id("commands")).to_be_hidden()
    await expect(page.alice.screen.get_by_test_id("menu")).to_be_focused()
    await page.page.get_by_test_id("add-person").focus()
    await page.page.keyboard.press("Enter")
    await expect(page.page.get_by_test_id("newcomer-name")).to_be_focused()
    await page.page.keyboard.press("Escape")
    await expect(page.page.get_by_test_id("add-person")).to_be_focused()


async def _tab_to(page: DemoPage, key: str, label: str) -> None:
    """Press a key until the element with this label has the focus, and check its outline."""
    passed: list[Any] = []
    for _ in range(80):
        await page.page.keyboard.press(key)
        focused = page.page.locator(":focus")
        passed.append(await focused.inner_text() if await focused.count() else None)
        if label in str(passed[-1]):
            assert (
                await focused.evaluate("element => getComputedStyle(element).outlineStyle")
                != "none"
            )
            return
    pytest.fail(f"{label!r} is not among {passed}")
