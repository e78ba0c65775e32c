"""The circle of a spot, found by the page itself: held against Python, and used by a planner."""

from __future__ import annotations

import dataclasses
from functools import partial
from importlib import resources
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from browsing import Visit

from lifecircle import assess, read_config
from lifecircle.config import WalkProfile
from lifecircle.network import WalkNetwork
from lifecircle.reach import nearest_seconds, nearest_times, pair_seconds, take
from lifecircle.render.web import contents
from lifecircle.render.web.maps import coverage_map, map_html
from lifecircle.render.web.pacing import is_sloped
from lifecircle.render.web.walking import pack_walk

pytestmark = pytest.mark.browser

LISTED_SECONDS = 3600.0  # the page lists walks of up to an hour
IN_METRES = """
[[standard.requirements]]
circle = "fitness_15"
kinds = ["retail"]
metres = 800
flag = "ours"
source = "a test"
"""
MEASURE = """(places) => places.map(([lat, lon]) => {
  const spot = map_lifecircle.measureSpot(L.latLng(lat, lon));
  return spot.off ? null : {
    seconds: spot.nearest.map((found) => found && found.value),
    facility: spot.nearest.map((found) => found && found.facility),
    metres: spot.metres.map((found) => found && found.value),
    residents: spot.residents,
  };
})"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo, and a threshold in metres besides its own."""
    folder = tmp_path_factory.mktemp("demo")
    data = Path("data/liechtenstein").resolve()
    text = (data / "county.toml").read_text(encoding="utf-8")
    county = folder / "county.toml"
    county.write_text(text.replace('path = "', f'path = "{data}/') + IN_METRES, encoding="utf-8")
    return assess(read_config(county))


