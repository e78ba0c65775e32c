"""What `check` says of ledgers held against one another, by hand, in the mini county."""

import re

import openpyxl
import pytest
from minicounty import LAT, LON, STEP, write_county

from lifecircle.checking import check_county
from lifecircle.config import read_config
from lifecircle.county import assess
from lifecircle.errors import InputError
from lifecircle.render.faults import fault_table, ledger_lines

HEAD = "类别,名称,经度,纬度"


def place(i, j, kind="邮政", name=None):
    """A line of a ledger for crossing (i, j)."""
    return f"{kind},{name or f'第{i}{j}所'},{LON + i * STEP:.6f},{LAT + j * STEP:.6f}"


@pytest.fixture
def county(tmp_path):
    """Write the mini county with ledgers {path: lines}; the keys of each entry after the path."""

    def write(ledgers, keys='datum = "wgs84"', more=""):
        path = write_county(tmp_path)
        text = path.read_text(encoding="utf-8") + more
        for name, lines in ledgers.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            text += f'\n[[facilities.files]]\npath = "{name}"\n{keys}\n'
        path.write_text(text, encoding="utf-8")
        return path

    return write


def told(check):
    return [f for f in check.faults if not f.what.startswith("no facility is known of")]


# --- ids --------------------------------------------------------------------------------------


def test_two_bureaus_count_from_one_and_every_other_fault_is_still_told(county):
    head = f"编号,{HEAD},床位数"
    path = county(
        {
            "a.csv": [head, f"1,{place(0, 1)},", f"2,{place(1, 1)},"],
            "b.csv": [head, f"1,{place(3, 1)},", f"2,{place(3, 3)},五十张"],
        }
    )
    (fault,) = told(check_county(path))
    assert (fault.where, fault.rows, fault.values) == (
        "[facilities] files b.csv",
        (3,),
        ("五十张",),
    )


def test_only_ids_that_repeat_get_their_files_number(county):
    head = f"编号,{HEAD}"
    path = county(
        {
            "a.csv": [head, f"1,{place(0, 1)}", f"x,{place(1, 1)}"],
            "b.csv": [head, f"1,{place(3, 1)}", f"1:1,{place(3, 3)}"],
        }
    )
    # 1:1 of the second file would meet 1 of the first: then every id bears its number.
    assert {"1:1", "1:x", "2:1", "2:1:1"} <= set(assess(read_config(path)).inventory.index)
    path.with_name("b.csv").write_text(f"{head}\n1,{place(3, 1)}\ny,{place(3, 3)}\n")
    assert {"1:1", "x", "2:1", "y"} <= set(assess(read_config(path)).inventory.index)


TOWNS = {
    "长铺镇/台账/设施.csv": [HEAD, place(0, 1)],
    "关峡乡/台账/设施.csv": [HEAD, place(3, 3), "邮政,无处,,"],
}


def test_townships_with_files_of_one_name(county):
    path = county(TOWNS)
    (fault,) = told(check_county(path))
    assert fault.where == "[facilities] files 关峡乡/台账/设施.csv"
    table = fault_table([fault])
    assert table[["file", "row", "column", "value", "place"]].to_numpy().tolist() == [
        ["关峡乡/台账/设施.csv", 3, "经度, 纬度", "（空）", "[facilities] files"]
    ]


def test_ids_made_for_townships_differ_and_stay(county, tmp_path):
    path = county({name: lines[:2] for name, lines in TOWNS.items()})
    ids = assess(read_config(path)).inventory.index
    made = [i for i in ids if i.startswith("设施-")]
    assert len(set(made)) == 2
    assert all(re.fullmatch(r"设施-[0-9a-f]{6}/2", i) for i in made)
    moved = tmp_path.with_name(tmp_path.name + "-elsewhere")
    tmp_path.rename(moved)
    assert list(assess(read_config(moved / "county.toml")).inventory.index) == list(ids)
    moved.rename(tmp_path)


def test_a_file_that_is_named_twice(county):
    path = county({"a.csv": [HEAD, place(0, 1)]})
    text = path.read_text(encoding="utf-8")
    path.write_text(text + '[[facilities.files]]\npath = "./a.csv"\n', encoding="utf-8")
    (fault,) = told(check_county(path))
    assert (fault.what, fault.severity) == ("a.csv is named twice", "error")
    with pytest.raises(InputError, match=r"a\.csv is named twice -> leave one of its entries"):
        assess(read_config(path))
    # Once more for another kind, from other columns, it is another ledger.
    path.write_text(
        text + '[[facilities.files]]\npath = "a.csv"\nkind = "pharmacy"\ndatum = "wgs84"\n',
        encoding="utf-8",
    )
    assert not check_county(path).errors


# --- the same facility twice --------------------------------------------------------------------


