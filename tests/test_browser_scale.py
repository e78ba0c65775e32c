"""The map at size, in a real browser: arrays read back, cells found, two runs compared."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from browsing import Visit
from synthetic_assessment import synthetic_assessment

from lifecircle.render.web import cellpack
from lifecircle.render.web.maps import coverage_map, map_html
from lifecircle.render.web.packing import north_of, pack_array, tenths_up

pytestmark = pytest.mark.browser

FIND = """
(places) => places.map(([lat, lon]) => {
  map_lifecircle.closePopup();
  map_lifecircle.fire("click", { latlng: L.latLng(lat, lon) });
  const popup = [...document.querySelectorAll(".leaflet-popup-content")].pop();
  return popup && popup.querySelector("h3 small") && {
    id: popup.querySelector("h3 small").textContent.trim(),
    rows: [...popup.querySelectorAll(".lc-services tr")].map((row) => row.textContent),
    compared: [...popup.querySelectorAll(".lc-compared tbody tr")]
      .map((row) => [...row.cells].map((cell) => cell.textContent)),
  };
})
"""


@pytest.fixture(scope="module")
def many():
    """Two runs of the same 100,000 cells: with 24 facilities, and with 60."""
    before = synthetic_assessment(across=390, facilities=24)
    return synthetic_assessment(across=390, facilities=60), replace(before, generated="2024-06-30")


@pytest.fixture(scope="module")
def file(many, tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "many.html"
    path.write_text(map_html(coverage_map(many[0], before=many[1])), encoding="utf-8")
    return path


@pytest.fixture
def visit(browser, file):
    opened = []

    def go(path=file):
        opened.append(Visit(browser, path))
        page = opened[-1].page
        page.click(".lc-chips legend button >> nth=1")  # no facility in the way
        return page

    yield go
    for one in opened:
        one.end()


def some_cells(assessment, count=200):
    """Cells with residents, whole and cut ones, and a place inside each as latitude, longitude."""
    cells = assessment.cells
    populated = cells[(cells["persons"] > 0.0) & (cells.area > 100.0)]
    cut = populated[populated.area < 9_900.0]
    cut = cut.sample(count // 4, random_state=1)
    some = pd.concat([populated.drop(cut.index).sample(count - len(cut), random_state=1), cut])
    inside = gpd.GeoSeries(shapely.point_on_surface(some.geometry.to_numpy()), crs=cells.crs)
    inside = inside.to_crs(4326)
    return some, np.column_stack([inside.y, inside.x]).tolist()


def minutes(assessment, cell_id, kind):
    return tenths_up(np.array([assessment.access.loc[(cell_id, kind), "seconds"] / 60.0]))[0] / 10


def test_arrays_come_back_in_the_browser(browser):
    random = np.random.default_rng(3)
    row, column = np.divmod(np.flatnonzero(random.random(900) < 0.8), 30)
    north = north_of(row, column)
    smooth = np.rint(200 + 60 * np.sin(row / 4) + 50 * np.cos(column / 5))
    arrays = [smooth, np.rint(smooth + random.normal(0, 9, len(row))), random.permutation(len(row))]
    packs, given = [], []
    for dtype in ("u1", "u2", "u4", "i2", "i4"):
        limits = np.iinfo(np.dtype(dtype))
        ends = random.choice([limits.min, limits.max, 0], len(row))
        for values in (*arrays, ends):
            fits = np.clip(values, limits.min, limits.max).astype(dtype)
            for predictor in ("none", "delta", "plane"):
                packs.append(pack_array(fits, dtype, predictor, north=north))
                given.append(fits.tolist())
    packs.append(pack_array(random.normal(0, 1e9, 50), "f4"))
    given.append(np.frombuffer(random.bytes(0), "<f4").tolist())
    folder = resources.files("lifecircle.render.web")
    scripts = [
        (folder / "assets" / "fflate-0.8.2" / "inflate.js").read_text(encoding="utf-8"),
        (folder / "templates" / "unpack.js").read_text(encoding="utf-8"),
    ]
    page = browser.new_page()
    page.set_content('<script type="application/json" id="lifecircle-data">{}</script>')
    found = page.evaluate(
        "([scripts, packs, row, column]) => new Function('packs', 'row', 'column', scripts + "
        "'return [packs.map((p) => Array.from(unpackArray(p, () => northOf(row, column)))),"
        " Array.from(northOf(row, column))];')(packs, row, column)",
        ["\n".join(scripts), packs, row.tolist(), column.tolist()],
    )
    page.close()
    assert found[1] == north.tolist()
    assert found[0][:-1] == given[:-1]


def test_every_cell_is_found_with_its_figures(visit, many):
    after, before = many
    page = visit()
    page.select_option(".lc-layers select >> nth=0", label="邮政")
    some, places = some_cells(after)
    answers = page.evaluate(FIND, places)
    names = after.facilities["name"]
    label = {kind: after.standard.kinds[kind].zh for kind in ("post", "school", "clinic")}
    for cell_id, answer in zip(some.index, answers, strict=True):
        assert answer is not None, cell_id
        assert answer["id"] == str(cell_id)
        for kind, zh in label.items():
            row = next(row for row in answer["rows"] if zh in row)
            walk = after.access.loc[(cell_id, kind)]
            if np.isnan(walk["seconds"]):
                assert "不可达" in row
                continue
            assert f"{minutes(after, cell_id, kind):.1f} 分" in row
            name = names[walk["facility_id"]]
            assert pd.isna(name) or str(name)[:10] in row
        _, was, now = answer["compared"][0]  # of the indicator that is shown
        for text, run in ((was, before), (now, after)):
            missing = np.isnan(run.access.loc[(cell_id, "post"), "seconds"])
            assert missing or f"{minutes(run, cell_id, 'post'):.1f} 分" in text


def test_another_indicator_without_a_reload(visit, many):
    page = visit()
    page.evaluate("window.same = true")
    for key in ("kind:0", "circle:0", "density", "own"):
        page.select_option(".lc-layers select >> nth=0", key)
    assert page.evaluate("window.same")
    page.select_option(".lc-layers select >> nth=0", label="邮政")
    walk = many[0].access.xs("post", level="kind")["seconds"].reindex(many[0].cells.index) / 60.0
    persons = many[0].cells["persons"]
    within = persons[walk <= 5.0].sum() / persons.sum()
    first = page.locator(".lc-legend-block li small").first.inner_text()
    assert float(first.rstrip("%")) / 100 == pytest.approx(within, abs=0.0011)


COLOURS = """
(pane) => {
  const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Uint32Array(data.buffer);
  const digest = colours.reduce((sum, colour) => (sum * 31 + colour) % 1e9, 7);
  return [canvas.style.clipPath, new Set(colours).size, digest];
}
"""


def test_the_slider_by_mouse_and_keyboard(visit):
    page = visit()
    page.select_option(".lc-layers select >> nth=0", label="邮政")
    handle = page.get_by_role("slider", name="前后对比分界线")
    assert handle.get_attribute("aria-valuenow") == "50"
    handle.focus()
    for key, value in (("ArrowRight", 52), ("PageDown", 42), ("Home", 0), ("End", 100)):
        page.keyboard.press(key)
        assert handle.get_attribute("aria-valuenow") == str(value)
    assert "100%" in handle.get_attribute("aria-valuetext")
    centre = page.evaluate("map_lifecircle.getCenter()")
    page.keyboard.press("PageDown")
    stage = page.locator("#map_lifecircle").bounding_box()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 19, box["y"] + 19)
    page.mouse.down()
    page.mouse.move(box["x"] + 19 - 0.65 * stage["width"], box["y"] + 40, steps=5)
    page.mouse.up()
    assert handle.get_attribute("aria-valuenow") == "25"
    assert page.evaluate("map_lifecircle.getCenter()") == centre  # the map has not been dragged
    # Each canvas shows its own side, and they are not the same picture.
    left, right = page.evaluate(COLOURS, "lc-before"), page.evaluate(COLOURS, "lc-cells")
    assert left[0] != right[0]
    assert left[2] != right[2]
    assert 2 < left[1] <= 8
    # The divider keeps its place on the screen while the map is moved.
    at = handle.bounding_box()["x"]
    page.evaluate("map_lifecircle.panBy([120, 40], { animate: false })")
    assert handle.bounding_box()["x"] == pytest.approx(at, abs=1.0)
    tags = page.locator(".lc-compare-tag").all_inner_texts()
    assert tags[0].startswith("之前")
    assert "2024-06-30" in tags[0]
    assert tags[1].startswith("之后")
    assert "2026-01-31" in tags[1]
    page.select_option(".lc-layers select >> nth=0", "")
    assert not handle.is_visible()


def test_what_a_run_does_not_have_is_no_data(visit, tmp_path):
    after, before = (synthetic_assessment(across=40, facilities=n) for n in (40, 24))
    access = before.access.drop(index="park", level="kind")
    access.index = access.index.remove_unused_levels()
    path = tmp_path / "lacking.html"
    chart = coverage_map(after, before=replace(before, access=access))
    path.write_text(map_html(chart), encoding="utf-8")
    page = visit(path)
    page.select_option(".lc-layers select >> nth=0", label=after.standard.kinds["park"].zh)
    cell, place = some_cells(after, 4)
    (answer,) = page.evaluate(FIND, place[:1])
    assert answer["compared"][0][1] == "无数据"
    assert f"{minutes(after, cell.index[0], 'park'):.1f}" in answer["compared"][0][2]
    assert page.evaluate(COLOURS, "lc-before")[1] == 2  # grey, and nothing


def test_coarser_minutes_keep_verdicts_and_say_so(visit, monkeypatch, tmp_path):
    monkeypatch.setattr(cellpack, "TENTHS_UP_TO", 0)
    monkeypatch.setattr(cellpack, "MINUTES_UP_TO", 0)
    county = synthetic_assessment(across=200)
    assert len(county.cells) > cellpack.SHAPES_UP_TO
    path = tmp_path / "coarse.html"
    path.write_text(map_html(coverage_map(county)), encoding="utf-8")
    page = visit(path)
    some, places = some_cells(county)
    zh = {kind: county.standard.kinds[kind].zh for kind in ("post", "retail", "clinic", "school")}
    for cell_id, answer in zip(some.index, page.evaluate(FIND, places), strict=True):
        assert answer["id"] == str(cell_id)
        limit = 15 if some.loc[cell_id, "setting"] == "urban" else 30
        for kind, label in zh.items():
            walk = county.access.loc[(cell_id, kind), "seconds"] / 60.0
            row = next(row for row in answer["rows"] if label in row)
            assert ("✓" in row) == (walk <= limit)
            if walk <= 30:
                assert f"{np.ceil(walk - 1e-8):.0f} 分" in row
            elif 40.0 < walk <= 45.0:
                assert "40–45 分" in row
    page.click("#lc-tab-about")
    assert "30 分钟以内每 1 分钟、60 分钟以内每 5 分钟" in page.locator(".lc-about").inner_text()
    # Residents are the same to a tenth, and nobody is rounded away.
    data = json.loads(page.locator("#lifecircle-data").text_content())
    assert data["cells"]["persons"]["rounded"]