@pytest.fixture(scope="module")
def file(demo, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(map_html(coverage_map(demo)), encoding="utf-8")
    return path


@pytest.fixture
def visit(browser, file):
    """Open the map without a network; at the end, it has asked and complained of nothing."""
    opened = []

    def go(path=file):
        opened.append(Visit(browser, path))
        return opened[-1].page

    yield go
    for one in opened:
        one.end()


@pytest.fixture(scope="module")
def points(demo):
    """A thousand points of the county, alike on every run."""
    rng = np.random.default_rng(20260115)
    county = demo.units.union_all()
    west, south, east, north = county.bounds
    spots = rng.uniform((west, south), (east, north), (4_000, 2))
    spots = spots[shapely.contains_xy(county, *spots.T)][:1_000]
    assert len(spots) == 1_000
    return spots


def lat_lon(points, crs):
    lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(
        *np.asarray(points).T
    )
    return np.column_stack([lat, lon]).tolist()


def python_seconds(demo, points, kind, cutoff=LISTED_SECONDS, network=None):
    """What Python finds from each point to the nearest facility of a kind."""
    network = network or demo.network
    chosen = demo.facilities[demo.facilities["kind"] == kind]
    sources = network.snap(chosen)
    at = network.locate(sources)
    on = np.flatnonzero(~sources.off_network)
    numbers = chosen.index.get_indexer(sources.ids).astype(np.int32)[on]
    targets = network.locate(network.snap_points(*points.T))
    return nearest_seconds(network, take(at, on), numbers, targets, cutoff)


def column(found, key, kind):
    """One kind's values of all points, NaN where there is none."""
    values = [None if spot is None else spot[key][kind] for spot in found]
    return np.array([np.nan if value is None else value for value in values])


@pytest.fixture(scope="module")
def found(browser, file, demo, points):
    """What the page finds for each point."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("[data-ready=true]", timeout=60_000)
    result = page.evaluate(MEASURE, lat_lon(points, demo.network.crs))
    context.close()
    return result


class TestNumbers:
    """The page against Python on a thousand points."""

    def test_off_the_network_is_off_in_both(self, found, demo, points):
        off = demo.network.snap_points(*points.T).off_network
        assert 0 < off.sum() < 500
        assert [spot is None for spot in found] == off.tolist()

    def test_seconds_to_the_nearest_of_every_kind(self, found, demo, points):
        kinds = list(demo.standard.kinds)
        known = [kind for kind in kinds if (demo.facilities["kind"] == kind).any()]
        assert len(known) > 10
        for kind in known:
            expected, _ = python_seconds(demo, points, kind)
            seconds = column(found, "seconds", kinds.index(kind))
            assert np.array_equal(np.isnan(seconds), np.isnan(expected)), kind
            assert np.nanmax(np.abs(seconds - expected)) < 1.0, kind
            assert np.nanmax(np.abs(seconds - expected)) < 0.2, kind  # in truth far nearer

    def test_the_nearest_is_the_same_facility(self, found, demo, points):
        kinds = list(demo.standard.kinds)
        expected, number = python_seconds(demo, points, "post")
        posts = demo.facilities.index[demo.facilities["kind"] == "post"]
        page = column(found, "facility", kinds.index("post"))
        reached = ~np.isnan(expected)
        wanted = demo.facilities.index.get_indexer(posts[number[reached]])
        assert (page[reached] == wanted).mean() > 0.99  # of two equally near ones, either

    def test_metres_where_a_threshold_is_in_metres(self, found, demo, points):
        kind = list(demo.standard.kinds).index("retail")
        expected, _ = python_seconds(demo, points, "retail", 800.0, demo.network.by_length())
        metres = column(found, "metres", kind)
        assert np.isfinite(expected).sum() > 20
        assert np.array_equal(np.isnan(metres), np.isnan(expected))
        assert np.nanmax(np.abs(metres - expected)) < 0.2

    def test_residents_inside_15_minutes(self, found, demo, points):
        network, cells = demo.network, demo.cells
        on = np.array([spot is not None for spot in found])
        at, places = (
            network.locate(network.snap_points(*points[on].T)),
            network.locate(network.snap(cells)),
        )
        persons = cells["persons"].to_numpy()

        def within(seconds):
            number = np.arange(on.sum())
            rows, cell, _ = pair_seconds(network, at, number, len(number), places, seconds)
            return np.bincount(np.repeat(number, np.diff(rows)), persons[cell], len(number))

        page = np.array([spot["residents"][2] for spot in found if spot is not None])
        assert page.sum() == pytest.approx(within(900.0).sum(), rel=1e-4)
        # A cell whose walk takes 15 minutes to a tenth of a second may fall on either side.
        assert (page >= within(899.8) - 0.01).all()
        assert (page <= within(900.2) + 0.01).all()
        assert (np.abs(page - within(900.0)) <= 0.001 * page + 0.01).mean() > 0.99


def otherwise(demo, name):
    """The demo with invented hills, or for people in wheelchairs."""
    if name == "hills":
        run = {**demo.run, "elevation": {"given": True, "counted": True, "known_share": 1.0}}
        return dataclasses.replace(demo, network=demo.network.with_elevation(hills), run=run)
    walk = demo.config.walk.with_profiles([name])
    config = demo.config.model_copy(update={"walk": walk})
    return dataclasses.replace(demo, network=demo.network.with_profile(walk), config=config)


@pytest.mark.parametrize(
    ("name", "said"),
    [("hills", "坡度使往返时间不同"), ("wheelchair", "出行到此处的居民"), ("car", "出行到此处")],
)
def test_a_page_measures_as_its_network_does(visit, demo, points, tmp_path, name, said):
    changed = otherwise(demo, name)
    path = tmp_path / "map.html"
    path.write_text(map_html(coverage_map(changed)), encoding="utf-8")
    page, some = visit(path), points[:300]
    found = page.evaluate(MEASURE, lat_lon(some, demo.network.crs))
    network, kinds = changed.network, list(demo.standard.kinds)
    at = network.locate(network.snap_points(*some.T))
    assert [spot is None for spot in found] == (at.chain < 0).tolist()
    for kind in ("post", "retail", "school"):
        expected, _ = python_seconds(changed, some, kind)
        seconds = column(found, "seconds", kinds.index(kind))
        level, _ = python_seconds(demo, some, kind)
        assert np.nanmax(np.abs(expected - level)) > 20.0  # it is another walk
        near = np.abs(expected - LISTED_SECONDS) < 1.0
        assert np.array_equal(np.isnan(seconds)[~near], np.isnan(expected)[~near]), kind
        assert np.nanmax(np.abs(seconds - expected)) < 1.0, kind
    cells = network.locate(network.snap(demo.cells))
    on = np.flatnonzero(at.chain >= 0)
    number = np.arange(len(on))
    rows, cell, _ = pair_seconds(network, take(at, on), number, len(on), cells, 900.0)
    persons = demo.cells["persons"].to_numpy()[cell]
    within = np.bincount(np.repeat(number, np.diff(rows)), persons, len(on))
    page_within = np.array([spot["residents"][2] for spot in found if spot is not None])
    assert page_within.sum() == pytest.approx(within.sum(), rel=2e-3)
    open_here(page, vaduz(demo), demo.network.crs)
    assert said in page.locator("#lc-here").inner_text()


def test_who_cannot_set_out_is_told_why(visit, demo, points, tmp_path):
    changed = otherwise(demo, "wheelchair")
    network = changed.network
    snapped = network.snap_points(*points.T)
    barred = (network.locate(snapped).chain < 0) & ~snapped.off_network
    spot = points[barred][np.argmax(snapped.access_m[barred] < 300)]  # beside steps, say
    path = tmp_path / "map.html"
    path.write_text(map_html(coverage_map(changed)), encoding="utf-8")
    page = visit(path)
    open_here(page, spot, demo.network.crs, zoom=18)
    assert "不允许“轮椅”通行" in page.locator("#lc-here").inner_text()
    assert page.locator("#lc-put").count() == 0


def open_here(page, place, crs, zoom=15):
    """Move the map to a point, open the tab of spots and click on the map's middle."""
    ((lat, lon),) = lat_lon([place], crs)
    page.evaluate(
        "([lat, lon, zoom]) => map_lifecircle.setView([lat, lon], zoom, {animate: false})",
        [lat, lon, zoom],
    )
    page.click("#lc-tab-here")
    box = page.locator("#map_lifecircle").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#lc-here[data-state=ready]")


def spot_of(page, crs):
    """The place that the page says it answers for, in the metric CRS."""
    text = page.locator(".lc-spot-place small").inner_text()
    lon, lat = (float(part.split("°")[0].split(" ")[-1]) for part in text.split("，"))
    return pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)