def test_each_row_that_repeats_a_facility_is_a_line_of_its_own(county):
    head = f"{HEAD},备注"
    first = [f"{place(0, 1, name='长铺邮政所')},", f"{place(3, 3, name='关峡邮政所')},"]
    # The first row of b.csv lies on row 2 of a.csv; its second some 11 m north of row 3 there.
    near = f"邮政,关峡邮政所,{LON + 3 * STEP:.6f},{LAT + 3 * STEP + 0.0001:.6f},"
    path = county(
        {
            "a.csv": [head, *first, first[0]],
            "b.csv": [head, f"{place(0, 1, name='长铺镇邮政支局')},", near],
        }
    )
    here, there = told(check_county(path))
    assert {here.what, there.what} == {"looks like a facility that is listed already"}
    assert (here.where, here.column, here.rows) == ("[facilities] files a.csv", "名称", (4,))
    assert here.values == ("长铺邮政所 (0 m from row 2 of a.csv)",)
    assert (there.where, there.rows) == ("[facilities] files b.csv", (2, 3))
    assert there.values[1] == "关峡邮政所 (11 m from row 3 of a.csv)"
    table = fault_table([here, there])
    assert table["file"].tolist() == ["a.csv", "b.csv", "b.csv"]
    assert table["row"].tolist() == [4, 2, 3]
    assert table["value"].iloc[2] == "关峡邮政所（距 a.csv 第3行 11 米）"
    assert table["what"].iloc[2] == "疑似与已列的设施重复"


# --- a corrected layer handed back ----------------------------------------------------------------


@pytest.mark.parametrize("match", ["true", "false"])
def test_a_row_with_an_osm_id_is_that_object_corrected(county, match):
    # n900 is OSM's post office at (0, 0); the bureau says that it lies at (1, 3), under a new name.
    path = county(
        {"layers.csv": [f"facility_id,{HEAD}", f"n900,{place(1, 3, name='新邮政支局')}"]},
        more=f"\n[facilities]\nmatch = {match}\n",
    )
    assert not told(check_county(path))
    done = assess(read_config(path))
    posts = done.inventory[done.inventory["kind"] == "post"]
    assert posts.index.tolist() == ["n900"]
    assert (posts["name"].iloc[0], posts["source"].iloc[0]) == ("新邮政支局", "layers.csv")
    (merge,) = done.merges.itertuples()
    assert (merge.Index, merge.other_id, merge.reason) == ("n900", "n900", "object")
    assert merge.other_name == "设施0"
    assert merge.distance_m == pytest.approx(347.0, abs=2.0)  # 99 m east, 333 m north


# --- no datum -------------------------------------------------------------------------------------


def test_a_ledger_without_datum_is_asked_for_it(county):
    (fault,) = told(check_county(county({"a.csv": [HEAD, place(0, 1)]}, keys="")))
    assert fault.what == "no datum is declared: read as WGS 84"
    assert (fault.severity, fault.column) == ("warning", "经度, 纬度")


@pytest.mark.parametrize("head", ["类别,名称,经度（WGS84）,纬度", "类别,名称,天地图经度,纬度"])
def test_columns_that_name_their_datum_are_not_asked(county, head):
    assert not told(check_county(county({"a.csv": [head, place(0, 1)]}, keys="")))


def test_columns_of_baidu_are_asked_once(county):
    head = HEAD.replace("经度", "经度(BD-09)")
    (fault,) = told(check_county(county({"a.csv": [head, place(0, 1)]}, keys="")))
    assert "says bd09, and no datum is declared" in fault.what


def test_the_demo_has_no_warning():
    assert check_county("data/liechtenstein/county.toml").faults == ()


# --- communities ----------------------------------------------------------------------------------


def test_ledgers_of_communities_are_told_once_each(county):
    path = county({"a.csv": [HEAD, place(0, 1)]})
    book = openpyxl.Workbook()
    book.active.append(["村名", "户数", "别的"])
    book.active.append(["东村", 20, "x"])
    book.save(path.with_name("民政局.xlsx"))
    text = path.read_text(encoding="utf-8")
    ledgers = '[units]\nledgers = [{ path = "民政局.xlsx" }, { path = "none.xlsx" }]\n[units.file]'
    path.write_text(text.replace("[units.file]", ledgers), encoding="utf-8")
    check = check_county(path)
    missing = [fault for fault in check.faults if "none.xlsx" in str(fault)]
    assert len(missing) == 1
    assert "units.ledgers[1]" in missing[0].what
    assert check.ledgers["of"].tolist() == ["facilities", "units"]
    lines = ledger_lines(check.ledgers, check.unmapped)
    assert lines[1] == (
        "民政局.xlsx：社区（村）台账，共 1 行；各列读作：社区（村）名称←村名，户数←户数"
    )
