"""The map of a comparison: of years, standards, other grids; from folders, and in a browser."""

import json
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from browsing import Visit
from minicounty import LAT, LON, STEP, units, with_raster, write_county, write_raster
from rasterio.transform import from_origin
from typer.testing import CliRunner
from unpacking import unpack

from lifecircle import (
    assess,
    compare_runs,
    read_config,
    read_run,
    run_of,
    write_difference,
    write_outputs,
)
from lifecircle.cli import app
from lifecircle.difference import MAP, TABLES, compare_facilities
from lifecircle.difference.showing import shown
from lifecircle.errors import DataWarning
from lifecircle.render.web.changes import changes_data, changes_words
from lifecircle.scenario import Scenario

SOME = ["map", "workbook", "report"]
CLINIC = {"kind": "clinic", "name": "新站", "lon": LON, "lat": LAT}
CHANGES = {
    "add": [CLINIC],
    "close": [{"id": "n900"}],
    "move": [{"id": "n902", "lon": LON + 3 * STEP, "lat": LAT + 3 * STEP}],
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_county(tmp_path_factory.mktemp("mini"))


@pytest.fixture(scope="module")
def mini(path):
    return assess(read_config(path))


@pytest.fixture(scope="module")
def planned(path):
    what = Scenario.model_validate({"zh": "试", "en": "Trial", "facilities": CHANGES})
    with pytest.warns(DataWarning, match="no facility is known of: post"):
        return assess(read_config(path), scenario=what)


@pytest.fixture(scope="module")
def runs(mini, planned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, assessment in (("before", mini), ("after", planned)):
        write_outputs(assessment, folder / name, without=SOME)
    return folder


def compared(before, after, lang="zh"):
    return compare_runs(run_of(before, "before"), run_of(after, "after"), lang=lang)


def year(folder, *, values=None, step=None, residents=None, text=None):
    """The synthetic county of another year: its population from a raster."""
    config = write_county(folder)
    with_raster(config)
    changes = {}
    if step is not None:
        size = STEP * 6 / step
        changes = {
            "width": step,
            "height": step,
            "transform": from_origin(LON - STEP, LAT + 5 * STEP, size, size),
        }
        values = np.full((step, step), 72.0 / step**2)
    write_raster(folder / "people.tif", values, **changes)
    if residents is not None:
        units().assign(residents=residents).to_file(folder / "units.geojson")
    if text is not None:
        config.write_text(text(config.read_text("utf-8")), "utf-8")
    return assess(read_config(config))


def test_folders_and_memory_show_the_same(mini, planned, runs):
    one = changes_data(shown(compared(mini, planned)), "zh")
    two = changes_data(
        shown(compare_runs(read_run(runs / "before"), read_run(runs / "after"))), "zh"
    )
    for key in ("topics", "units", "facilities", "walks", "outlines", "border", "notes", "runs"):
        assert one[key] == two[key], key
    for name, pack in one["figures"].items():
        assert unpack(two["figures"][name]) == pytest.approx(unpack(pack), abs=1e-4, nan_ok=True)


def test_the_page_holds_walks_of_both_runs_and_figures_of_the_tables(mini, planned):
    difference = compared(mini, planned)
    data = changes_data(shown(difference), "zh")
    kinds = [kind["key"] for kind in data["kinds"]]
    clinic = next(i for i, t in enumerate(data["topics"]) if kinds[t["kind"]] == "clinic")
    scopes = len(data["units"]) + 1
    row = difference.coverage.set_index(["scope", "kind", "denominator"])
    for name in ("gained", "lost", "covered_before", "covered_after", "total_after"):
        figure = unpack(data["figures"][name]).reshape(-1, scopes)[clinic]
        for place, scope in enumerate(["county", *(unit["id"] for unit in data["units"])]):
            known = row.loc[(scope, "clinic", "population"), name]
            assert figure[place] == pytest.approx(known, rel=1e-5), (name, scope)
    assert data["walks"]["retail minutes"]["more"] is None  # nothing changed there
    assert data["walks"]["clinic minutes"]["more"] is not None
    states = dict(zip(data["facilities"]["name"], data["facilities"]["state"], strict=True))
    assert states == {"设施0": 2, "设施1": 0, "设施2": 3, "新站": 1}


def test_facilities_are_the_same_by_id_or_by_name_and_place():
    def table(**rows):
        kinds, names, places = zip(*rows.values(), strict=True)
        columns = {"kind": kinds, "name": names}
        points = gpd.points_from_xy(list(places), [0.0] * len(places))
        return gpd.GeoDataFrame(columns, index=[*rows], geometry=points, crs=4546)

    before = table(
        r1=("clinic", "甲", 0), r2=("clinic", "乙", 500), r3=("post", "丙", 0), r4=("post", "丁", 9)
    )
    # Rows were numbered anew: 乙 is r1 now; 丙 moved 300 m; 丁 is gone, and a post office is new.
    after = table(r1=("clinic", "乙", 505), r3=("post", "丙", 300), r9=("post", None, 900))
    told = compare_facilities(before, after)
    assert told["state"].tolist() == ["same", "moved", "added", "closed", "closed"]
    assert told["name"].tolist() == ["乙", "丙", "", "甲", "丁"]
    assert told["was"].iloc[1].equals(shapely.Point(0, 0))
    again = compare_facilities(before, before)
    assert set(again["state"]) == {"same"}


def test_years_of_one_grid_compare_cell_by_cell_whatever_the_ids(tmp_path):
    fewer = np.full((6, 6), 2.0)
    fewer[0] = 0.0  # nobody lives in the north any more
    before = year(tmp_path / "a")
    after = year(
        tmp_path / "b", values=fewer, residents=[80, 60],
        text=lambda text: text.replace('name = "mini"', 'name = "mini-2030"'),
    )  # fmt: skip
    difference = compared(before, after)
    assert difference.pairing.same_grid
    assert difference.record["compared_by"] == "cells"
    assert len(difference.pairing.after) == len(after.cells) < len(before.cells)
    gone = len(before.cells) - len(after.cells)
    assert difference.record["notes"][0]["zh"].startswith(f"{gone} 个格网（")
    told = [difference.record[side]["residents"] for side in ("before", "after")]
    assert told == [pytest.approx(72.0), pytest.approx(60.0)]  # 36 and 30 pixels of 2 persons
    pairing = difference.pairing
    one = difference.before.cells.iloc[pairing.before]
    two = difference.after.cells.iloc[pairing.after]
    assert one["x"].to_numpy() == pytest.approx(two["x"].to_numpy(), abs=1.0)
    table = difference.coverage.set_index(["scope", "kind", "denominator"])
    row = table.loc[("county", "clinic", "population")]
    assert (row["total_before"], row["total_after"]) == pytest.approx((72.0, 60.0), abs=1e-3)
    assert difference.cells.empty  # the same services, of fewer people


def test_other_grids_compare_by_unit_and_say_so(tmp_path):
    before = year(tmp_path / "a")
    after = year(tmp_path / "b", step=9, residents=[80, 60])
    with pytest.warns(DataWarning, match="cells of the two runs differ"):
        difference = compared(before, after)
    assert difference.record["compared_by"] == "units"
    assert difference.cells.empty
    assert difference.coverage[["gained", "lost"]].isna().all(axis=None)
    assert difference.coverage["covered_change"].notna().any()
    data = changes_data(shown(difference), "en")
    assert not data["sameGrid"]
    assert data["walks"] == {}
    assert "compared by unit only" in data["notes"][0]["en"]


def test_standards_compare_where_both_require(mini, tmp_path):
    def other(text):
        text = text.replace("[standard.circles.near]", "[standard.circles.close]")
        text = text.replace('circle = "near"', 'circle = "close"')
        return text.replace('"retail", "clinic"]', '"clinic", "park"]').replace(
            '["post", "clinic"]', '["post"]'
        )

    config = write_county(tmp_path)
    config.write_text(other(config.read_text("utf-8")), "utf-8")
    with pytest.warns(DataWarning, match="no facility is known of: park;"):
        after = assess(read_config(config))
    table = compared(mini, after).coverage
    # The circles have other names and ask for the same: what both require does not differ.
    notes = table.groupby("kind")["note"].unique().map(list).to_dict()
    assert notes == {"park": ["仅本次评价"], "retail": ["仅前次评价"]}
    english = compared(mini, after, "en").coverage
    notes = english.groupby("kind")["note"].unique().map(list).to_dict()
    assert notes == {
        "park": ["judged by the run after only"],
        "retail": ["judged by the run before only"],
    }
    data = changes_data(shown(compared(mini, after)), "zh")
    judged = {data["kinds"][t["kind"]]["key"]: t["judged"] for t in data["topics"]}
    assert judged == {
        "post": (True, True),
        "clinic": (True, True),
        "park": (False, True),
        "retail": (True, False),
    }
    # The shops are no fewer because nobody asks for them any more.
    assert set(data["facilities"]["state"]) == {0}
    assert sorted(data["facilities"]["name"]) == ["设施0", "设施1", "设施2"]


def test_another_threshold_is_told_in_english(mini, tmp_path):
    config = write_county(tmp_path)
    config.write_text(config.read_text("utf-8").replace("minutes = 5\n", "minutes = 6\n"), "utf-8")
    after = assess(read_config(config))
    told = set(compared(mini, after, "en").coverage["note"])
    assert told == {"not comparable: threshold 5 min → 6 min"}


def test_without_layers_the_map_comes_and_says_so(runs, tmp_path):
    folders = []
    for name in ("before", "after"):
        folders.append(tmp_path / name)
        shutil.copytree(runs / name, folders[-1], ignore=shutil.ignore_patterns("layers.gpkg"))
    done = CliRunner().invoke(app, ["compare", *map(str, folders), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    data = changes_data(shown(compare_runs(*map(read_run, folders))), "zh")
    assert data["facilities"] is None
    assert data["outlines"] is None
    assert data["border"] is not None
    assert data["notes"][-1]["zh"] == "成果中没有 layers.gpkg，未显示设施"
    assert (tmp_path / "out" / MAP).stat().st_size > 100_000


def test_the_command_writes_notes_in_the_language_asked_for(runs, tmp_path):
    folders = [str(runs / name) for name in ("before", "after")]
    done = CliRunner().invoke(app, ["compare", *folders, "--lang", "en", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    county = pd.read_csv(tmp_path / TABLES[0])
    assert "no facility known after" in set(county["note"])
    page = (tmp_path / MAP).read_text("utf-8")
    assert '<html lang="en">' in page
    record = json.loads((tmp_path / "compare.json").read_text("utf-8"))
    assert record["compared_by"] == "cells"


def test_words_are_in_both_languages():
    zh, en = changes_words("zh"), changes_words("en")
    assert zh.keys() == en.keys()
    assert all(zh.values())
    assert all(en.values())


@pytest.fixture(scope="module")
def page(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    difference = compare_runs(read_run(runs / "before"), read_run(runs / "after"))
    write_difference(difference, out)
    return out / MAP


@pytest.mark.browser
def test_the_page_of_two_folders_works_offline_in_both_languages(browser, page, mini):
    visit = Visit(browser, page)
    text = visit.page.inner_text("body")
    for told in (
        *("合成县社区生活圈：前后对比", "内部工作用图，未经审核不得公开", "情景“试”"),
        *("新增覆盖", "新增设施", "迁移设施", "© OpenStreetMap contributors, ODbL"),
    ):
        assert told in text, told
    assert "null" not in text
    assert "undefined" not in text
    assert visit.page.locator(".leaflet-control-scale-line").count() == 1
    assert visit.page.locator("#lc-units tbody tr").count() == 3
    middle = mini.cells.geometry.iloc[0].representative_point()
    visit.page.mouse.click(*visit.go(middle, mini.cells.crs))
    assert "之前" in visit.page.inner_text(".lc-told")
    assert "分钟" in visit.page.inner_text(".lc-told")
    for view in ("minutes", "units", "coverage"):
        visit.page.click(f"#lc-view-{view}")
        assert visit.page.locator(".lc-legend li").count() > 0
    visit.page.select_option("#lc-topic", label="邮政")
    assert "关闭设施" in visit.page.inner_text(".lc-legend")
    visit.page.click("#lc-lang-en")
    text = visit.page.inner_text("body")
    for told in ("before and after", "For internal use only", "residents lost", "scenario “Trial”"):
        assert told in text, told
    visit.page.click("#lc-units [data-unit] button")
    visit.page.emulate_media(media="print")
    visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert visit.page.locator("#lc-sheet canvas").count() == 1
    visit.end()


@pytest.mark.browser
def test_cells_that_gained_are_blue_where_they_lie(browser, page, runs):
    difference = compare_runs(read_run(runs / "before"), read_run(runs / "after"))
    gained = difference.cells[
        (difference.cells["kind"] == "clinic") & (difference.cells["change"] == "gained")
    ]
    visit = Visit(browser, page)
    cells = difference.after.cells
    colour = """([x, y]) => {
      const canvas = document.querySelector("canvas"); // the lowest layer: cells
      const box = canvas.getBoundingClientRect();
      const k = canvas.width / box.width;
      const at = [x - box.left, y - box.top].map((pixels) => Math.round(pixels * k));
      return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
    }"""
    for cell in gained["cell_id"].iloc[:3]:
        where = visit.go(cells.geometry[cell].representative_point(), cells.crs)
        assert visit.page.evaluate(colour, list(where)) == [0x1F, 0x6F, 0xB4, 255]
    visit.end()