def newly_covered(demo, kind, place, requirement):
    """Persons who meet a requirement only with one more facility, measured anew by Python."""
    one = gpd.GeoDataFrame(
        {"kind": [kind], "name": ["new"], "source": ["new"]},
        index=pd.Index(["new"], name="facility_id"),
        geometry=[shapely.Point(place)],
        crs=demo.network.crs,
    )
    facilities = pd.concat([demo.facilities[["kind", "name", "source", "geometry"]], one])
    network = demo.network.by_length() if requirement.unit == "metres" else demo.network
    limit = requirement.limit if requirement.unit == "metres" else requirement.limit * 60.0
    settings = demo.standard.circles[requirement.circle].settings
    judged = demo.cells["setting"].isin(settings).to_numpy()
    before, after = (
        (nearest_times(network, table, demo.cells, kinds=[kind])["seconds"] <= limit).to_numpy()
        for table in (demo.facilities, facilities)
    )
    persons = demo.cells["persons"].to_numpy()
    return persons[judged & after & ~before].sum(), persons[judged & ~after].sum()


@pytest.mark.parametrize("kind", ["clinic", "post", "retail"])
def test_a_facility_put_on_the_map_covers_whom_python_says(visit, demo, kind):
    page = visit()
    crs = demo.network.crs
    beyond = demo.gaps[(demo.gaps["kind"] == kind) & (demo.gaps["rank"] <= 2)]
    for gap in beyond.geometry[:2]:
        spot = gap.representative_point()
        open_here(page, (spot.x, spot.y), crs)
        place = spot_of(page, crs)
        page.select_option("#lc-put-kind", label=demo.standard.kinds[kind].zh)
        page.click("#lc-put")
        shown = [
            (float(line.get_attribute("data-persons")), float(line.get_attribute("data-left")))
            for line in page.locator(".lc-gains li").all()
        ]
        asked = [r for r in demo.standard.requirements if r.kind == kind]
        assert len(shown) == len(asked)
        for (persons, left), requirement in zip(shown, asked, strict=True):
            gained, lacking = newly_covered(demo, kind, place, requirement)
            assert persons == pytest.approx(gained, rel=1e-3, abs=0.05)
            assert left == pytest.approx(lacking, rel=1e-3, abs=0.05)
        assert sum(persons for persons, _ in shown) > 0
        page.click("#lc-put-away")
        assert page.locator(".lc-gains").count() == 0


def colours(page, pane):
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


def vaduz(demo):
    cells = demo.cells[demo.cells["persons"] > 0]
    cell = cells.iloc[int(np.argmax(cells["persons"]))]
    return cell["x"], cell["y"]


