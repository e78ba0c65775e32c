"""A synthetic county with ledgers of its own, from its files to its scorecard, checked by hand.

The mini county's two communities report in one workbook; its bureaus keep a GCJ-02 workbook of
facilities with a title line and merged cells, and a GBK table of village clinics.
"""

import json

import openpyxl
import pandas as pd
import pytest
from minicounty import LAT, LON, STEP, write_county

from lifecircle.config import read_config
from lifecircle.county import assess
from lifecircle.datum import GCJ02, from_lonlat
from lifecircle.render.writing import write_outputs

OPTIONS = """
[units]
file = { path = "units.geojson", source = "synthetic" }
ledgers = [{ path = "社区台账.xlsx", source = "synthetic community ledger" }]
"""
FILES = """
[[facilities.files]]
path = "设施台账.xlsx"
datum = "gcj02"
source = "synthetic facility ledger"

[[facilities.files]]
path = "卫生室.csv"
kind = "village_clinic"
source = "synthetic clinic ledger"

[facilities.words]
"便民服务大厅" = "community_centre"

[standard.priorities]
resettlement = 3.0
"""


def gcj02(i, j):
    """Where crossing (i, j) lies as Amap would show it."""
    lon, lat = from_lonlat(LON + i * STEP, LAT + j * STEP, GCJ02)
    return float(lon), float(lat)


def facility_ledger(path):
    """A title over merged cells, Chinese headings with units, a category merged over rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "台账"
    sheet.append(["合成县设施台账"])
    sheet.merge_cells("A1:I1")
    heads = ["名称", "类别", "经度", "纬度", "建筑面积（㎡）", "居民活动面积（㎡）", "开放时间"]
    sheet.append([*heads, "使用状态", "所属社区"])
    rows = [
        # crossing (0, 0): OSM's post office 设施0 under the same name
        ("设施0", "邮政所", *gcj02(0, 0), 80, None, "8:00-17:30", "在用", "西社区"),
        ("西社区便民中心", "便民服务大厅", *gcj02(1, 1), 43, 30, "8:00-18:00", "在用", "西社区"),
        ("东村便民中心", None, *gcj02(4, 1), 20, 10, "9:00-15:00", "在用", "东村"),
        ("旧粮站", "超市", *gcj02(4, 0), 300, None, None, "闲置", "东村"),
    ]
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("B4:B5")  # 便民服务大厅 holds for both centres
    book.save(path)


def community_ledger(path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(
        ["名称", "户数", "社区工作者人数", "志愿服务站", "法律服务", "满意度调查", "易地搬迁安置"]
    )
    sheet.append(["西社区", 100, 2, "是", "有", "是", "否"])
    sheet.append(["东村", 50, None, "否", "有", None, "是"])
    book.save(path)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledgers")
    path = write_county(folder)
    facility_ledger(folder / "设施台账.xlsx")
    community_ledger(folder / "社区台账.xlsx")
    clinic = f"名称,经度,纬度\n东村卫生室,{LON + 3 * STEP},{LAT + 3 * STEP}\n"
    (folder / "卫生室.csv").write_text(clinic, encoding="gbk")
    text = path.read_text(encoding="utf-8")
    text = text.replace('[units.file]\npath = "units.geojson"\nsource = "synthetic"\n', OPTIONS)
    text = text.replace("replace = true\n", "")  # the plan's own circles and targets
    path.write_text(text + FILES, encoding="utf-8")
    with pytest.warns(match="no facility is known of"):
        return assess(read_config(path))


def row(done, target, scope="county"):
    return done.scorecard.loc[(scope, target)]


def by_name(done, name):
    return done.inventory[done.inventory["name"] == name]


def test_gcj02_is_brought_to_its_place(done):
    place = by_name(done, "西社区便民中心").to_crs(4326).geometry.iloc[0]
    assert (place.x, place.y) == pytest.approx((LON + STEP, LAT + STEP), abs=1e-8)


def test_the_post_office_of_both_is_one_and_the_ledger_wins(done):
    (post,) = by_name(done, "设施0").itertuples()
    assert post.source == "synthetic facility ledger"
    assert post.floor_m2 == 80.0
    (merge,) = done.merges.itertuples()
    assert (merge.Index, merge.other_id, merge.reason) == (post.Index, "n900", "name")
    assert merge.distance_m == pytest.approx(0.0, abs=0.01)


def test_merged_cells_words_and_kinds(done):
    kinds = done.inventory.set_index("name")["kind"]
    assert kinds["西社区便民中心"] == kinds["东村便民中心"] == "community_centre"
    assert kinds["东村卫生室"] == "village_clinic"
    judged = done.facilities.set_index("name")
    assert judged.loc["东村卫生室", "kind"] == "clinic"  # a village clinic is a clinic too


def test_an_idle_building_serves_nobody(done):
    assert by_name(done, "旧粮站")["status"].tolist() == ["idle"]
    assert "旧粮站" not in set(done.facilities["name"])


def test_centre_area_per_100_households(done):
    # West: 43 m2 / 100 households = 43; east: 20 / 50 = 40 per 100; the county 63 / 150 = 42.
    assert row(done, "centre_area", "w")["value"] == pytest.approx(43.0)
    assert row(done, "centre_area", "e")["value"] == pytest.approx(40.0)
    county = row(done, "centre_area")
    assert (county["value"], county["numerator"], county["denominator"]) == (0.5, 1.0, 2.0)
    assert county["overall"] == pytest.approx(42.0)
    assert county["status"] == "not met"


def test_activity_area(done):
    # West: 30 / 43 = 69.8 %; east: 10 / 20 = 50 %, below 60 %.
    assert row(done, "activity_share", "w")["met"]
    assert not row(done, "activity_share", "e")["met"]


def test_what_is_not_reported_is_unknown(done):
    survey = row(done, "satisfaction_survey")
    assert (survey["known"], survey["total"], survey["status"]) == (1, 2, "unknown")
    assert row(done, "satisfaction_survey", "e")["status"] == "unknown"
    assert row(done, "legal_services")["status"] == "met"


def test_volunteer_stations(done):
    # One of two centres: 50 % of the 80 % that the plan wants.
    county = row(done, "volunteer_stations")
    assert (county["numerator"], county["denominator"]) == (1.0, 2.0)
    assert county["status"] == "not met"


def test_service_hours(done):
    # 8:00-17:30 is 9.5 h, 8:00-18:00 is 10 h, 9:00-15:00 is 6 h.
    hours = done.inventory.set_index("name")["hours_per_day"]
    assert hours[["设施0", "西社区便民中心", "东村便民中心"]].tolist() == [9.5, 10.0, 6.0]


def test_gaps_of_a_resettlement_quarter_come_first(done):
    assert done.units["priority"].tolist() == [1.0, 3.0]
    east = done.gaps[done.gaps["unit_id"] == "e"]
    assert east["priority_reasons"].str.contains("易地搬迁").all()


def test_the_scorecard_is_written(done, tmp_path):
    files = {path.name: path for path in write_outputs(done, tmp_path, without=["report", "map"])}
    table = pd.read_csv(files["scorecard.csv"])
    assert set(table["范围"]) == {"county", "w", "e"}
    run = json.loads(files["run.json"].read_text(encoding="utf-8"))
    assert {row["scope"] for row in run["scorecard"]} == {"county"}
    assert len(run["scorecard"]) == (table["范围"] == "county").sum()
    assert "mini" not in json.dumps(run["inputs"])
    assert "大" not in files["merges.csv"].read_text(encoding="utf-8-sig")
    assert len(pd.read_csv(files["merges.csv"])) == 1
