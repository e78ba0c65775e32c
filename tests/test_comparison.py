"""Counties compared: sums that a person can check, what is never 0, and the page in a browser."""

from __future__ import annotations

import json
import re
import tomllib
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from browsing import Visit
from minicounty import units, write_county
from synthetic_assessment import HOSTILE
from test_hostile import tags_of
from unpacking import unpack

from lifecircle.config import read_config
from lifecircle.county import judge
from lifecircle.errors import InputError
from lifecircle.measuring import measure
from lifecircle.plan import card_records, empty_scorecard
from lifecircle.render.cards import write_rolled_up
from lifecircle.render.comparing import County, compare_coverage, counties_of
from lifecircle.render.runs import read_runs
from lifecircle.render.tables.sheets import standards_comparison
from lifecircle.render.web import comparison
from lifecircle.render.web.comparison import comparison_data, comparison_map, comparison_words
from lifecircle.standards import read_standard

LON, LAT, STEP = 111.0, 27.0, 0.2
TEMPLATES = Path(comparison.__file__).parent / "templates"
STANDARD = read_standard()


def square(number):
    """The counties' squares lie in rows of three."""
    east, north = number % 3, number // 3
    west, south = LON + east * STEP, LAT + north * STEP
    return shapely.box(west, south, west + STEP, south + STEP)