def test_a_click_offers_the_circle_and_draws_it(visit, demo):
    page = visit()
    ((lat, lon),) = lat_lon([vaduz(demo)], demo.network.crs)
    page.evaluate(
        "([lat, lon]) => map_lifecircle.setView([lat, lon], 14, {animate: false})", [lat, lon]
    )
    box = page.locator("#map_lifecircle").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert (
        "居民" in page.locator(".leaflet-popup-content").inner_text()
    )  # the answer that was there
    page.click(".lc-offer button")
    page.wait_for_selector("#lc-here[data-state=ready]")
    page.locator(".leaflet-popup-content").wait_for(state="detached")  # it makes room
    bands = [
        float(line.get_attribute("data-persons")) for line in page.locator(".lc-reach li").all()
    ]
    assert 0 < bands[0] < bands[1] < bands[2] < bands[3]
    painted = {pane: colours(page, pane) for pane in ("lc-reach", "lc-reach-streets", "lc-spot")}
    assert all(count > 100 for count in painted.values())
    assert "步行圈" in page.locator(".lc-legend").inner_text()
    rows = page.locator("#lc-here .lc-services tbody tr")
    seconds = [row.get_attribute("data-seconds") for row in rows.all()]
    reached = [float(value) for value in seconds if value is not None]
    assert reached == sorted(reached)
    assert seconds[len(reached) :] == [None] * (len(seconds) - len(reached))  # those come last
    unknown = page.locator("#lc-here .lc-note", has_text="无设施数据").inner_text()
    assert "电信" in unknown  # which is not to say that there is none
    page.click("#lc-put")
    assert colours(page, "lc-newly") >= 0
    page.click("#lc-spot-clear")
    assert page.locator("#lc-here[data-state=empty]").count() == 1
    assert colours(page, "lc-reach") == 0


def test_it_works_by_keyboard_and_in_both_languages(visit, demo):
    page = visit()
    ((lat, lon),) = lat_lon([vaduz(demo)], demo.network.crs)
    page.evaluate(
        "([lat, lon]) => map_lifecircle.setView([lat, lon], 14, {animate: false})", [lat, lon]
    )
    page.focus("#lc-tab-overview")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.focus("#map_lifecircle")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lc-here[data-state=ready]")
    page.focus("#lc-put")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "lc-put"  # it keeps the focus
    chinese = [line.get_attribute("data-persons") for line in page.locator(".lc-gains li").all()]
    page.click("#lc-lang-en")
    assert "residents newly covered" in page.locator(".lc-gains").inner_text()
    assert [
        line.get_attribute("data-persons") for line in page.locator(".lc-gains li").all()
    ] == chinese
    assert "Reached from the chosen spot" in page.locator(".lc-legend").inner_text()
    text = page.locator("#lc-here").inner_text()
    symbols = {kind.symbol for kind in demo.standard.kinds.values()}
    assert [sign for sign in text if "\u4e00" <= sign <= "\u9fff" and sign not in symbols] == []


def gains_of(page):
    return [float(li.get_attribute("data-persons")) for li in page.locator(".lc-gains li").all()]


def test_a_facility_moves_with_the_next_click(visit, demo):
    page = visit()
    gap = demo.gaps.query("kind == 'post' and rank == 1").iloc[0]
    page.select_option(".lc-layers select >> nth=3", label="邮政")  # whose gaps are shown ...
    spot = gap["geometry"].representative_point()
    open_here(page, (spot.x, spot.y), demo.network.crs)
    assert page.evaluate("document.getElementById('lc-put-kind').selectedOptions[0].text") == "邮政"
    page.click("#lc-put")
    assert sum(gains_of(page)) > 0
    open_here(page, vaduz(demo), demo.network.crs)
    place = spot_of(page, demo.network.crs)
    asked = [r for r in demo.standard.requirements if r.kind == "post"]
    there = [newly_covered(demo, "post", place, requirement)[0] for requirement in asked]
    assert gains_of(page) == pytest.approx(there, rel=1e-3, abs=0.05)
    page.select_option("#lc-put-kind", label="零售")  # another kind at the same spot, at once
    assert "零售" in page.locator(".lc-legend").inner_text()


def test_off_the_network_it_says_so(visit, demo, points):
    page = visit()
    off = points[demo.network.snap_points(*points.T).off_network][0]
    open_here(page, off, demo.network.crs, zoom=16)
    assert "不在路网上" in page.locator("#lc-here").inner_text()
    assert page.locator("#lc-put").count() == 0


