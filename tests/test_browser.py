"""The map in a real browser, with no network: what a planner clicks and reads."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from browsing import Visit, missing
from PIL import Image
from synthetic_assessment import HOSTILE, synthetic_assessment

from lifecircle import assess, read_config
from lifecircle.render.web.maps import coverage_map, map_html

pytestmark = pytest.mark.browser


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


@pytest.fixture
def visit(browser, file):
    opened = []

    def go(lang="zh", path=None):
        opened.append(Visit(browser, path or file / f"{lang}.html"))
        return opened[-1]

    yield go
    for one in opened:
        one.end()


class TestAddress:
    """Links of the workbook lead to a unit or a gap of the map."""

    def test_a_unit_a_gap_and_nothing(self, visit, invented):
        page = visit().page
        unit = invented.units.index[0]
        page.evaluate(f"location.hash = '#unit={unit}'")
        page.locator(".leaflet-popup-content").filter(has_text="长铺镇").wait_for()
        gap = invented.gaps.sort_values("rank").index[0]
        page.evaluate(f"location.hash = '#gap=' + encodeURIComponent('{gap}')")
        page.locator(".leaflet-popup-content .lc-rank, .leaflet-popup-content h2").first.wait_for()
        page.evaluate("location.hash = '#unit=%E0%A4%A'")  # no good encoding, no such unit
        page.evaluate("location.hash = '#gap=none'")

    def test_it_opens_there(self, browser, invented, file):
        class At:
            def as_uri(self):
                return f"{(file / 'zh.html').as_uri()}#unit={invented.units.index[1]}"

        one = Visit(browser, At())
        assert "金屋塘镇" in one.popup()
        one.end()


def up(minutes):
    """Minutes as they are shown: up to a tenth."""
    return np.ceil(minutes * 10 - 1e-7) / 10


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
    assert "虚构县<i> · 社区生活圈评估" in head
    assert "示例数据，全部虚构" in head
    assert "内部工作用图，未经审核不得公开" in head
    assert "路网、设施 2025-06-30" in head
    foot = page.locator("#lc-foot").inner_text()
    for fact in (
        "成人步行，75 米/分钟",
        "未计坡度",
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
    assert f"居民（人）\n{np.floor(cell['persons'] + 0.5):,.0f}\n" in text
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
    assert f"{up(gap['nearest_minutes']):.1f}" in text
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


def test_legends_say_which_thresholds_are_unverified_and_what_the_limits_are(visit):
    view = visit().page
    legend = view.locator(".lc-legend")
    assert "阈值未核实：乡镇便民生活圈" in legend.inner_text()
    view.select_option(".lc-layers select >> nth=0", "circle:0")
    circles = view.evaluate(
        "[...document.querySelectorAll('.lc-card')].map((n) => n.innerText.includes('阈值未核实'))"
    )
    assert ("阈值未核实" in legend.inner_text()) == circles[0]
    view.select_option(".lc-layers select >> nth=0", label="邮政")
    assert "阈值未核实" not in legend.inner_text()  # minutes are no verdict
    view.select_option(".lc-layers select >> nth=1", "complete:1")
    assert "阈值未核实：乡镇便民生活圈" in legend.inner_text()
    view.select_option(".lc-layers select >> nth=3", label="邮政")
    told = "阈值之外：城市 15 分钟（未核实）、乡镇 30 分钟（未核实）、农村 30 分钟（未核实）"
    assert told in legend.inner_text()
    view.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    sheet = view.locator("#lc-sheet").text_content()
    assert told in sheet
    assert "阈值未核实：乡镇便民生活圈" in sheet


def test_lists_and_answers_mark_unverified_thresholds_whole(visit, invented):
    page = visit()
    view = page.page
    view.click("#lc-tab-gaps")
    lines = view.locator(".lc-gaps li").all_inner_texts()
    assert lines
    assert all("未核实" in line for line in lines)
    note = view.locator("#lc-page-gaps .lc-note", has_text="该阈值未核实")
    assert note.bounding_box()["y"] < view.locator(".lc-gaps").bounding_box()["y"]
    view.click("#lc-tab-units")
    assert view.locator(".lc-units thead").inner_text().count("②*") == 1
    assert "①*" not in view.locator(".lc-units thead").inner_text()
    assert "②* 乡镇便民生活圈 阈值未核实" in view.locator(".lc-key").inner_text()
    option = view.locator("#lc-measure optgroup").nth(1).locator("option").first
    assert option.inner_text().endswith("· 30 分钟（未核实）")
    view.select_option("#lc-measure", option.get_attribute("value"))
    assert "该阈值未核实" in view.locator("#lc-page-units").inner_text()
    view.select_option(".lc-layers select >> nth=3", "-1")
    view.click(".lc-chips legend button >> nth=1")
    cell = a_cell(invented, "township")
    for lang in ("zh", "en"):
        view.click(f"#lc-lang-{lang}")
        page.click(cell.geometry.centroid, invented.cells.crs)
        mark = {"zh": "阈值未核实", "en": "thresholds unverified"}[lang]
        assert mark in view.locator(".lc-circles li").first.inner_text()
        edges = view.evaluate(
            """() => { const box = document.querySelector(".leaflet-popup-content");
              return [...box.querySelectorAll(".lc-flag, .lc-verdict b")]
                .map((n) => n.getBoundingClientRect().right)
                .map((right) => right - box.getBoundingClientRect().right); }"""
        )
        assert len(edges) > 2
        assert max(edges) <= 0.5
        assert view.locator(".leaflet-popup-content").evaluate(
            "n => n.scrollWidth <= n.clientWidth"
        )


def test_gaps_that_are_turned_off_stay_off(visit):
    view = visit().page
    view.click("#lc-tab-gaps")
    assert len(pixels(view, "lc-gaps")) > 1
    view.select_option(".lc-layers select >> nth=3", "-1")
    assert set(pixels(view, "lc-gaps")) == {"0"}
    assert "缺口（数字为排序）" not in view.locator(".lc-legend").inner_text()


def solid(page, pane, least=128):
    """Where a canvas holds more than so much colour, as rows of true and false."""
    flat, width = page.evaluate(
        """([pane, least]) => {
          const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let text = "";
          for (let i = 3; i < data.length; i += 4) text += data[i] > least ? "1" : "0";
          return [text, canvas.width]; }""",
        [pane, least],
    )
    return np.frombuffer(flat.encode(), np.uint8).reshape(-1, width) == ord("1")


def test_no_name_lies_on_a_rank(visit):
    view = visit().page
    alone = solid(view, "lc-labels").sum()
    for kind in ("邮政", "零售", "医疗卫生"):
        view.select_option(".lc-layers select >> nth=3", label=kind)
        names, ranks = solid(view, "lc-labels"), solid(view, "lc-ranks")
        assert ranks.any()
        assert not (names & ranks).any()
        assert names.sum() > 0.6 * alone  # most stepped aside rather than went


def swatches(view):
    return view.evaluate(
        """() => [...document.querySelectorAll(".lc-legend .lc-swatch")].slice(0, 6)
          .map((n) => getComputedStyle(n).backgroundColor.match(/\\d+/g).map(Number))"""
    )


def test_the_legend_shows_colours_as_they_are_drawn(visit):
    view = visit().page
    viridis = ("#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154")
    assert swatches(view) == [list(blended(colour, 0.82)) for colour in viridis]
    legend = view.locator(".lc-legend").inner_text()
    for line in ("县域边界", "单元边界", "道路"):
        assert line in legend
    view.locator(".lc-toggle", has_text="道路").click()
    assert "道路" not in view.locator(".lc-legend").inner_text()
    view.select_option(".lc-layers select >> nth=3", label="邮政")  # cells stand back
    assert swatches(view) == [list(blended(colour, 0.82 * 0.35)) for colour in viridis]
    view.select_option(".lc-layers select >> nth=3", "-1")
    view.select_option(".lc-layers select >> nth=2", label="零售")
    assert swatches(view)[0] in [list(blended(colour, 0.6)) for colour in viridis]


def test_gaps_are_hatched_from_afar_too(visit):
    """What lies under them can be seen, as the legend's hatches say."""
    view = visit().page
    view.select_option(".lc-layers select >> nth=3", label="邮政")
    view.evaluate("map_lifecircle.setZoom(12, {animate: false})")
    some, strong = solid(view, "lc-gaps", 0), solid(view, "lc-gaps", 200)
    assert strong.any()
    assert 0.1 < strong.sum() / some.sum() < 0.75


