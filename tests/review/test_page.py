"""The page opens from disk: nothing is fetched, only its own script runs, and without that nothing is missing but the search."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.review.rendered import GOLDEN

PAGES = sorted(GOLDEN.glob("*.html"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_nothing_is_fetched(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r'(?:src|href)="([^"#]*)', text)) - {""} == {"data:,"}
    assert not re.search(r"url\((?!#)|@import|<link(?! rel=\"icon\")|<iframe|<form", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_only_its_own_script_may_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text
    assert not re.search(r"\son\w+=", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_without_script_only_the_search_is_missing(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"<(\w+)[^>]* hidden", text) == ["p"]
    assert '<p class="search" hidden>' in text


@pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="NOT PROVEN without chromium: that a browser shows the page without errors",
)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_browser_has_nothing_to_complain_about(page: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None, "in CI a browser is there: .ci/run installs it"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    logging = ["--enable-logging=stderr", "--v=0", "--dump-dom"]
    done = subprocess.run([*command, *logging, page.as_uri()], capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in done.stderr
    # The script has run: it shows the search.
    assert '<p class="search">' in done.stdout
