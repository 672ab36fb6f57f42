"""A real browser on the real demo. Without Chromium, tests skip or, with REQUIRE_BROWSER, fail."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import chromium, chromium_path
from tests.browser.phones import DemoPage, demo_page
from tests.kit.demo_process import RunningDemo, demo_process

Opens = Callable[..., Awaitable[DemoPage]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium_path()
    if path is None:
        reason = "Chromium is not installed (on Debian: apt install chromium)"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    async with chromium(path) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def demo(browser: Browser, tmp_path: Path) -> AsyncIterator[RunningDemo]:
    async with demo_process(tmp_path, "demo", "--port", "0") as demo:
        yield demo


@pytest_asyncio.fixture(loop_scope="session")
async def opens(browser: Browser, demo: RunningDemo) -> AsyncIterator[Opens]:
    """Open the page in a new window with these context options; console errors fail the test."""
    async with AsyncExitStack() as open_pages:

        async def open_page(**window: Any) -> DemoPage:
            return await open_pages.enter_async_context(demo_page(browser, demo.url, **window))

        yield open_page
