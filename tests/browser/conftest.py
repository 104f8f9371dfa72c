"""A real browser: CHROMIUM, or the one on the PATH."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert executable, "install Chromium, or name it in the environment variable CHROMIUM"
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page of a profile that nothing was opened in before."""
    async with await browser.new_context() as context:
        yield await context.new_page()
