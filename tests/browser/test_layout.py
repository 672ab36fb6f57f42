"""The demo page's layout, from a phone's screen to a wide monitor."""

import pytest
from playwright.async_api import expect

from tests.browser import story
from tests.browser.conftest import Opens
from tests.browser.phones import DemoPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WINDOWS = [
    {"width": width, "height": height}
    for width, height in ((360, 740), (768, 1024), (1280, 500), (1280, 720), (1600, 900))
]

# Resolves to [ratio in view, left edge, right edge] for the steps and each phone.
_IN_VIEW = """() => new Promise(resolve => {
  const observer = new IntersectionObserver(entries => resolve(entries.map(entry => [
    Math.round(entry.intersectionRatio * 100) / 100,
    entry.boundingClientRect.left,
    entry.boundingClientRect.right,
  ])));
  document.querySelectorAll(".steps, .phone").forEach(element => observer.observe(element));
})"""


async def test_the_page_fits_the_window_and_shows_every_step_in_full(opens: Opens) -> None:
    await story.hours_are_published(await opens())
    for window in WINDOWS:
        page = await opens(viewport=window)
        await page.ticked(1, 2)
        assert await page.page.evaluate(
            "[document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]"
        ) == list(window.values())
        cut = "texts => texts.filter(text => text.scrollWidth > text.clientWidth).length"
        assert await page.page.locator(".step p").evaluate_all(cut) == 0, window


async def test_phones_are_shown_whole_beside_the_steps_or_not_at_all(opens: Opens) -> None:
    for window in WINDOWS:
        page = await opens(viewport=window)
        for phone in (page.dora, page.bernd, page.alice):
            await phone.input.focus()
            await expect(phone.screen).to_be_in_viewport(ratio=1)
            await _shows_whole_panels(page)


async def test_a_phone_that_does_not_fit_has_a_tab(opens: Opens) -> None:
    page = await opens(viewport={"width": 1280, "height": 720})
    await expect(page.page.get_by_test_id("tab-1000")).to_be_hidden()
    await page.adds("Carol", "en", "Europe/Paris")
    await page.page.get_by_test_id("tab-1000").click()
    await expect(page.dora.screen).to_be_in_viewport(ratio=1)
    await page.page.get_by_test_id("tab-1003").click()
    await expect(page.phone(1003, "en").screen).to_be_in_viewport(ratio=1)
    await _shows_whole_panels(page)


async def _shows_whole_panels(page: DemoPage) -> None:
    """Check that the steps and phones in view are in view completely and do not overlap."""
    panels = [panel for panel in await page.page.evaluate(_IN_VIEW) if panel[0] > 0]
    assert {ratio for ratio, _, _ in panels} == {1}, panels
    edges = [edge for _, left, right in panels for edge in (left, right)]
    assert edges == sorted(edges), panels
