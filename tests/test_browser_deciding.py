"""What helps to decide, on the map in a real browser: what a planner clicks and reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from browsing import Visit
from synthetic_assessment import synthetic_assessment
from synthetic_decisions import all_decisions, sited, supplied, with_decisions

from lifecircle.render.web.maps import coverage_map, map_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def decided():
    invented = synthetic_assessment()
    parts = all_decisions(invented)
    sites = sited()
    cells = invented.cells.iloc[[200, 201]][["unit_id", "persons", "geometry"]].assign(rank=[1, 2])
    parts["sited"] = (replace(sites, cells=cells), sited("pmedian"))
    return with_decisions(invented, **parts)


@pytest.fixture(scope="module")
def file(decided, tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "decided.html"
    path.write_text(map_html(coverage_map(decided)), encoding="utf-8")
    return path


@pytest.fixture
def visit(browser, file):
    opened = []

    def go(path=file):
        opened.append(Visit(browser, path))
        return opened[-1]

    yield go
    for one in opened:
        one.end()


def painted(page, pane):
    """How many pixels of a canvas are painted."""
    return page.evaluate(
        """(pane) => {
          const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
          const pixels = new Uint32Array(canvas.getContext("2d", { willReadFrequently: true })
            .getImageData(0, 0, canvas.width, canvas.height).data.buffer);
          return pixels.reduce((count, pixel) => count + (pixel ? 1 : 0), 0);
        }""",
        pane,
    )


def close(page):
    """Close the popup, and wait until it has faded."""
    page.evaluate("map_lifecircle.closePopup()")
    page.locator(".leaflet-popup-content").first.wait_for(state="detached")


def test_without_any_there_is_no_tab_and_no_layer(visit, tmp_path):
    path = tmp_path / "plain.html"
    path.write_text(map_html(coverage_map(synthetic_assessment(across=30))), encoding="utf-8")
    page = visit(path).page
    assert page.locator("#lc-tab-decide").count() == 0
    assert "建议选址" not in page.locator(".lc-layers").inner_text()
    assert "供给" not in page.locator(".lc-layers").inner_text()
    page.click("#lc-tab-gaps")
    assert page.locator(".lc-verdicts").count() == 0
    assert page.locator(".leaflet-lc-sites-pane").count() == 0


def test_sites_are_listed_marked_and_answered_for(visit, decided):
    view = visit()
    page = view.page
    assert painted(page, "lc-sites") == 0  # the first view is that of the verdicts
    page.click("#lc-tab-decide")
    rows = page.locator(".lc-sites tbody tr")
    assert rows.count() == 2
    first = rows.nth(0).inner_text()
    assert all(figure in first for figure in ("金屋塘镇", "300", "80.0%"))
    second = rows.nth(1).inner_text()
    assert all(figure in second for figure in ("=闲置校舍", "100", "400", "90.0%"))
    # 0.0909: what is "at most" is rounded up.
    assert "与最优方案相差至多 9.1%" in page.locator("#lc-page-decide").inner_text()
    assert painted(page, "lc-sites") > 100
    assert painted(page, "lc-site-cells") > 0
    legend = page.locator(".lc-legend").inner_text()
    assert "建议选址（数字为名次）" in legend
    assert "新增覆盖的居住格网" in legend
    sites = decided.decisions.sited[0].sites
    said = view.click(sites.geometry.iloc[1], decided.units.crs, zoom=15)
    for words in ("建议选址 2", "=闲置校舍", "100", "前 2 处累计新增", "400", "90.0%", "路网节点"):
        assert words in said, words
    assert "节省步行" not in said  # that search looked at no walk beyond the limit
    close(page)
    page.select_option("#lc-sited", label="医疗卫生 · 总步行时间最少")
    assert "6,000" in page.locator(".lc-sites").inner_text()
    page.select_option(".lc-layers select >> nth=4", "-1")
    assert painted(page, "lc-sites") == 0
    page.click("#lc-tab-overview")
    page.click("#lc-tab-decide")
    assert painted(page, "lc-sites") == 0  # whoever turned them off is not overruled


def test_supply_colours_cells_and_nothing_in_reach_is_its_own_class(visit, decided):
    view = visit()
    page = view.page
    page.click("#lc-tab-decide")
    told = page.locator("#lc-page-decide").inner_text()
    county = decided.decisions.supplied[0].units.loc["county"]
    assert f"{np.floor(county['unreached_share'] * 1000) / 10:.1f}%" in told
    page.click("#lc-supply-0")
    legend = page.locator(".lc-legend .lc-legend-block").first
    lines = legend.locator("li").all_inner_texts()
    assert [line.split("\n")[0] for line in lines] == ["2.0", "0（范围内没有）", "能力未知或无数据"]
    shares = [float(line.split("\n")[1].rstrip("%")) for line in lines]
    cells = decided.decisions.supplied[0].cells
    lacking = cells["demand"][cells["supply"] == 0].sum() / cells["demand"].sum()
    assert shares[1] == pytest.approx(lacking * 100, abs=0.11)
    assert "15 分钟" in legend.inner_text()
    assert "2SFCA" in legend.inner_text()
    page.click(".lc-chips legend button >> nth=1")  # no facility in the way
    whole = decided.cells[(decided.cells["persons"] > 5) & (decided.cells.area > 9_999)]
    for supply, said in ((2.0, "2.0"), (0.0, "0（范围内没有）")):
        some = whole[cells.loc[whole.index, "supply"] == supply].iloc[7]
        answer = view.click(some["geometry"].centroid, decided.units.crs)
        assert "医疗卫生供给（每千人）" in answer
        assert said in answer, answer
        close(page)


def test_a_facility_and_a_unit_tell_their_supply(visit, decided):
    page = visit().page
    page.click("#lc-lang-en")
    clinic = decided.facilities[decided.facilities["kind"] == "clinic"].iloc[2]
    page.fill("#lc-search", clinic["name"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    said = page.locator(".leaflet-popup-content").last.inner_text()
    assert "Ratio per 1,000\n2" in said.replace("\t", "\n")
    assert "500 residents" in said
    page.click("#lc-tab-units")
    page.click("#lc-unit-1")
    said = page.locator(".leaflet-popup-content").last.inner_text()
    assert "Supply per 1,000" in said
    page.select_option(".lc-layers select >> nth=1", "supply:0")
    assert "0 (none in reach)" in page.locator(".lc-legend").inner_text()


def test_gaps_are_robust_first_and_can_be_filtered(visit, decided):
    page = visit().page
    page.click("#lc-tab-gaps")
    sweep = decided.decisions.confidence.gaps["verdict"]
    kind = decided.standard.gap_kinds[0]
    own = decided.gaps[decided.gaps["kind"] == kind]
    verdicts = sweep.reindex(own.index)
    order = page.locator(".lc-gaps li .lc-flag[class*=lc-verdict]").all_inner_texts()
    known = {"robust": "稳健", "sensitive": "敏感", "no_road": "数据缺口（未标注道路）"}
    first = [list(known.values()).index(text) for text in order]
    assert first == sorted(first)
    assert len(order) == len(own)
    for key in known:
        page.click(f"#lc-verdict-{key}")
        assert page.locator(".lc-gaps li").count() == (verdicts == key).sum()
    text = page.locator("#lc-page-gaps").inner_text()
    assert "在 2 种设定" in text
    assert "不少于 90.0%" in text
    page.click("#lc-verdict-robust")
    robust = painted(page, "lc-gaps")
    assert "仅稳健" in page.locator(".lc-legend").inner_text()
    page.click("#lc-verdict-all")
    assert painted(page, "lc-gaps") > robust
    gap = sweep.index[sweep == "no_road"][0]
    page.evaluate("(id) => { location.hash = '#gap=' + encodeURIComponent(id); }", str(gap))
    popup = page.locator(".leaflet-popup-content").last
    popup.wait_for()
    said = popup.inner_text()
    assert "数据缺口（未标注道路）" in said
    assert "90.0%" in said


def test_moments_and_ranges_are_told(visit):
    page = visit().page
    page.click("#lc-tab-decide")
    table = page.locator(".lc-decided").first.inner_text()
    for words in ("医疗卫生", "75.0%", "30.0% – 45.0%", "2 / 3 / 1"):
        assert words in table, words
    text = page.locator("#lc-page-decide").inner_text()
    assert "工作日 18:30" in text
    page.click("#lc-page-decide summary >> nth=1")
    assert "40.0% – 52.0%" in page.locator("#lc-page-decide").inner_text()
    page.click("#lc-lang-en")
    english = page.locator("#lc-page-decide").inner_text()
    assert "weekdays 18:30" in english
    assert "Proposed sites" in english
    assert "Against known figures" in english
    assert "与已知数核对" in text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(1366, 768), (1024, 700), (390, 844)])
def test_nothing_overflows(visit, size, lang):
    page = visit().page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.click(f"#lc-lang-{lang}")
    for tab in ("decide", "gaps"):
        page.click(f"#lc-tab-{tab}")
        wide = page.evaluate(
            """() => [...document.querySelectorAll("#lc-panel, #lc-panel [role=tabpanel]")]
              .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.id)"""
        )
        assert wide == []


def test_many_cells_on_a_lattice_tell_their_supply(visit, tmp_path):
    many = synthetic_assessment(across=190)
    assert len(many.cells) > 20_000
    random = np.random.default_rng(2)
    one = supplied(many)
    amounts = np.where(
        random.random(len(many.cells)) < 0.2, 0.0, random.gamma(2.0, 0.4, len(many.cells))
    )
    one = replace(one, cells=one.cells.assign(supply=amounts))
    path = tmp_path / "many.html"
    path.write_text(map_html(coverage_map(with_decisions(many, supplied=(one,)))), encoding="utf-8")
    view = visit(path)
    page = view.page
    page.select_option(".lc-layers select >> nth=0", "supply:0")
    assert page.locator(".lc-legend .lc-legend-block").first.locator("li").count() == 7
    page.click(".lc-chips legend button >> nth=1")
    whole = many.cells[(many.cells["persons"] > 5) & (many.cells.area > 9_999)]
    for cell_id in whole.sample(12, random_state=1).index:
        point = shapely.centroid(many.cells.geometry[cell_id])
        said = view.click(point, many.units.crs).replace("\t", "\n").split("\n")
        shown = said[said.index("医疗卫生供给（每千人）") + 1]
        true = amounts[many.cells.index.get_loc(cell_id)]
        if true == 0:
            assert shown == "0（范围内没有）"
        else:
            assert float(shown) == pytest.approx(true, rel=0.06)  # two digits
        close(page)