def test_the_cross_is_for_the_keyboard_and_below_answers(visit):
    page = visit()
    view = page.page
    cross = view.locator(".lc-cross")
    assert cross.is_hidden()
    walk(view, "Tab", "#map_lifecircle")
    assert cross.is_visible()
    view.keyboard.press("Enter")
    page.popup()
    assert int(view.evaluate("getComputedStyle(map_lifecircle.getPane('lc-cross')).zIndex")) < int(
        view.evaluate("getComputedStyle(map_lifecircle.getPane('popupPane')).zIndex")
    )
    view.keyboard.press("Escape")
    view.keyboard.press("ArrowRight")
    view.wait_for_timeout(500)  # until it has come to rest
    stage, box = view.locator("#map_lifecircle").bounding_box(), cross.bounding_box()
    for side, length in (("x", "width"), ("y", "height")):
        middle = stage[side] + stage[length] / 2
        assert box[side] + box[length] / 2 == pytest.approx(middle, abs=2)
    view.mouse.click(stage["x"] + 300, stage["y"] + 300)
    assert cross.is_hidden()
    view.fill("#lc-search", "x")
    view.mouse.click(stage["x"] + 320, stage["y"] + 320)
    assert cross.is_hidden()


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
    assert "Synthetic County <i>: Community life circles" in page.locator("#lc-head").inner_text()
    assert (
        "For internal use only; not reviewed for publication"
        in page.locator("#lc-head").inner_text()
    )
    for tab in ("units", "gaps", "about"):
        page.click(f"#lc-tab-{tab}")
    text = page.locator("body").inner_text()
    data = "长铺镇金屋塘河口苗族乡寨市虚构规划局第处邵政办发号" + "学店医邮健园气"  # names, symbols
    data += "集中文"  # 乡集镇, as a standard calls its level; the switch to Chinese
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
    page.page.keyboard.press("Escape")
    assert page.page.evaluate("window.hacked") is None
    assert page.page.locator("#lc-panel img, #lc-panel script, .lc-popup script").count() == 0


