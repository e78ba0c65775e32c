"""A real browser for the tests of the map, with no network, and what a visit to a page is held to.

Set ``CI_BROWSER=1`` where a missing browser must fail rather than skip, and ``CHROMIUM`` to the
browser's path where it is not on the PATH.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

import geopandas as gpd
import pytest

_REQUIRED = os.environ.get("CI_BROWSER") == "1"
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing(what: str):
    if _REQUIRED:
        pytest.fail(f"CI_BROWSER=1, but {what} is missing")
    pytest.skip(f"{what} is missing")


@contextmanager
def chromium():
    """Start Chromium; skip, or fail where it is required, if it cannot be."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    path = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if path is None:
        missing("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=_QUIET)
        yield started
        started.close()


class Visit:
    """A page opened with the network blocked, what it asked for and what it complained of."""

    def __init__(self, browser, path):
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, offline=True)
        self.requests, self.complaints = [], []
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("[data-ready=true]", timeout=60_000)

    def _note(self, line):
        # Reading pixels back is what the tests do, not the page.
        if line.type in ("error", "warning") and "readback" not in line.text:
            self.complaints.append(line.text)

    def go(self, geometry, crs, zoom=16):
        """Move the map so that a point of the county lies in its middle, and give its pixel."""
        point = gpd.GeoSeries([geometry], crs=crs).to_crs(4326).iloc[0]
        self.page.evaluate(
            "([lat, lon, zoom]) => map_lifecircle.setView([lat, lon], zoom, {animate: false})",
            [point.y, point.x, zoom],
        )
        box = self.page.locator("#map_lifecircle").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def click(self, geometry, crs, zoom=16):
        """Click on a point of the county, and give the popup's text."""
        self.page.mouse.click(*self.go(geometry, crs, zoom))
        return self.popup()

    def popup(self):
        popup = self.page.locator(".leaflet-popup-content").last
        popup.wait_for()
        # The one before it fades for a moment.
        self.page.locator(".leaflet-popup >> nth=1").wait_for(state="detached")
        return popup.inner_text()

    def end(self):
        """Close the page; it has asked for nothing but itself and complained of nothing."""
        asked = [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]
        self.context.close()
        assert asked == []
        assert len([url for url in self.requests if url.startswith("file:")]) == 1
        assert self.complaints == []