def test_a_simplified_network_says_so_and_stays_near(visit, demo, points, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "pack_walk", partial(pack_walk, exact_nodes=1_000))
    path = tmp_path / "simple.html"
    path.write_text(map_html(coverage_map(demo)), encoding="utf-8")
    page = visit(path)
    found = page.evaluate(MEASURE, lat_lon(points[:300], demo.network.crs))
    seconds = column(found, "seconds", list(demo.standard.kinds).index("post"))
    expected, _ = python_seconds(demo, points[:300], "post")
    off = np.abs(seconds - expected)
    assert np.nanmedian(off) < 1.0
    assert np.nanquantile(off, 0.95) < 8.0  # 5 m beside a street at either end
    open_here(page, vaduz(demo), demo.network.crs)
    assert "简化路网" in page.locator("#lc-here").inner_text()


def test_hostile_names_are_only_text(visit, demo, tmp_path):
    from synthetic_assessment import HOSTILE

    names = [*HOSTILE, "长" * 10_000, "\u202eמימין\u202c", "👩‍⚕️"]
    places = demo.facilities.assign(name=np.resize(np.array(names, object), len(demo.facilities)))
    units = demo.units.assign(name=np.resize(np.array(names, object), len(demo.units)))
    path = tmp_path / "hostile.html"
    hostile = dataclasses.replace(demo, facilities=places, units=units)
    path.write_text(map_html(coverage_map(hostile)), encoding="utf-8")
    page = visit(path)
    open_here(page, vaduz(demo), demo.network.crs)
    page.click("#lc-put")
    shown = page.locator("#lc-here").inner_text()
    assert any(name.strip()[:12] in shown for name in HOSTILE)
    assert len(shown) < 5_000
    assert page.evaluate("window.hacked") is None
    assert page.locator("#lc-here script, #lc-here img").count() == 0


def test_the_first_click_is_answered_at_once(visit, demo):
    page = visit()
    spent = page.evaluate(
        """([lat, lon]) => [0, 1].map(() => {
          const begun = performance.now();
          map_lifecircle.measureSpot(L.latLng(lat, lon));
          return performance.now() - begun;
        })""",
        lat_lon([vaduz(demo)], demo.network.crs)[0],
    )
    assert spent[0] < 1_000  # 0.2 s on a desk's computer; this one may be busy
    assert spent[1] < 200


def test_an_assessment_without_a_network_has_no_such_tab(visit, tmp_path):
    from synthetic_assessment import synthetic_assessment

    path = tmp_path / "plain.html"
    path.write_text(map_html(coverage_map(synthetic_assessment())), encoding="utf-8")
    page = visit(path)
    assert page.locator("#lc-tab-here").count() == 0
    assert page.locator("#lc-tab-about").count() == 1


SEARCH = """([pack, xs, ys, unit, cutoff]) => {
  const net = unpackWalk(pack);
  const cost = costs(net, unit);
  const [x0, y0] = pack.origin;
  const snapped = snap(net, xs.map((x) => x - x0), ys.map((y) => y - y0));
  const at = locate(net, cost, snapped);
  const between = ["to", "from"].map((direction) => xs.map((_, spot) => Array.from(
    costsAt(net, cost, spread(net, cost, at, spot, cutoff, direction), at),
    (value) => (Number.isNaN(value) ? null : value))));
  return { access: Array.from(snapped.metres, (m) => (m === Infinity ? null : m)), between };
}"""


@pytest.fixture(scope="module")
def scripted(browser):
    """An empty page with the scripts that read and search a network."""
    folder = Path(str(resources.files("lifecircle.render.web")))
    inflate = next(folder.glob("assets/fflate-*/inflate.js"))
    files = [inflate, folder / "templates" / "unpack.js", folder / "templates" / "walk.js"]
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in files)
    page = browser.new_page()
    page.set_content(
        '<script type="application/json" id="lifecircle-data">{}</script>'
        f"<script>{scripts}</script>"
    )
    yield page
    page.close()


def searched(page, network, places, unit="seconds", cutoff=1e9, exact_nodes=350_000):
    """Metres beside the street of each place, and cost of walks from each to each, by the page."""
    none = gpd.GeoDataFrame(geometry=[], crs=network.crs), pd.DataFrame({"x": [], "y": []})
    x, y = np.asarray(places, dtype=float).T.tolist()
    pack = pack_walk(network, *none, exact_nodes=exact_nodes)
    found = page.evaluate(SEARCH, [pack, x, y, unit, cutoff])
    to, out = np.array(found["between"], dtype=float)
    assert np.allclose(to, out.T, atol=1e-6, equal_nan=True)  # to here from there, or from there
    return np.array(found["access"], dtype=float), to


