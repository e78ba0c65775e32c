"""The map in a real browser, with no network: what a planner clicks and reads.

Set ``CI_BROWSER=1`` where a missing browser must fail rather than skip, and ``CHROMIUM`` to the
browser's path where it is not on the PATH.
"""

from __future__ import annotations

import os
import re
import shutil

import geopandas as gpd
import numpy as np
import pytest
import shapely
from synthetic_assessment import HOSTILE, synthetic_assessment

from lifecircle import assess, read_config
from lifecircle.render.maps import coverage_map, map_html

pytestmark = pytest.mark.browser

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


def _missing(what: str):
    if _REQUIRED:
        pytest.fail(f"CI_BROWSER=1, but {what} is missing")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright")
    path = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if path is None:
        _missing("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment()


@pytest.fixture(scope="module")
def file(invented, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    for lang in ("zh", "en"):
        (folder / f"{lang}.html").write_text(
            map_html(coverage_map(invented, lang=lang)), encoding="utf-8"
        )
    return folder


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
        return popup.inner_text()


@pytest.fixture
def visit(browser, file):
    opened = []

    def go(lang="zh", path=None):
        opened.append(Visit(browser, path or file / f"{lang}.html"))
        return opened[-1]

    yield go
    for one in opened:
        asked = [url for url in one.requests if not url.startswith(("file:", "data:", "blob:"))]
        one.context.close()
        assert asked == []
        assert len([url for url in one.requests if url.startswith("file:")]) == 1
        assert one.complaints == []


def a_cell(invented, setting, position=0.5):
    """A whole cell with residents, of a setting, away from every facility's mark."""
    cells = invented.cells
    middle = cells.geometry.centroid.to_numpy()
    far = shapely.distance(middle, invented.facilities.union_all()) > 120
    some = cells[
        far & (cells["setting"] == setting) & (cells["persons"] > 5) & (cells.area > 9_999)
    ]
    return some.iloc[int(len(some) * position)]


def test_the_page_opens_alone_and_says_what_it_is(visit):
    page = visit().page
    head = page.locator("#lc-head").inner_text()
    assert "虚构县<i> · 15分钟生活圈评估" in head
    assert "示例数据，全部虚构" in head
    assert "内部工作用图，未经审核不得公开" in head
    assert "路网、设施 2025-06-30" in head
    foot = page.locator("#lc-foot").inner_text()
    for fact in (
        "4.5 公里/小时（75.0 米/分钟）",
        "EPSG:4546",
        "未核实 4 项",
        "虚构规划局 & Co",
        "2026-01-31",
    ):
        assert fact in foot
    assert (
        "© OpenStreetMap contributors, ODbL"
        in page.locator(".leaflet-control-attribution").inner_text()
    )
    scale = page.locator(".leaflet-control-scale").inner_text()
    assert scale.endswith(("km", " m"))
    assert "mi" not in scale
    assert page.get_attribute("html", "lang") == "zh-CN"


def test_headline_figures_are_those_of_the_tables(visit, invented):
    page = visit().page
    text = page.locator("#lc-page-overview").inner_text()
    assert "49,000" in text
    share = invented.unit_scores.loc[("county", "urban_life_15"), "complete_share"]
    assert f"{np.floor(share * 1000 + 1e-6) / 10:.1f}%" in text
    for kind in ("post", "school"):
        key = ("county", "urban_life_15", kind)
        label = invented.standard.kinds[kind].zh
        row = page.locator(".lc-coverage tbody tr", has_text=label).inner_text()
        for denominator in ("population", "residential_land", "communities"):
            share = invented.coverage.loc[(*key, denominator), "share"]
            assert f"{np.floor(share * 1000 + 1e-6) / 10:.1f}%" in row


def test_a_click_on_a_cell_shows_its_figures(visit, invented):
    page = visit()
    cell = a_cell(invented, "urban")
    text = page.click(cell.geometry.centroid, invented.cells.crs)
    assert invented.units["name"].fillna(invented.units.index.to_series())[cell["unit_id"]] in text
    assert "城市" in text
    assert f"{cell['persons']:,.1f}" in text
    score = invented.scores.loc[(cell.name, "urban_life_15")]
    assert f"{np.floor(score['score'] * 10) / 10:.1f} 分" in text
    rows = page.page.locator(".leaflet-popup-content .lc-services tbody tr")
    for kind in ("post", "retail", "clinic", "school", "park", "sport"):
        walk = invented.access.loc[(cell.name, kind)]
        row = rows.filter(has_text=invented.standard.kinds[kind].zh).inner_text()
        minutes = np.ceil(walk["seconds"] / 6.0 - 1e-7) / 10
        assert f"{minutes:.1f} 分" in row
        name = invented.facilities["name"].fillna("邮政（无名称）")[walk["facility_id"]]
        assert " ".join(name.split()) in " ".join(row.split())
        assert ("✓" in row) == (walk["seconds"] <= 900)
        assert ("✗" in row) == (walk["seconds"] > 900)


def test_a_threshold_in_metres_is_judged_in_metres(visit, invented):
    page = visit()
    cell = a_cell(invented, "rural", 0.8)
    page.click(cell.geometry.centroid, invented.cells.crs)
    row = page.page.locator(".lc-services tbody tr").filter(has_text="健身").inner_text()
    metres = invented.access.loc[(cell.name, "sport"), "metres"]
    assert f"{np.ceil(metres - 1e-7):,.0f} m" in row
    assert ("✓ 2000 米以内" in row) == (metres <= 2000)


def test_a_click_on_a_clipped_cell_finds_the_right_one(visit, invented):
    cells = invented.cells
    piece = cells[(cells.area < 6_000) & (cells.area > 3_000) & (cells["persons"] > 0)].iloc[3]
    page = visit()
    page.page.click(".lc-chips legend button >> nth=1")  # no facility in the way
    text = page.click(piece.geometry.representative_point(), cells.crs, zoom=18)
    assert re.search(rf"居住格网\s*{piece.name}\b", text)


def test_a_click_on_a_facility_shows_who_it_is(visit, invented):
    page = visit()
    place = invented.facilities[invented.facilities["kind"] == "retail"].iloc[3]
    text = page.click(place.geometry, invented.facilities.crs, zoom=18)
    for word in (place["name"], "零售", "ledger.csv", place.name, "08:00-17:00"):
        assert word in text


def test_a_click_on_a_gap_shows_rank_persons_and_nearest(visit, invented):
    gap = invented.gaps.query("kind == 'clinic' and rank == 1").iloc[0]
    page = visit()
    page.page.click(".lc-chips legend button >> nth=1")  # no facility in the way
    page.page.select_option(".lc-layers select >> nth=3", label="医疗卫生")
    text = page.click(gap.geometry.representative_point(), invented.gaps.crs, zoom=14)
    assert "医疗卫生缺口" in text
    assert f"{gap['persons']:,.0f}" in text
    assert f"{np.round(gap['nearest_minutes'], 1):.1f}" in text
    assert str(invented.facilities.loc[gap["nearest_facility_id"], "name"]) in text
    # The cell under it is there too, one click away.
    page.page.locator(".lc-popup summary").click()
    assert "各类最近设施" in page.popup()


def test_an_unverified_threshold_is_marked_wherever_it_decides(visit, invented):
    page = visit()
    cards = page.page.locator(".lc-card").all_inner_texts()
    assert all("25.0% 居民的结论取决于未核实的阈值" in card for card in cards)
    page.page.click(".lc-chips legend button >> nth=1")  # no facility in the way
    page.page.select_option(".lc-layers select >> nth=3", label="医疗卫生")
    gap = invented.gaps.query("kind == 'clinic' and rank == 1").iloc[0]
    assert "未核实" in page.click(gap.geometry.representative_point(), invented.gaps.crs, zoom=14)


def test_the_gap_list_goes_to_the_gap(visit, invented):
    page = visit()
    page.page.click("#lc-tab-gaps")
    page.page.locator(".lc-gaps button").first.click()
    first = invented.gaps.query("kind == 'post' and rank == 1").iloc[0]
    assert f"{first['persons']:,.0f}" in page.popup()
    assert page.page.evaluate("map_lifecircle.getZoom()") > 12


def test_a_click_on_a_unit_in_the_table_shows_its_figures(visit, invented):
    page = visit()
    page.page.click("#lc-tab-units")
    page.page.locator(".lc-units tbody tr", has_text="金屋塘镇").click()
    text = page.popup()
    score = invented.unit_scores.loc[("430527101", "urban_life_15")]
    assert "21,000" in text
    assert f"{np.floor(score['score'] * 10) / 10:.1f} 分" in text
    assert invented.standard.kinds[score["worst_kind"]].zh in text


def test_uninhabited_land_answers_with_the_unit(visit, invented):
    page = visit()
    page.page.select_option(".lc-layers select >> nth=0", "")
    cell = a_cell(invented, "rural")
    text = page.click(cell.geometry.centroid, invented.cells.crs)
    assert "居民" in text
    assert "居住格网" not in text


def pixels(page, pane):
    """The colours of a canvas, by how many pixels have them."""
    return page.evaluate(
        """(pane) => {
          const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
          const data = new Uint32Array(canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data.buffer);
          const counts = {};
          for (const colour of data) counts[colour] = (counts[colour] || 0) + 1;
          return counts;
        }""",
        pane,
    )


def test_the_indicator_switches_without_a_reload(visit):
    page = visit()
    before = pixels(page.page, "lc-cells")
    title = page.page.locator(".lc-legend h3").first.inner_text()
    page.page.select_option(".lc-layers select >> nth=0", label="邮政")
    assert page.page.locator(".lc-legend h3").first.inner_text() != title
    assert "步行分钟" in page.page.locator(".lc-legend").inner_text()
    after = pixels(page.page, "lc-cells")
    assert before != after
    assert len(after) <= 8  # six classes, grey, and nothing: no blended edges
    page.page.select_option(".lc-layers select >> nth=0", "density")
    assert "人/平方公里" in page.page.locator(".lc-legend").inner_text()
    page.page.select_option(".lc-layers select >> nth=0", "")
    assert set(pixels(page.page, "lc-cells")) == {"0"}


def test_the_legend_shares_are_those_of_the_residents(visit, invented):
    page = visit()
    page.page.select_option(".lc-layers select >> nth=0", label="邮政")
    minutes = invented.access.xs("post", level="kind")["seconds"].reindex(invented.cells.index) / 60
    persons = invented.cells["persons"]
    shares = [
        persons[(minutes > low) & (minutes <= high)].sum() / persons.sum()
        for low, high in ((-1, 5), (5, 10), (10, 15), (15, 30), (30, 60), (60, 1e9))
    ]
    lines = page.page.locator(".lc-legend-block li small").all_inner_texts()
    shown = [float(line.rstrip("%")) / 100 for line in lines[:6]]
    assert shown == pytest.approx(shares, abs=0.0011)


def test_cells_leave_no_hair_between_them(visit, invented):
    page = visit()
    page.page.select_option(".lc-layers select >> nth=0", "density")
    page.page.locator(".lc-toggle", has_text="仅显示有居民的格网").click()
    middle = invented.units.union_all().centroid
    for zoom in (15.5, 16.25, 17):
        page.go(middle, invented.units.crs, zoom)
        assert "0" not in pixels(page.page, "lc-cells")


def test_isochrones_units_and_facilities_can_be_shown(visit):
    page = visit()
    page.page.select_option(".lc-layers select >> nth=2", label="零售")
    assert set(pixels(page.page, "lc-cells")) == {"0"}  # they make room
    assert len(pixels(page.page, "lc-isochrones")) > 4
    assert "30 分钟" in page.page.locator(".lc-legend").inner_text()
    page.page.select_option(".lc-layers select >> nth=1", "score:own")
    assert len(pixels(page.page, "lc-units")) > 2
    few = pixels(page.page, "lc-facilities")
    page.page.locator(".lc-chip", has_text="学校").click()
    assert pixels(page.page, "lc-facilities") != few


def test_english_is_english(visit):
    page = visit("en").page
    assert "Synthetic County <i>: 15-minute life circles" in page.locator("#lc-head").inner_text()
    assert (
        "For internal use only; not reviewed for publication"
        in page.locator("#lc-head").inner_text()
    )
    for tab in ("units", "gaps", "about"):
        page.click(f"#lc-tab-{tab}")
    text = page.locator("body").inner_text()
    data = "长铺镇金屋塘河口苗族乡寨市虚构规划局第处邵政办发号" + "学店医邮健园气"  # names, symbols
    data += "集"  # 乡集镇, as a standard calls its level
    assert set(re.findall(r"[\u4e00-\u9fff]", text)) <= set(data)


def test_hostile_names_are_only_text(visit, invented):
    page = visit()
    place = invented.facilities.iloc[0]
    text = page.click(place.geometry, invented.facilities.crs, zoom=18)
    assert HOSTILE[0] in text
    page.page.click("#lc-tab-units")
    assert HOSTILE[1] in page.page.locator(".lc-units").inner_text()
    page.page.fill("#lc-panel input[type=search]", "script")
    found = page.page.locator(".lc-found").inner_text()
    assert HOSTILE[0] in found
    assert page.page.evaluate("window.hacked") is None
    assert page.page.locator("#lc-panel img, #lc-panel script, .lc-popup script").count() == 0


def test_search_finds_a_facility_and_goes_there(visit):
    page = visit()
    page.page.fill("#lc-panel input[type=search]", "school 第16处")
    page.page.locator(".lc-found button").first.click()
    assert "school 第16处" in page.popup()
    assert page.page.evaluate("map_lifecircle.getZoom()") >= 16


def test_everything_can_be_reached_by_keyboard(visit):
    page = visit()
    seen = set()
    for _ in range(60):
        page.page.keyboard.press("Tab")
        seen.add(
            page.page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.id"
                " || document.activeElement.className || document.activeElement.tagName"
            )
        )
    for stop in ("查找单元或设施…", "lc-tab-overview", "地图", "放大", "lc-card", "SELECT"):
        assert stop in seen
    page.page.focus("#map_lifecircle")
    page.page.keyboard.press("Enter")
    assert page.popup()


def test_every_control_has_a_name(visit):
    page = visit().page
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, [role=tab], canvas")]
          .filter((node) => !(node.textContent.trim() || node.getAttribute("aria-label")
            || node.getAttribute("aria-hidden") || (node.labels && node.labels.length)))
          .map((node) => node.outerHTML)"""
    )
    assert nameless == []


def test_a_notebook_cell_shows_it_without_a_network(visit, invented, tmp_path):
    path = tmp_path / "notebook.html"
    shown = coverage_map(invented)._repr_html_()
    path.write_text(f"<body data-ready=true>{shown}</body>", encoding="utf-8")
    frame = visit(path=path).page.frame_locator("iframe")
    frame.locator("#map_lifecircle[data-ready=true]").wait_for(timeout=20_000)
    assert "15分钟生活圈评估" in frame.locator("#lc-head").inner_text()


def test_the_policy_blocks_what_a_layer_would_load(visit):
    page = visit()
    blocked = page.page.evaluate(
        """() => new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", (e) => resolve(e.blockedURI));
          new Image().src = "https://tiles.invalid/1.png";
        })"""
    )
    assert blocked == "https://tiles.invalid/1.png"
    assert len(page.complaints) == 1  # the browser says so, and lists the request as failed
    page.complaints.clear()
    del page.requests[1:]


def test_a_hundred_thousand_cells_open_and_answer(visit, tmp_path):
    many = synthetic_assessment(across=390, kinds=("post", "retail", "clinic"))
    assert len(many.cells) > 100_000
    path = tmp_path / "many.html"
    path.write_text(map_html(coverage_map(many)), encoding="utf-8")
    assert path.stat().st_size < 20e6
    page = visit(path=path)
    page.page.click(".lc-chips legend button >> nth=1")
    cell = a_cell(many, "urban")
    text = page.click(cell.geometry.centroid, many.cells.crs, zoom=15)
    assert re.search(rf"居住格网\s*{cell.name}\b", text)
    # A repaint of all cells must not be felt.
    spent = page.page.evaluate(
        """() => { map_lifecircle.setZoom(map_lifecircle.getMinZoom() + 2, {animate: false});
          const start = performance.now();
          for (let i = 0; i < 5; i++) map_lifecircle.fire("moveend");
          return (performance.now() - start) / 5; }"""
    )
    assert spent < 1000


@pytest.fixture(scope="module")
def demo():
    return assess(read_config("data/liechtenstein/county.toml"))


class TestDemo:
    """The shipped demo, on real data, as a planner opens it."""

    @pytest.fixture
    def page(self, demo, visit, tmp_path):
        path = tmp_path / "map.html"
        path.write_text(map_html(coverage_map(demo)), encoding="utf-8")
        return visit(path=path)

    def test_it_says_what_and_of_when(self, page):
        head = page.page.locator("#lc-head").inner_text()
        assert "列支敦士登" in head
        assert "2013" in head
        assert "36,838" in page.page.locator("#lc-page-overview").inner_text()

    def test_a_cell_shows_its_residents_and_minutes(self, page, demo):
        cell = a_cell(demo, "urban")
        text = page.click(shapely.Point(cell["x"], cell["y"]), demo.network.crs)
        minutes = demo.access.loc[(cell.name, "post"), "seconds"] / 60.0
        assert demo.units.loc[cell["unit_id"], "name"] in text
        assert f"{np.ceil(minutes * 10 - 1e-6) / 10:.1f}" in text

    def test_a_facility_shows_its_name_and_kind(self, page, demo):
        posts = demo.facilities[demo.facilities["kind"] == "post"]
        post = posts[posts["name"].notna()].iloc[0]
        text = page.click(post["geometry"], demo.network.crs, zoom=18)
        assert post["name"] in text
        assert "邮政" in text

    def test_a_gap_shows_its_residents(self, page, demo):
        page.page.select_option(".lc-layers select >> nth=3", label="邮政")
        gap = demo.gaps.loc["post-1"]
        inside = gap["geometry"].representative_point()
        text = page.click(inside, demo.network.crs, zoom=17)
        assert f"{gap['persons']:,.0f}" in text
        assert demo.units.loc[gap["unit_id"], "name"] in text