def write_run(folder, number, covered, total, *, minutes=15.0, known=3, zh=None, adcode="", **more):
    """Invent what a finished run holds of one county and one requirement."""
    folder.mkdir(parents=True)
    row = {
        "scope": "county",
        "unit_name": "-",
        "circle": "near",
        "circle_zh": "近便圈",
        "circle_en": "Near circle",
        "kind": "post",
        "kind_zh": "邮政",
        "kind_en": "Post",
        "denominator": "population",
        "limit": minutes,
        "limit_unit": "minutes",
        "covered": covered,
        "total": total,
        "share": covered / total if total else np.nan,
        "flag": "ours",
        "known_facilities": known,
    }
    rows = pd.DataFrame([row, {**row, "scope": "u1", "covered": 1e9}])
    rows.to_csv(folder / "coverage.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    circles = {"near": {"settings": more.pop("settings", ["urban", "rural"])}}
    run = {
        "generated": "2026-11-25T08:00:00+00:00",
        "config": {
            "name": folder.name,
            "zh": zh or f"县{number}",
            "en": f"County {number}",
            "boundary": {"adcode": adcode} if adcode else None,
            "walk": {"speed_kph": more.pop("speed", 4.5)},
        },
        "standard": {
            "key": "test",
            "zh": "试验标准",
            "en": "Test",
            "targets": [],
            "circles": circles,
        },
        "scorecard": [],
        "outline": square(number).wkt,
    }
    (folder / "run.json").write_text(json.dumps({**run, **more}), encoding="utf-8")
    return folder


@pytest.fixture
def runs(tmp_path):
    """38 of 45, 30 of 50; 40 of 40 by another threshold; no post office known; nobody there."""
    out = tmp_path / "out"
    return [
        write_run(out / "a", 0, 38.0, 45.0, adcode="430101"),
        write_run(out / "b", 1, 30.0, 50.0, adcode="430102"),
        write_run(out / "c", 2, 40.0, 40.0, adcode="430103", minutes=10.0),
        write_run(out / "d", 3, 0.0, 60.0, adcode="430201", known=0),
        write_run(out / "e", 4, 0.0, 0.0, adcode="430202"),
    ]


@pytest.fixture
def counties(runs):
    return [
        *counties_of(runs),
        County(
            *("f", "县5", "County 5", "430203"),
            status="failed",
            reason="roads.osm: cut short -> get it again",
            outline=square(5).wkt,
        ),
        County("g", "县6", "County 6", "430204", status="waiting"),
    ]


def test_sums_are_of_counts_and_leave_out_what_is_not_comparable_by_name(counties):
    table = compare_coverage(counties).set_index(["level", "adcode", "limit"])
    city = table.loc[("city", "4301", 15.0)]
    assert (city["covered"], city["total"], city["counties"]) == (68.0, 95.0, 2)
    assert city["share"] == pytest.approx(68 / 95)  # not the mean of 84.4 % and 60 %
    other = table.loc[("city", "4301", 10.0)]
    assert (other["covered"], other["total"], other["counties"]) == (40.0, 40.0, 1)
    unknown = table.loc[("city", "4302", 15.0)]
    assert pd.isna(unknown["covered"]) or unknown["total"] == 0
    assert pd.isna(unknown["share"])
    assert unknown["no_facility_known"] == "县3"
    assert unknown["incomplete"] == "县5、县6"
    whole = table.loc[("all", "", 15.0)]
    assert (whole["covered"], whole["total"]) == (68.0, 95.0)
    assert pd.isna(table.loc[("county", "430201", 15.0), "share"])  # no post office known: not 0


def test_circles_for_other_settings_are_not_added(tmp_path):
    first = write_run(tmp_path / "a", 0, 1.0, 2.0, adcode="430101")
    second = write_run(tmp_path / "b", 1, 2.0, 2.0, adcode="430102", settings=["urban"])
    table = compare_coverage(counties_of([first, second]))
    assert table.loc[table["level"] == "city", "counties"].tolist() == [1, 1]


def test_the_page_tells_each_county_in_its_own_way(counties, tmp_path):
    (counties[0].runs[0].folder / "map.html").write_text("-", encoding="utf-8")
    table = compare_coverage(counties)
    data = comparison_data(
        counties, table, tmp_path / "out" / "summary", lang="zh", places={"4301": "长沙市"}
    )
    assert [i["ways"][0]["limit"] for i in data["indicators"]] == [15.0]
    assert unpack(data["way"]).tolist() == [0, 0, 1, 0, 0, 255, 255]
    covered, total = unpack(data["covered"]), unpack(data["total"])
    assert np.isnan(covered).tolist() == [False, False, False, True, False, True, True]
    assert covered[:3].tolist() == [38.0, 30.0, 40.0]
    assert total[4] == 0.0
    assert unpack(data["shapes"]["rings"]).tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert data["counties"][0]["maps"] == {"test": "../a/map.html"}
    assert data["counties"][1]["maps"] == {}
    assert [c["status"] for c in data["counties"][-2:]] == ["failed", "waiting"]
    sums = {place["code"]: place for place in data["places"]}
    assert sums["4301"]["sums"] == [[68.0, 95.0, 2]]
    assert sums["4301"]["name"] == "长沙市"
    assert sums["4302"]["sums"] == [[0.0, 0.0, 1]]


def test_runs_of_older_versions_are_drawn_by_their_units_or_cells(tmp_path):
    run = write_run(tmp_path / "a", 0, 1.0, 2.0, outline="")
    cells = gpd.GeoDataFrame(geometry=[square(0), square(1)], crs=4326).to_crs(4546)
    cells.to_parquet(run / "cells.parquet")
    county = counties_of([run])
    data = comparison_data(county, compare_coverage(county), tmp_path, lang="zh", places={})
    assert data["counties"][0]["rough"]
    assert unpack(data["shapes"]["rings"])[0] >= 1
    units = gpd.GeoDataFrame(geometry=[square(0), square(1)], crs=4326).to_crs(4546)
    units.to_file(run / "layers.gpkg", layer="评价单元")
    data = comparison_data(county, compare_coverage(county), tmp_path, lang="zh", places={})
    assert not data["counties"][0]["rough"]
    assert unpack(data["shapes"]["rings"]).tolist() == [1]


def test_runs_are_enough_and_each_county_is_given_once(runs, tmp_path):
    path = comparison_map(runs[:2], tmp_path / "made" / "map.html", lang="en")
    assert "Community life circles: counties compared" in path.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="once more"):
        comparison_map([runs[0], runs[0]], path)
    with pytest.raises(InputError, match="no such file"):
        comparison_map([tmp_path / "nothing"], path)
    assert [p.name for p in path.parent.iterdir()] == ["map.html"]