def test_search_finds_a_facility_and_goes_there(visit):
    page = visit()
    page.page.fill("#lc-search", "school 第16处")
    page.page.locator(".lc-found [role=option]").first.click()
    assert "school 第16处" in page.popup()
    assert page.page.evaluate("map_lifecircle.getZoom()") >= 16


def test_search_by_kind_lists_its_facilities_and_obeys_the_keyboard(visit, invented):
    page = visit()
    field = page.page.locator("#lc-search")
    field.fill("学校")
    options = page.page.locator(".lc-found [role=option]")
    assert options.count() == (invented.facilities["kind"] == "school").sum()
    assert all("学校" in text for text in options.all_inner_texts())
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == "lc-hit-1"
    assert options.nth(1).get_attribute("aria-selected") == "true"
    field.press("ArrowUp")
    field.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") == f"lc-hit-{options.count() - 1}"
    chosen = options.last.inner_text().split("\n")[0]
    field.press("Enter")
    assert chosen in page.popup()
    assert field.get_attribute("aria-expanded") == "false"
    field.fill("第")
    assert options.count() == 20
    named = invented.facilities["name"].fillna("").str.contains("第").sum()
    assert f"还有 {named - 20} 条" in page.page.locator(".lc-found").inner_text()
    field.press("Escape")
    assert page.page.locator(".lc-found").is_hidden()
    field.fill("no such place")
    assert "没有找到" in page.page.locator(".lc-found").inner_text()


def test_the_language_switches_without_a_reload_and_keeps_what_is_shown(visit):
    page = visit()
    view = page.page
    view.select_option(".lc-layers select >> nth=0", label="邮政")
    view.click("#lc-tab-units")
    view.click("#lc-sort-name")
    view.locator(".lc-units tbody tr", has_text="金屋塘镇").click()
    zoom = view.evaluate("map_lifecircle.getZoom()")
    rows = view.locator(".lc-units tbody th").all_inner_texts()
    assert "类型" in page.popup()
    assert view.title() == "虚构县<i> · 社区生活圈评估"
    view.focus("#lc-lang-en")
    view.keyboard.press("Enter")
    assert view.get_attribute("html", "lang") == "en"
    assert view.title() == "Synthetic County <i>: Community life circles"
    assert view.evaluate("document.activeElement.id") == "lc-lang-en"
    assert "Setting" in page.popup()
    assert view.evaluate("map_lifecircle.getZoom()") == zoom
    assert view.locator(".lc-layers select >> nth=0").input_value() == "kind:0"
    assert "Walk to the nearest: Post" in view.locator(".lc-legend").inner_text()
    assert view.locator("#lc-tab-units").get_attribute("aria-selected") == "true"
    head = view.locator(".lc-units thead th").first
    assert head.get_attribute("aria-sort") == "ascending"
    assert len(view.locator(".lc-units tbody th").all_inner_texts()) == len(rows)
    assert "Sample data, all invented" in view.locator("#lc-head").inner_text()
    assert view.locator(".leaflet-control-zoom-in").get_attribute("title") == "Zoom in"
    view.click("#lc-lang-zh")
    assert view.locator(".lc-units tbody th").all_inner_texts() == rows
    assert "类型" in page.popup()


