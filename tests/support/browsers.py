"""Opening a page as a reader does, without a window."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


PROBE = """<script>
parent.postMessage(JSON.stringify({
  inner: window.innerWidth,
  wide: [...document.querySelectorAll("body *")]
    .filter((one) => !one.closest(".scroll, #compare, svg, script"))
    .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)
    .map((one) => `${one.tagName} ${one.id} ${one.className}`),
  form: getComputedStyle(document.getElementById("controls") ?? document.body).display,
}), "*");
</script></body>"""
"""Tells which elements reach out of the window, but for those that scroll."""

FRAME = """<body><script>
window.addEventListener("message", (event) => { document.body.dataset.probe = event.data; });
</script><iframe src="ADDRESS" style="width: WIDTHpx; height: HEIGHTpx; border: 0"></iframe></body>"""
"""Holds the page: not every browser opens a window as narrow as a phone."""


def probe(browser: str, text: str, folder: Path, size: str, wanted: str = "") -> dict[str, Any]:
    """Open a page in a window of a size; tell how wide that is and what reaches out of it."""
    path, frame = folder / "probed.html", folder / "frame.html"
    path.write_text(text.replace("</body>", PROBE), encoding="utf-8")
    width, height = size.split(",")
    address = html.escape(path.resolve().as_uri() + wanted)
    holder = FRAME.replace("ADDRESS", address).replace("WIDTH", width).replace("HEIGHT", height)
    frame.write_text(holder, encoding="utf-8")
    (found,) = re.findall(r'data-probe="([^"]*)"', open_page(browser, frame.resolve().as_uri()))
    seen: dict[str, Any] = json.loads(html.unescape(found))
    return seen


def table_lines(dom: str, table: str) -> list[list[str]]:
    """Texts of a table's cells, without its heading."""
    body = dom.split(f'id="{table}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return [
        [html.unescape(re.sub(r"<.*?>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", line)]
        for line in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def page_data(text: str) -> dict[str, Any]:
    """What a page shows."""
    found: dict[str, Any] = json.loads(text.split('type="application/json">')[1].split("</script>")[0])
    return found