def test_walks_on_the_lattice_can_be_checked_by_hand(scripted, lattice):
    x, y = lattice.node_x.min(), lattice.node_y.min()
    # On a crossing; 30 m beside a street's middle; on the same street; 2 km off.
    places = [(x, y), (x + 50, y - 30), (x + 80, y), (x, y - 2_000)]
    access, seconds = searched(scripted, lattice, places)
    assert access[:3].round(2).tolist() == [0.0, 30.0, 0.0]
    assert np.isnan(access[3])
    assert seconds[:3, :3].round(2).tolist() == [[0, 80, 80], [80, 60, 60], [80, 60, 0]]
    assert np.isnan(seconds[3]).all()
    _, near = searched(scripted, lattice, places, cutoff=79.0)
    assert np.isnan(near[0]).tolist() == [False, True, True, True]


def python_costs(network, places, unit="seconds", cutoff=900.0):
    """Cost from each place to each, as Python finds it; NaN where beyond."""
    walked = network if unit == "seconds" else network.by_length()
    at = walked.locate(network.snap_points(*np.asarray(places, dtype=float).T))
    number = np.arange(len(places))
    rows, target, found = pair_seconds(walked, at, number, len(number), at, cutoff)
    costs = np.full((len(number), len(number)), np.nan)
    costs[np.repeat(number, np.diff(rows)), target] = found
    return costs


def check_alike(scripted, network, places, unit="seconds", within=0.2, exact_nodes=350_000):
    """The page's costs are Python's; returns Python's."""
    _, costs = searched(scripted, network, places, unit, 900.0 + 2 * within, exact_nodes)
    expected = python_costs(network, places, unit)
    assert np.isfinite(expected).sum() > 200
    assert not (np.isfinite(expected) & np.isnan(costs)).any()
    assert not (np.isnan(expected) & (costs < 900.0 - within)).any()
    assert np.nanmax(np.abs(costs - expected)) < within
    return expected


def invented_network(seed, size=14, share=0.55, **walk):
    """A torn lattice: bent nodes, islets, stairs, and roads that are longer than they look."""
    rng = np.random.default_rng(seed)
    i, j = np.divmod(np.arange(size * size), size)
    bend = rng.uniform(-30, 30, (2, size * size))
    nodes = pd.DataFrame({"x": 418_000 + i * 90 + bend[0], "y": 2_940_000 + j * 90 + bend[1]})
    number = np.arange(size * size)
    across, up = number[i < size - 1], number[j < size - 1]
    u, v = np.concatenate([across, up]), np.concatenate([across + size, up + 1])
    kept = rng.random(len(u)) < share
    u, v = u[kept], v[kept]
    straight = np.hypot(*(nodes.to_numpy()[u] - nodes.to_numpy()[v]).T)
    length = np.where(rng.random(len(u)) < 0.2, straight * rng.uniform(1, 2, len(u)), straight)
    edges = pd.DataFrame({"u": u, "v": v, "length_m": length, "steps": rng.random(len(u)) < 0.1})
    for name, some in (("unpaved", 0.3), ("wheelchair_no", 0.1)):
        edges[name] = rng.random(len(u)) < some
    edges["highway"] = rng.choice(["footway", "residential", "primary"], len(u), p=[0.3, 0.5, 0.2])
    walk = {"islet_m": 600.0, "islet_detour_m": 80.0, "snap_limit_m": 200.0, **walk}
    profile = WalkProfile(**({"steps_factor": 2.5} if len(walk) == 3 else {}), **walk)
    return WalkNetwork.from_tables(nodes, edges, crs="EPSG:4546", profile=profile)


@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("unit", ["seconds", "metres"])
def test_torn_networks_are_searched_as_python_does(scripted, seed, unit):
    network = invented_network(seed)
    assert network.counts["islets"] > 0
    assert network.segment_steps.any()
    rng = np.random.default_rng(seed)
    places = np.column_stack(
        [rng.uniform(417_700, 419_500, 80), rng.uniform(2_939_700, 2_941_500, 80)]
    ).round(2)
    access, _ = searched(scripted, network, places, unit, 900.0)
    snapped = network.snap_points(*places.T)
    assert snapped.moved.sum() > 0  # the islets' rule is at work
    assert np.array_equal(np.isnan(access), snapped.off_network)
    on = ~snapped.off_network
    assert np.abs(access - snapped.access_m)[on].max() < 0.02
    check_alike(scripted, network, places, unit)


