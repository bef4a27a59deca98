"""Opening a page as a reader does, without a window."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")


def find_browser() -> str:
    """Find a browser, or skip the test."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)}")
    return found


def open_page(browser: str, address: str, size: str = "1200,1600") -> str:
    """Open a page, wait until it is drawn; return its elements. The console must stay empty of errors."""
    line = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--enable-logging=stderr", "--virtual-time-budget=20000", f"--window-size={size}", "--dump-dom",
        address,
    ]  # fmt: skip
    process = subprocess.run(line, capture_output=True, text=True, timeout=100, check=True)
    said = [text for text in process.stderr.splitlines() if "CONSOLE" in text]
    assert not said
    # what the library's own code says of itself is no part of what is drawn
    return re.sub(r"<script.*?</script>", "", process.stdout, flags=re.DOTALL)


def addresses(page: str) -> Iterator[str]:
    """Addresses in what is the project's own."""
    own = re.sub(r"<script>.*?</script>", "", page, count=1, flags=re.DOTALL)
    yield from re.findall(r"(?:src|href)=\"([^\"]*)\"|url\(([^)]*)\)", own)
