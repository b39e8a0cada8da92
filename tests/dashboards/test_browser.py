"""The page in a real browser, in both languages; screenshots go to `CLOSEBOOK_SCREENSHOTS`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from dashboards.i18n import texts
from tests.e2e.installation import Installation
from tests.ports import ports

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address(demo: Installation) -> Iterator[str]:
    (port,) = ports(1)
    environment = {
        **os.environ,
        "CLOSEBOOK_HOME": str(demo.home.root),
        "CLOSEBOOK_NOW": demo.now,
        "CLOSEBOOK_DEMO_SIGN_IN": "1",
    }
    command = [
        sys.executable, "-m", "streamlit", "run", "dashboards/app.py",
        "--server.address", "127.0.0.1", "--server.port", str(port),
    ]  # fmt: skip
    running = subprocess.Popen(command, cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx.get(f"{url}/_stcore/health", timeout=1).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield url
    finally:
        running.terminate()
        running.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable, "run scripts/tools.sh: the browser tests need Debian's chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield opened
        opened.close()


def _screenshot(page: object, name: str) -> None:
    folder = os.environ.get("CLOSEBOOK_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_in_a_browser(browser: Browser, address: str, language: str) -> None:
    t = texts(language)
    page = browser.new_page(viewport={"width": 1280, "height": 3600})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/?lang={language}&tenant=aurora")
    for key in ("headline", "funnel", "triangle", "commission", "quality"):
        expect(page.get_by_role("heading", name=t(key), exact=True)).to_be_visible(timeout=60_000)
    # The charts are drawn, not only announced.
    expect(
        page.locator('[data-testid="stVegaLiteChart"] canvas, .vega-embed svg')
    ).not_to_have_count(0, timeout=30_000)
    expect(page.locator('[data-testid="stException"]')).to_have_count(0)
    page.get_by_role("combobox", name=t("sign_in")).click()
    page.get_by_role("option", name="finance").click()
    expect(page.get_by_text(t("payroll")).first).to_be_visible(timeout=30_000)
    page.get_by_role("combobox", name=t("payee")).click()
    page.get_by_role("option", name="E1005").click()
    expect(page.get_by_text(re.compile(re.escape(t("payroll")) + r" \(1\)"))).to_be_visible(
        timeout=30_000
    )
    page.get_by_text(t("why")).first.click()
    page.wait_for_timeout(1500)
    _screenshot(page, f"cockpit-{language}")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page scrolls sideways at 1280"
    assert not errors
    page.close()


def test_the_language_switch_changes_the_page_and_the_address(
    browser: Browser, address: str
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.goto(f"{address}/?lang=en")
    page.get_by_role("combobox", name=texts("en")("sign_in")).click(timeout=60_000)
    page.get_by_role("option", name="finance").click()
    page.get_by_role("combobox", name=texts("en")("payee")).click(timeout=30_000)
    page.get_by_role("option", name="E1005").click()
    page.get_by_text("24 months", exact=True).click()
    expect(page.get_by_text("24 complete months")).to_be_visible(timeout=30_000)
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("heading", name=texts("zh")("headline"), exact=True)).to_be_visible(
        timeout=30_000
    )
    assert "lang=zh" in page.url
    # The choices made in English still hold: user, payee, window.
    t = texts("zh")
    expect(page.get_by_role("combobox", name=t("sign_in"))).to_have_value("finance (财务)")
    expect(page.get_by_role("combobox", name=t("payee"))).to_have_value(re.compile("^E1005 ·"))
    expect(page.get_by_text("共 24 个完整月份")).to_be_visible()
    expect(page.get_by_text(t("sees_finance", tenant="aurora"))).to_be_visible()
    page.close()