def column(page, position):
    return page.locator(f".lc-units tbody tr > :nth-child({position})").all_inner_texts()


def test_units_sort_by_any_indicator(visit, invented):
    view = visit().page
    view.click("#lc-tab-units")
    assert column(view, 2) == ["21,000", "12,000", "9,000", "4,000", "3,000", "–"]
    view.click("#lc-sort-score1")
    assert view.locator("th[aria-sort=descending]").inner_text().startswith("②")
    scores = invented.unit_scores.xs("township_convenience", level="circle")["score"].drop("county")
    shown = [f"{np.floor(score * 10 + 1e-6) / 10:.1f}" for score in scores.sort_values()[::-1]]
    assert column(view, 4) == [*shown, "–", "–"]  # no data comes last
    view.click("#lc-sort-score1")
    assert view.locator("th[aria-sort=ascending]").count() == 1
    assert column(view, 4) == [*shown[::-1], "–", "–"]
    view.select_option("#lc-measure", "complete")
    assert column(view, 3).count("–") == 4
    # The coverage of any requirement, by its three denominators.
    group = view.locator("#lc-measure optgroup").nth(1)
    assert "乡镇便民生活圈" in group.get_attribute("label")
    view.select_option("#lc-measure", group.locator("option").first.get_attribute("value"))
    view.click("#lc-sort-coverage0")
    shares = invented.coverage["share"].xs(
        ("township_convenience", "post", "population"), level=("circle", "kind", "denominator")
    )
    expected = shares.drop("county").sort_values()[::-1]
    assert column(view, 3)[:4] == [f"{np.floor(s * 1000 + 1e-6) / 10:.1f}%" for s in expected]


def test_a_setting_filters_units_gaps_and_map(visit, invented):
    view = visit().page
    view.click("#lc-tab-units")
    before = view.locator(".lc-legend-block li small").all_inner_texts()
    assert set(pixels(view, "lc-veil")) == {"0"}
    view.click("#lc-setting-units-urban")
    assert view.locator(".lc-units tbody tr").count() == 2
    assert "显示 2 个单元（共 6 个）" in view.locator(".lc-count").inner_text()
    assert view.evaluate("document.activeElement.id") == "lc-setting-units-urban"
    assert len(pixels(view, "lc-veil")) > 1
    legend = view.locator(".lc-legend").inner_text()
    assert "城市居民占比" in legend
    assert "其他类型的单元（已淡化）" in legend
    after = view.locator(".lc-legend-block li small").all_inner_texts()
    assert after != before
    urban = invented.cells[invented.cells["setting"] == "urban"]
    score = invented.scores.xs("urban_life_15", level="circle")["score"].reindex(urban.index)
    share = urban["persons"][score >= 100].sum() / urban["persons"].sum()
    assert after[0] == f"{np.floor(share * 1000 + 1e-6) / 10:.1f}%"
    view.click("#lc-tab-gaps")
    gaps = invented.gaps.query("kind == 'post' and setting == 'urban'")
    assert view.locator(".lc-gaps li").count() == len(gaps)
    assert view.locator("#lc-setting-gaps-urban").get_attribute("aria-pressed") == "true"
    view.click("#lc-setting-gaps-all")
    lines = view.locator(".lc-gaps .lc-rank").all_inner_texts()
    every = invented.gaps.query("kind == 'post'")
    assert lines == [str(rank) for rank in sorted(every["rank"])]
    assert set(pixels(view, "lc-veil")) == {"0"}


def test_the_gap_list_says_why_a_unit_comes_first(visit, invented):
    view = visit().page
    view.click("#lc-tab-gaps")
    view.select_option("#lc-gap-kind", label="医疗卫生")
    first = invented.gaps.query("kind == 'clinic'").sort_values("priority").iloc[-1]
    line = view.locator(".lc-gaps li").nth(int(first["rank"]) - 1).inner_text()
    assert f"优先权重 {first['priority']:g}" in line
    assert f"{up(first['nearest_minutes']):.1f} 分钟" in line
    assert view.locator(".lc-layers select >> nth=3").evaluate(
        "s => s.selectedOptions[0].text"
    ) == ("医疗卫生")