def test_uphill_on_the_lattice_can_be_checked_by_hand(scripted, lattice):
    # The ground rises by 10 m on 100 m to the east; 60 m/min on the level.
    sloped = lattice.with_elevation(lambda x, _: x / 10.0)
    x, y = lattice.node_x.min(), lattice.node_y.min()
    places = [(x, y), (x + 100, y), (x + 150, y), (x, y + 100)]
    _, to = searched(scripted, sloped, places)
    up, down = 100 * np.exp(3.5 * 0.1), 100 * np.exp(3.5 * 0.0)
    assert to[1, 0] == pytest.approx(up, abs=0.05)  # to the second place from the first
    assert to[0, 1] == pytest.approx(down, abs=0.05)  # -0.1 + 0.05 is as far from -0.05 as 0 is
    assert to[2, 0] == pytest.approx(1.5 * up, abs=0.1)
    assert to[2, 1] == pytest.approx(0.5 * up, abs=0.1)
    assert to[3, 0] == pytest.approx(100, abs=0.05)  # along the hill it is level
    assert to[3, 2] == pytest.approx(100 + 1.5 * down, abs=0.1)


def hills(x, y):
    """Hills a kilometre apart: up to 10 % steep aslant, which bars some ways to a wheelchair."""
    return 12.0 * np.sin(x / 160.0) + 12.0 * np.cos(y / 170.0)


PROFILES = {
    "elderly": {"profile": "elderly"},
    "wheelchair": {"profile": "wheelchair"},
    "e-bike": {"profile": "e-bike"},
    "car": {"profile": "car"},
    "across country": {"snap_limit_m": 60.0, "offroad_limit_m": 200.0, "offroad_kph": 2.0},
    "by class": {"speeds_kph": {"footway": 3.0, "primary": 6.0}, "unpaved_factor": 1.5},
    "closed": {"barred": ("primary",), "no_steps": True, "access_kph": 2.0},
}


@pytest.mark.parametrize("ground", ["level", "hills"])
@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_walked_as_python_does(scripted, name, ground):
    rng = np.random.default_rng(len(name))
    network = invented_network(5, share=0.85, **PROFILES[name])
    if ground == "hills":
        network = network.with_elevation(hills)
        assert is_sloped(network) is (name not in ("e-bike", "car"))  # who rides counts no slope
    places = np.column_stack(
        [rng.uniform(417_700, 419_500, 80), rng.uniform(2_939_700, 2_941_500, 80)]
    ).round(2)
    expected = check_alike(scripted, network, places, within=0.3)
    check_alike(scripted, network, places, "metres", within=0.3)
    if name == "wheelchair":
        adult = network.with_profile(WalkProfile(snap_limit_m=200.0, islet_m=600.0))
        there = python_costs(adult, places)
        assert np.isfinite(expected).sum() < np.isfinite(there).sum()
    if name == "across country":
        far = network.snap_points(*places.T).access_m
        assert ((far > 60.0) & (far <= 200.0)).sum() > 5


def test_a_simplified_network_keeps_the_seconds_of_a_slope(scripted):
    along = np.arange(600) * 8.0
    nodes = pd.DataFrame({"x": 418_000.0 + along, "y": 2_940_000.0 + np.arange(600) % 2})
    edges = pd.DataFrame({"u": np.arange(599), "v": np.arange(1, 600)})
    edges["unpaved"] = edges["u"].between(200, 260)
    profile = WalkProfile(unpaved_factor=1.5)
    network = WalkNetwork.from_tables(nodes, edges, crs="EPSG:4546", profile=profile)
    network = network.with_elevation(hills)
    places = [(418_000.0 + at, 2_940_000.5) for at in range(0, 4_700, 97)]
    none = gpd.GeoDataFrame(geometry=[], crs=network.crs), pd.DataFrame({"x": [], "y": []})
    pack = pack_walk(network, *none, exact_nodes=10)
    assert not pack["exact"]
    assert 10 < pack["segments"]["over"]["count"] < 200  # of 599, most for the hills
    check_alike(scripted, network, places, within=3.0, exact_nodes=10)