def test_a_folder_of_several_standards_is_one_county(tmp_path):
    for key in ("one", "two"):
        run = write_run(tmp_path / "a" / key, 0, 1.0, 2.0)
        told = json.loads((run / "run.json").read_text(encoding="utf-8"))
        told["config"]["name"], told["standard"]["key"] = "a", key
        (run / "run.json").write_text(json.dumps(told), encoding="utf-8")
    (county,) = counties_of([tmp_path / "a"])
    assert [run.judging.key for run in county.runs] == ["one", "two"]
    assert len(compare_coverage([county]).query("level == 'county'")) == 2


def test_names_of_strangers_do_nothing(runs, tmp_path):
    plain = comparison_map(runs, tmp_path / "plain.html")
    for number, name in enumerate([*HOSTILE, "javascript:alert(1)", "</script><script>x()"]):
        run = write_run(tmp_path / "h" / str(number), number, 1.0, 2.0, zh=name)
        (run / "map.html").write_text("-", encoding="utf-8")
    failed = County("x", HOSTILE[0], HOSTILE[0], "430101", status="failed", reason=HOSTILE[0])
    hostile = [*counties_of(sorted((tmp_path / "h").iterdir())), failed]
    path = comparison_map(hostile, tmp_path / "hostile.html", places={"43": HOSTILE[0]})
    assert tags_of(path) == tags_of(plain)


def test_every_word_is_there_in_both_languages_and_used():
    table = tomllib.loads((TEMPLATES / "comparison" / "words.toml").read_text(encoding="utf-8"))
    scripts = "".join(p.read_text("utf-8") for p in (TEMPLATES / "comparison").glob("*.js"))
    page = (TEMPLATES / "page.html").read_text(encoding="utf-8")
    used = set(re.findall(r'\bt\(\s*"(\w+)"', scripts)) | {"urban", "township", "rural"}
    used |= set(re.findall(r"this\.words\.(\w+)", page)) | {"title"}
    built = re.findall(r"\bt\(`(\w+)\$\{", scripts)
    for key, entry in table.items():
        assert set(entry) == {"zh", "en"}, key
        holes = [sorted(re.findall(r"\{(\w+)\}", text)) for text in entry.values()]
        assert holes[0] == holes[1], key
        assert key in used or key.startswith(tuple(built)) or f'"{key}"' in scripts, key
    assert used <= set(table)
    assert not [k for k in table if re.search(r"[\u4e00-\u9fff]", comparison_words("en")[k])]


def test_a_city_takes_part_with_counties_that_have_no_run(tmp_path):
    targets = [target.model_dump(mode="json") for target in STANDARD.targets]
    standard = {**STANDARD.model_dump(mode="json", exclude={"kinds", "known"}), "targets": targets}
    run = write_run(tmp_path / "a", 0, 1.0, 2.0, standard=standard)
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    told["scorecard"] = card_records(empty_scorecard())
    (run / "run.json").write_text(json.dumps(told), encoding="utf-8")
    labels = {str(run): "甲县（430101）"}
    path = write_rolled_up([run], tmp_path / "city.csv", missing=["乙县"], labels=labels)
    table = pd.read_csv(path)
    assert len(table) == len(targets)
    assert set(table["未报齐的县（市、区）"].dropna()) == {"甲县（430101）、乙县"}
    again = write_rolled_up(
        read_runs([run]), tmp_path / "again.csv", missing=["乙县"], labels=labels
    )
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(InputError, match="given as missing"):
        write_rolled_up([run], path, missing=["县0"])


def rows(page):
    return [
        [cell.inner_text().split("\n")[0] for cell in row.locator("td, th").all()]
        for row in page.locator("#lc-panel .lc-ranking tbody tr").all()
    ]