def blended(colour, opacity, paper=(0xFD, 0xFD, 0xFB)):
    """A colour as it looks on the county's paper."""
    over = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return tuple(int(b + (a - b) * opacity + 0.5) for a, b in zip(over, paper, strict=True))


def saved_picture(view, path):
    with view.expect_download() as download:
        view.click("#lc-picture")
    download.value.save_as(path)
    name = download.value.suggested_filename
    assert re.fullmatch(r"[A-Za-z0-9_.-]+\.png", name)
    with Image.open(path) as image:
        return name, np.asarray(image.convert("RGB"))


def test_the_picture_holds_map_and_frame_twice_as_sharp(visit, tmp_path):
    view = visit().page
    name, image = saved_picture(view, tmp_path / "map.png")
    assert name == "synthetic_own_2026-01-31_zh.png"
    wide, high = view.evaluate(  # what the cards leave free
        "[document.querySelector('.lc-cards-right').offsetLeft, map_lifecircle.getSize().y]"
    )
    assert image.shape[1] == 2 * (wide + 236 + 72)
    assert image.shape[0] > 2 * (high + 48)
    colours = {tuple(c) for c in image[::3, ::3].reshape(-1, 3)}
    ink = (0x17, 0x31, 0x3B)
    assert ink in colours
    assert blended("#22a884", 0.82) in colours  # a class of the legend, as it is drawn
    assert len(colours) > 100
    dark = (image.astype(int).sum(axis=2) < 300).astype(int)
    assert dark[:110, :1000].sum() > 1000  # the title above the map
    assert dark[-120:, :1500].sum() > 1000  # the sources below it
    assert dark[-200:-120, 50:400].sum() + dark[-320:-120, 50:400].sum() > 200  # scale bar
    # The map's frame: an unbroken line of ink down its left side.
    left = image[image.shape[0] // 2 - 200 : image.shape[0] // 2 + 200, 46:51]
    assert (np.abs(left.astype(int) - ink).sum(axis=2) < 30).any(axis=1).all()
    view.click("#lc-lang-en")
    view.select_option(".lc-layers select >> nth=0", label="Clinic")
    name, other = saved_picture(view, tmp_path / "map2.png")
    assert name == "synthetic_clinic_2026-01-31_en.png"
    assert other.shape != image.shape or (other != image).any()


def test_the_print_is_one_page_with_all_that_a_map_must_say(visit, tmp_path):
    view = visit().page
    view.click("#lc-tab-gaps")
    view.emulate_media(media="print")
    view.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    cut = view.evaluate(
        """() => [...document.querySelectorAll("#lc-sheet, #lc-sheet *")]
          .filter((node) => getComputedStyle(node).overflow === "hidden"
            && (node.scrollHeight > node.clientHeight + 1
              || node.scrollWidth > node.clientWidth + 1))
          .map((node) => node.className || node.id)"""
    )
    assert cut == []
    framed = view.evaluate(
        """() => { const [sheet, map] = ["#lc-sheet", ".lc-sheet-map"].map((css) =>
            document.querySelector(css).getBoundingClientRect());
          const style = getComputedStyle(document.querySelector(".lc-sheet-map"));
          return [map.left >= sheet.left && map.right <= sheet.right,
            ...["Left", "Top", "Right", "Bottom"]
              .map((side) => parseFloat(style[`border${side}Width`]) >= 1)]; }"""
    )
    assert all(framed)  # the frame is drawn on all four sides, and lies on the sheet
    assert view.locator("#lc-frame").is_hidden()
    view.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert view.locator("#lc-sheet").count() == 0
    tool = shutil.which("pdftotext")
    if tool is None:
        missing("pdftotext (poppler-utils)")
    path = tmp_path / "map.pdf"
    view.pdf(path=path, prefer_css_page_size=True)
    text = subprocess.run(
        [tool, "-layout", path, "-"], capture_output=True, check=True, encoding="utf-8"
    ).stdout
    assert text.count("\f") == 1
    flat = "".join(text.split())
    for words in (
        "虚构县<i>·社区生活圈评估",
        "路网、设施2025-06-30",
        "示例数据，全部虚构",
        "内部工作用图，未经审核不得公开",
        "图例",
        "所属生活圈得分",
        "分（0–100）",
        "灰色为无数据或未到达，与0不同",
        "邮政缺口",
        "数据来源：OpenStreetMap2025-06-30",
        "EPSG:4546",
        "成人步行，75米/分钟",
        "虚构规划局&Co",
        "2026-01-31",
        "©OpenStreetMapcontributors,ODbL",
    ):
        assert words in flat, words


def test_a_page_for_the_public_prints_its_approval_number(invented, visit, tmp_path):
    config = invented.config.model_copy(
        update={"map": invented.config.map.model_copy(update={"approval_number": "湘S(2026)1号"})}
    )
    path = tmp_path / "approved.html"
    path.write_text(map_html(coverage_map(replace(invented, config=config))), encoding="utf-8")
    view = visit(path=path).page
    assert "审图号：湘S(2026)1号" in view.locator("#lc-head").inner_text()
    view.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    sheet = view.locator("#lc-sheet").text_content()
    assert "审图号：湘S(2026)1号" in sheet
    assert "未经审核" not in sheet


def walk(view, key, wanted, most=80):
    """Press a key until the focus is on something, as somebody without a mouse does."""
    for _ in range(most):
        if view.evaluate("(css) => document.activeElement.matches(css)", wanted):
            return
        view.keyboard.press(key)
    pytest.fail(f"{wanted} is not reached by {key}")


def test_everything_can_be_reached_by_keyboard(visit):
    page = visit()
    view = page.page
    walk(view, "Tab", "#lc-print")
    walk(view, "Tab", "#lc-search")
    walk(view, "Tab", "#lc-tab-overview")
    view.keyboard.press("ArrowRight")
    walk(view, "Tab", "#lc-setting-units-rural")
    view.keyboard.press("Enter")
    assert view.locator(".lc-units tbody tr").count() == 2
    walk(view, "Tab", "#lc-measure")
    walk(view, "Tab", "#lc-sort-residents")
    view.keyboard.press("Enter")
    assert view.locator("th[aria-sort=ascending]").inner_text().startswith("居民")
    assert column(view, 2) == ["3,000", "4,000"]
    walk(view, "Tab", ".lc-units tbody button")
    view.keyboard.press("Enter")
    assert "河口苗族乡" in page.popup()
    walk(view, "Tab", "#map_lifecircle")
    view.keyboard.press("Escape")
    view.locator(".leaflet-popup").wait_for(state="detached")
    view.keyboard.press("ArrowRight")
    view.keyboard.press("Enter")
    assert page.popup()
    walk(view, "Tab", ".leaflet-control-zoom-in")
    walk(view, "Tab", ".lc-layers select")
    walk(view, "Tab", ".lc-chip")
    walk(view, "Tab", ".lc-legend .lc-fold")
    ring = view.evaluate(
        """() => { const s = getComputedStyle(document.activeElement);
          return [s.outlineStyle, parseFloat(s.outlineWidth)]; }"""
    )
    assert ring[0] != "none"
    assert ring[1] >= 2


def test_text_stands_out_from_its_ground(visit):
    """Contrast of all text against the nearest opaque ground: at least 4.5 (WCAG 2 AA)."""
    view = visit().page
    for tab in ("overview", "units", "gaps", "about"):
        view.click(f"#lc-tab-{tab}")
        assert view.evaluate(CONTRAST) == [], tab


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a > 0.8) return [r, g, b];
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("#lc-head *, #lc-panel *, #lc-foot *, .lc-float *")]
    .filter((node) => [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim()))
    .filter((node) => node.offsetParent && !node.closest(":disabled, select, .lc-symbol"))
    .map((node) => {
      const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return [ratio, node.className, node.textContent.slice(0, 30)];
    })
    .filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("size", [(1366, 768), (1024, 700)])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_overflows_at_small_screens(visit, size, lang):
    view = visit(lang).page
    view.set_viewport_size({"width": size[0], "height": size[1]})
    for tab in ("overview", "units", "gaps", "about"):
        view.click(f"#lc-tab-{tab}")
        wide = view.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll(
                "#lc-head, #lc-panel, #lc-foot, .lc-title, .lc-tools, .lc-float, [role=tabpanel]")]
              .filter((node) => node.scrollWidth > node.clientWidth + 1)
              .map((node) => node.id || node.className)"""
        )
        assert wide == []
    box = view.locator("#map_lifecircle").bounding_box()
    assert box["width"] > 600
    assert box["height"] > 500


def test_stillness_is_honoured(browser, file):
    context = browser.new_context(reduced_motion="reduce", offline=True)
    view = context.new_page()
    view.goto((file / "zh.html").as_uri())
    view.wait_for_selector("[data-ready=true]")
    view.focus("#map_lifecircle")
    before = view.evaluate("map_lifecircle.getCenter().lng")
    view.keyboard.press("ArrowRight")
    assert view.evaluate(
        "map_lifecircle._panAnim === undefined || !map_lifecircle._panAnim._inProgress"
    )
    assert view.evaluate("map_lifecircle.getCenter().lng") > before
    assert view.evaluate("map_lifecircle.options.zoomAnimation") is False
    context.close()


STRANGE = (
    "<img src=x onerror=window.hacked=1>",
    "\u202emoc.live//:ptth\u202c\u200f مدرسة",
    "超长" * 5000,
    "👩‍👩‍👧‍👦" * 40,
    "\"'><svg/onload=window.hacked=1>",
    "W" * 10_000,
)


def test_strange_names_break_neither_page_nor_layout(invented, visit, tmp_path):
    units = invented.units.assign(name=list(STRANGE))
    names = np.resize(np.array(STRANGE, dtype=object), len(invented.facilities))
    places = invented.facilities.assign(name=names, source=names, address=names, hours=names)
    gaps = invented.gaps.assign(priority_reasons=names[: len(invented.gaps)])
    path = tmp_path / "strange.html"
    strange = replace(invented, units=units, facilities=places, gaps=gaps)
    path.write_text(map_html(coverage_map(strange)), encoding="utf-8")
    page = visit(path=path)
    view = page.page
    for tab in ("units", "gaps"):
        view.click(f"#lc-tab-{tab}")
        rows = view.locator(f"#lc-page-{tab} li, #lc-page-{tab} tbody tr")
        assert max(rows.nth(i).bounding_box()["height"] for i in range(rows.count())) < 110
        panel = view.locator(f"#lc-page-{tab}")
        assert panel.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    view.fill("#lc-search", "超长")
    assert view.locator(".lc-found").bounding_box()["height"] < 480
    view.keyboard.press("Enter")
    assert "超长超长" in page.popup()
    popup = view.locator(".leaflet-popup-content")
    assert popup.evaluate("node => node.scrollWidth <= node.clientWidth + 20")
    assert popup.locator("details > bdi").first.text_content() == STRANGE[2]  # all of it is there
    saved_picture(view, tmp_path / "strange.png")
    assert view.evaluate("window.hacked") is None
    assert view.locator("#lc-panel img, #lc-panel svg, .lc-popup img").count() == 0


def test_five_hundred_units_stay_quick(invented, visit, tmp_path):
    path = tmp_path / "many_units.html"
    path.write_text(map_html(coverage_map(many_units(invented, 25, 20))), encoding="utf-8")
    view = visit(path=path).page
    view.click("#lc-tab-units")
    assert view.locator(".lc-units tbody tr").count() == 500
    spent = view.evaluate(
        """() => { const start = performance.now();
          for (const key of ["name", "residents", "score0"]) {
            document.getElementById(`lc-sort-${key}`).click();
          }
          document.querySelector(".lc-units").getBoundingClientRect();
          return (performance.now() - start) / 3; }"""
    )
    assert spent < 400


def many_units(invented, across, down):
    """Cut the invented county into boxes, each with the county's own figures."""
    west, south, east, north = invented.units.total_bounds
    xs, ys = np.linspace(west, east, across + 1), np.linspace(south, north, down + 1)
    boxes = [
        shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(down) for i in range(across)
    ]
    ids = [f"u{n:03d}" for n in range(len(boxes))]
    column_ = np.clip(np.searchsorted(xs, invented.cells["x"]) - 1, 0, across - 1)
    row = np.clip(np.searchsorted(ys, invented.cells["y"]) - 1, 0, down - 1)
    names = pd.Index(ids, name="unit_id")
    return replace(
        invented,
        units=gpd.GeoDataFrame(
            {
                "name": [f"{n}村" for n in range(len(ids))],
                "setting": np.resize(["urban", "rural", "township"], len(ids)),
                "residents": np.arange(len(ids), dtype=float),
                "priority": 1.0,
            },
            geometry=boxes,
            index=names,
            crs=invented.units.crs,
        ),
        cells=invented.cells.assign(unit_id=np.array(ids, dtype=object)[row * across + column_]),
        gaps=invented.gaps.assign(unit_id=ids[0]),
        unit_scores=pd.concat(
            [
                invented.unit_scores,
                *(
                    invented.unit_scores.loc[["county"]].rename(
                        index={"county": key}, level="scope"
                    )
                    for key in ids
                ),
            ]
        ),
    )


