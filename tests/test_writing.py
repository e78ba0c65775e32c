"""The files that go to the bureau: what is in them, and that none is ever left half-written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from synthetic_assessment import CRS, synthetic_assessment

from lifecircle.errors import DataWarning, LifecircleError, OutputError, TableError
from lifecircle.render import writing
from lifecircle.render.tables.sheets import gap_table
from lifecircle.render.writing import OUTPUTS, PARTS, check_writable, write_outputs

SLOW = ("report", "workbook", "map")


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment(across=48)


@pytest.fixture(scope="module")
def out(invented, tmp_path_factory):
    folder = tmp_path_factory.mktemp("county") / "made" / "on the way"
    written = write_outputs(invented, folder, lang="en")
    assert written == [folder / name for name in OUTPUTS]
    return folder


def table(out, name):
    return pd.read_csv(out / name, encoding="utf-8-sig", dtype={"scope": str, "unit_id": str})


def test_exactly_these_files_are_there(out):
    assert sorted(path.name for path in out.iterdir()) == sorted(OUTPUTS)
    maps = sorted(path.suffix for path in (out / "maps").iterdir())
    assert maps[0] == ".pdf"
    assert set(maps[1:]) == {".png"}


def test_what_is_left_out_is_not_written_and_an_older_one_is_named(invented, tmp_path):
    left = ("report", "workbook", "map", "layers")
    written = write_outputs(invented, tmp_path, without=left)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {*PARTS["tables"], *PARTS["run"]} == {path.name for path in written}
    write_outputs(invented, tmp_path, without=SLOW)
    gpkg = (tmp_path / "layers.gpkg").read_bytes()
    with pytest.warns(DataWarning, match=r"of an earlier run, not of this one: layers\.gpkg"):
        write_outputs(invented, tmp_path, without=left)
    assert (tmp_path / "layers.gpkg").read_bytes() == gpkg


def test_a_folder_of_maps_is_replaced_as_a_whole(tmp_path):
    old, new = tmp_path / "maps", tmp_path / "place" / "maps"
    for folder, name in ((old, "01-gone.png"), (new, "01-new.png")):
        folder.mkdir(parents=True)
        (folder / name).write_bytes(b"")
    writing._put(new, old)
    assert [path.name for path in old.iterdir()] == ["01-new.png"]


def test_a_folder_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    old, new = tmp_path / "maps", tmp_path / "place" / "maps"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / f"{folder.parent.name}.png").write_bytes(b"")
    original = Path.replace

    def held(self, target):
        if self == new:
            raise PermissionError(13, "used by another process")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(PermissionError):
        writing._put(new, old)
    assert [path.name for path in old.iterdir()] == [f"{tmp_path.name}.png"]


def test_csv_files_open_in_excel(out):
    for name in ("coverage.csv", "scores.csv", "gaps.csv"):
        raw = (out / name).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        assert raw.count(b"\r\n") == raw.count(b"\n") > 1


def test_coverage_keeps_every_row_and_adds_names(out, invented):
    frame = table(out, "coverage.csv")
    assert len(frame) == len(invented.coverage)
    row = frame.query("scope == 'county' and kind == 'post' and circle == 'urban_life_15'").iloc[0]
    assert (row["kind_zh"], row["kind_en"]) == ("邮政", "Post")
    assert row["circle_zh"] == "城市社区15分钟生活圈"
    assert row["unit_name"] == "虚构县<i>"
    expected = invented.coverage.loc[("county", "urban_life_15", "post", "population"), "share"]
    assert row["share"] == pytest.approx(expected, abs=5e-7)  # written to a millionth
    assert frame.set_index("scope").loc["430527101", "unit_name"].iloc[0] == "金屋塘镇"


def test_scores_name_the_unit_its_setting_and_the_worst_kind(out, invented):
    frame = table(out, "scores.csv")
    assert len(frame) == len(invented.unit_scores)
    county = frame[frame["scope"] == "county"]
    assert (county["residents"] == 49_000.0).all()
    own = frame[frame["scope"] == "430527102"].iloc[0]
    assert own["setting"] == "township"
    worst = invented.unit_scores.loc[("430527102", "township_convenience"), "worst_kind"]
    assert own["worst_kind"] == worst
    assert own["worst_kind_zh"] == invented.standard.kinds[worst].zh


def test_gaps_lie_where_their_point_says(out, invented):
    frame = table(out, "gaps.csv").set_index("gap_id")
    assert len(frame) == len(invented.gaps)
    points = gpd.GeoSeries(
        gpd.points_from_xy(frame["lon"], frame["lat"]), index=frame.index, crs=4326
    ).to_crs(CRS)
    areas = invented.gaps.geometry.buffer(0.2)  # 1e-6 degrees is 0.1 m
    assert shapely.contains(areas.loc[points.index].to_numpy(), points.to_numpy()).all()


def test_gaps_are_sorted_by_kind_and_rank(invented):
    frame = gap_table(invented)
    assert frame["kind"].drop_duplicates().tolist() == ["post", "retail", "clinic"]
    assert (frame.groupby("kind")["rank"].diff().dropna() > 0).all()


def test_text_that_a_spreadsheet_would_run_is_disarmed(out):
    raw = (out / "gaps.csv").read_text(encoding="utf-8-sig")
    names = set(table(out, "gaps.csv")["nearest_facility_name"].dropna())
    assert not [name for name in names if name[0] in "=+-@"]
    assert '"=HYPERLINK' not in raw


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+86 739", "'+86 739"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("长铺镇", "长铺镇"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_only_formula_starts_are_changed(tmp_path, text, written):
    writing._write_csv(tmp_path / "t.csv", pd.DataFrame({"name": [text], "value": [-1.5]}))
    back = pd.read_csv(tmp_path / "t.csv", encoding="utf-8-sig", keep_default_na=False)
    assert back.loc[0, "name"] == written
    assert back.loc[0, "value"] == -1.5  # numbers stay numbers


def test_layers_are_in_the_county_crs_with_all_rows(out, invented):
    layers = {name for name, _ in pyogrio.list_layers(out / "layers.gpkg")}
    named = {"facilities", "isochrones", "units", "cells", "gaps"}
    assert named < layers
    for name in named:
        frame = gpd.read_file(out / "layers.gpkg", layer=name)
        assert frame.crs == CRS
        assert len(frame) == len(getattr(invented, name))
        assert len(set(frame.geom_type)) == 1


def test_layers_hold_the_figures(out, invented):
    units = gpd.read_file(out / "layers.gpkg", layer="units").set_index("unit_id")
    key = ("430527101", "urban_life_15")
    assert units.loc[key[0], "score_urban_life_15"] == invented.unit_scores.loc[key, "score"]
    share = invented.coverage.loc[(*key, "post", "population"), "share"]
    assert units.loc[key[0], "covered_urban_life_15_post"] == share
    assert np.isnan(units.loc["430527100", "score_urban_life_15"])
    cells = gpd.read_file(out / "layers.gpkg", layer="cells").set_index("cell_id")
    seconds = invented.access.xs("post", level="kind")["seconds"].loc[cells.index]
    assert np.allclose(cells["minutes_post"], seconds / 60, atol=0.0051, equal_nan=True)
    assert cells["persons"].sum() == pytest.approx(invented.cells["persons"].sum())
    facilities = gpd.read_file(out / "layers.gpkg", layer="facilities").set_index("facility_id")
    assert facilities.loc["f000", "name"] == "<script>alert(1)</script>"


def test_cells_parquet_holds_seconds_and_scores_exactly(out, invented):
    cells = gpd.read_parquet(out / "cells.parquet")
    assert cells.crs == CRS
    assert cells.index.equals(invented.cells.index)
    for kind in ("post", "sport"):
        expected = invented.access.xs(kind, level="kind")["seconds"].loc[cells.index]
        assert np.array_equal(cells[f"seconds_{kind}"], expected, equal_nan=True)
    judged = invented.scores.xs("urban_life_15", level="circle")["score"]
    assert cells["score_urban_life_15"].notna().sum() == len(judged)
    assert np.array_equal(cells.loc[judged.index, "score_urban_life_15"], judged)


def test_run_json_is_strict_json_without_nan(out):
    text = (out / "run.json").read_text(encoding="utf-8")
    run = json.loads(text, parse_constant=pytest.fail)
    assert run == {"config": {"name": "synthetic"}, "seconds": {"reach": 0.5}, "share": None}


def test_run_json_takes_what_a_run_holds():
    run = {
        "path": Path("a") / "b",
        1: np.float64("inf"),
        "n": np.int64(3),
        "array": np.array([1.0, np.nan]),
        "set": {"b", "a"},
        "flag": True,
        "文": "字",
    }
    assert json.loads(writing._run_json(run)) == {
        "path": str(Path("a") / "b"),
        "1": None,
        "n": 3,
        "array": [1.0, None],
        "set": ["a", "b"],
        "flag": True,
        "文": "字",
    }


def test_the_map_is_in_the_language_asked_for(invented, tmp_path):
    for lang, tag, layer in (("en", "en", "units"), ("zh", "zh-CN", "评价单元")):
        write_outputs(invented, tmp_path, lang=lang, without=("report", "workbook"))
        assert f'<html lang="{tag}">' in (tmp_path / "map.html").read_text(encoding="utf-8")
        assert layer in [name for name, _ in pyogrio.list_layers(tmp_path / "layers.gpkg")]


def test_a_second_run_replaces_the_first(invented, tmp_path):
    write_outputs(invented, tmp_path, without=SLOW)
    one = replace(invented, gaps=invented.gaps.iloc[:1])
    write_outputs(one, tmp_path, lang="en", without=SLOW)
    assert len(table(tmp_path, "gaps.csv")) == 1
    assert len(gpd.read_file(tmp_path / "layers.gpkg", layer="gaps")) == 1


def test_empty_tables_are_written_too(invented, tmp_path):
    bare = replace(invented, gaps=invented.gaps.iloc[:0], isochrones=invented.isochrones.iloc[:0])
    write_outputs(bare, tmp_path, lang="en")
    assert len(table(tmp_path, "gaps.csv")) == 0
    assert len(gpd.read_file(tmp_path / "layers.gpkg", layer="gaps")) == 0


# --- what goes wrong -------------------------------------------------------------------------


def test_the_output_is_a_file(invented, tmp_path):
    file = tmp_path / "out"
    file.write_text("mine")
    for attempt in (check_writable, lambda path: write_outputs(invented, path)):
        with pytest.raises(OutputError, match="is a file, not a folder"):
            attempt(file)
    assert file.read_text() == "mine"


def test_the_output_lies_below_a_file(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="cannot be made"):
        check_writable(tmp_path / "out" / "county")


def test_the_folder_cannot_be_written_to(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(writing.tempfile, "mkdtemp", refuse)
    with pytest.raises(OutputError, match=r"cannot be written to: .*Permission denied.*--out"):
        check_writable(tmp_path)


def test_a_check_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("owner", "name", "error"),
    [
        (writing, "_run_json", OSError(28, "No space left on device")),
        (writing.pyogrio, "write_dataframe", pyogrio.errors.DataSourceError("disk I/O error")),
        (gpd.GeoDataFrame, "to_parquet", OSError(28, "No space left on device")),
    ],
)
def test_what_was_there_is_untouched_when_a_file_fails(
    invented, tmp_path, monkeypatch, owner, name, error
):
    write_outputs(invented, tmp_path, without=SLOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(OutputError, match=r"cannot be written.*MB free") as caught:
        write_outputs(replace(invented, gaps=invented.gaps.iloc[:1]), tmp_path, without=SLOW)
    assert isinstance(caught.value, LifecircleError | OSError)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_another_program_holds_is_named(invented, tmp_path, monkeypatch):
    original = Path.replace

    def held(self, target):
        if self.name == "gaps.csv":
            raise PermissionError(13, "used by another process")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(OutputError, match=r"gaps\.csv: cannot be written.*close it in other"):
        write_outputs(invented, tmp_path, without=SLOW)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".writing")]


def test_nothing_is_written_from_a_broken_table(invented, tmp_path):
    broken = invented.cells.assign(persons=-1.0)
    with pytest.raises(TableError, match="persons"):
        write_outputs(replace(invented, cells=broken), tmp_path / "new")
    assert not (tmp_path / "new").exists()