@pytest.mark.browser
def test_the_table_ranks_and_the_map_answers(browser, counties, tmp_path):
    path = comparison_map(counties, tmp_path / "page.html")
    visit = Visit(browser, path)
    page = visit.page
    assert page.title() == "县（市、区）社区生活圈对比"
    assert page.locator(".lc-internal").first.inner_text() == "内部工作用图，未经审核不得公开"
    shown = rows(page)
    assert [row[:4] for row in shown[:2]] == [
        ["1", "县0", "84.4%", "38 / 45"],
        ["2", "县1", "60.0%", "30 / 50"],
    ]
    assert shown[2][:3] == ["–", "县2", "100.0%"]  # by 10 minutes: told, not ranked
    assert "口径不同：步行 ≤ 10 分钟" in page.locator("#lc-panel").inner_text()
    assert [row[2] for row in shown[3:]] == ["–"] * 4  # no data is not 0
    assert "roads.osm: cut short" in page.locator("tr[data-county='5']").inner_text()
    assert "县6" in page.locator(".lc-lost").inner_text()
    assert "68 / 95" in page.locator(".lc-sums").inner_text()
    middle = gpd.GeoSeries([square(1).centroid], crs=4326).iloc[0]
    page.mouse.click(*visit.go(middle, 4326, zoom=9))
    page.wait_for_selector("tr[data-county='1'].lc-chosen")
    assert "第 2 名（共 2）" in page.locator(".lc-told").inner_text()
    page.focus("#lc-county-0")
    page.keyboard.press("Enter")
    page.wait_for_selector("tr[data-county='0'].lc-chosen")
    page.click("#lc-sort-county")
    assert [row[1] for row in rows(page)] == [f"县{n}" for n in range(7)]
    page.click("#lc-lang-en")
    assert page.title() == "Community life circles: counties compared"
    assert "other threshold: ≤ 10 min on foot" in page.locator("#lc-panel").inner_text()
    page.click("#lc-classes-quantile")
    page.fill("#lc-find", "430102")
    assert [row[1] for row in rows(page)] == ["County 1"]
    visit.end()


@pytest.mark.browser
def test_paper_has_the_map_and_every_county(browser, counties, tmp_path):
    visit = Visit(browser, comparison_map(counties, tmp_path / "page.html"))
    page = visit.page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    sheet = page.locator("#lc-sheet")
    assert sheet.locator(".lc-sheet-map canvas").count() == 1
    told = sheet.text_content()
    assert all(f"县{number}" in told for number in range(7))
    assert "内部工作用图，未经审核不得公开" in told
    assert "cut short" in told
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#lc-sheet").count() == 0
    visit.end()


@pytest.mark.browser
def test_hostile_names_stay_text(browser, tmp_path):
    for number, name in enumerate(HOSTILE):
        write_run(tmp_path / "h" / str(number), number, 1.0, 2.0, zh=name)
    path = comparison_map(sorted((tmp_path / "h").iterdir()), tmp_path / "page.html")
    visit = Visit(browser, path)
    assert visit.page.locator("#lc-panel .lc-ranking tbody tr").count() == len(HOSTILE)
    assert visit.page.locator("#lc-panel img, #lc-panel script, #lc-panel b").count() == 0
    visit.end()


def test_a_standard_that_judges_nobody_here_costs_the_county_nothing(tmp_path):
    path = write_county(tmp_path)
    table = units().assign(setting="rural")
    table.to_file(tmp_path / "units.geojson", driver="GeoJSON")
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[standard]")], encoding="utf-8")
    with warnings.catch_warnings(action="ignore"):  # of kinds that nobody has mapped
        measured = measure(read_config(path), ["shaoyang-2025", "mofcom-15min"])
        judged = [judge(measured, standard) for standard in measured.standards]
    assert set(standards_comparison(judged)["standard"]) == {"shaoyang-2025"}