def with_key(invented, key="0123456789abcdef0123456789abcdef"):
    own = invented.config.map.model_copy(update={"tianditu_key": key})
    return replace(invented, config=invented.config.model_copy(update={"map": own}))


def test_the_basemap_is_asked_for_only_when_it_is_turned_on(invented, browser, tmp_path):
    path = tmp_path / "basemap.html"
    path.write_text(map_html(coverage_map(with_key(invented))), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    tile = io.BytesIO()
    Image.new("RGB", (256, 256), (9, 200, 9)).save(tile, "PNG")
    asked, complaints = [], []

    def answer(route):
        asked.append(route.request.url)
        route.fulfill(body=tile.getvalue(), content_type="image/png")

    context.route("http*://**/*", answer)
    view = context.new_page()
    view.on("console", lambda line: complaints.append(line.text))
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.goto(path.as_uri())
    view.wait_for_selector("[data-ready=true]")
    assert asked == []
    assert "密钥" in view.locator(".lc-warning").inner_text()
    assert "天地图" not in view.locator(".leaflet-control-attribution").inner_text()
    view.select_option("#lc-basemap", "img")
    view.wait_for_selector(".leaflet-tile-loaded")
    view.wait_for_load_state("networkidle")
    assert asked
    for url in asked:
        assert re.match(r"https://t[0-7]\.tianditu\.gov\.cn/(img|cia)_w/wmts\?SERVICE=WMTS&", url)
        assert url.endswith("&tk=0123456789abcdef0123456789abcdef")
    assert "天地图" in view.locator(".leaflet-control-attribution").inner_text()
    _, image = saved_picture(view, tmp_path / "map.png")  # tiles would have tainted it
    assert (9, 200, 9) not in {tuple(c) for c in image[::20, ::20].reshape(-1, 3)}
    view.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert "未含天地图底图" in view.locator("#lc-sheet").text_content()
    view.select_option("#lc-basemap", "")
    assert view.locator(".leaflet-tile").count() == 0
    assert [text for text in complaints if "readback" not in text] == []
    context.close()


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
    assert "社区生活圈评估" in frame.locator("#lc-head").inner_text()


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

    def test_who_is_newly_covered_is_drawn_in_the_colour_of_the_legend(self, page, demo):
        view = page.page
        view.select_option(".lc-layers select >> nth=3", label="邮政")
        view.click("#lc-tab-here")
        gap = demo.gaps.loc["post-1"]
        view.mouse.click(*page.go(shapely.Point(gap["x"], gap["y"]), demo.network.crs, zoom=14))
        view.locator("#lc-put").click()
        newly = solid(view, "lc-newly", 250)
        assert newly.any()
        assert not (newly & solid(view, "lc-gaps", 16)).any()  # no hatches over it
        mark = view.locator(".lc-legend li", has_text="新增覆盖").locator(".lc-swatch")
        colour = mark.evaluate(
            "n => getComputedStyle(n).backgroundColor.match(/\\d+/g).map(Number)"
        )
        assert colour == list(blended("#e5158b", 0.85))

    def test_clauses_are_chinese(self, page):
        page.page.click("#lc-tab-about")
        items = page.page.locator(".lc-about ul").nth(1).locator("li").all_inner_texts()
        assert len(items) > 5
        for text in items:
            clause = text.split("已核实")[-1]
            assert "plan" not in clause
            assert "minutes" not in clause
        page.page.click("#lc-lang-en")
        assert "plan [11]" in page.page.locator("#lc-page-about").inner_text()

    def test_a_gap_shows_its_residents(self, page, demo):
        page.page.select_option(".lc-layers select >> nth=3", label="邮政")
        gap = demo.gaps.loc["post-1"]
        inside = gap["geometry"].representative_point()
        text = page.click(inside, demo.network.crs, zoom=17)
        assert f"{gap['persons']:,.0f}" in text
        assert demo.units.loc[gap["unit_id"], "name"] in text
