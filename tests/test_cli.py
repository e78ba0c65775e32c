"""The command line: results, exit codes, and one clear message for each of many bad inputs."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
import typer
from minicounty import COUNTY, osm, units, with_raster, write_county, write_raster
from typer.testing import CliRunner

from lifecircle import cli
from lifecircle.cli import GROUPS, app
from lifecircle.render.writing import OUTPUTS

runner = CliRunner()
QUICK = ("--without", "report", "--without", "workbook")


def run(*words):
    return runner.invoke(app, [str(word) for word in words])


def test_it_writes_everything_and_names_the_files(tmp_path):
    out = tmp_path / "out"
    done = run("assess", write_county(tmp_path), "--out", out)
    assert done.exit_code == 0, done.output
    for name in OUTPUTS:
        assert (out / name).stat().st_size > 0
        assert str(out / name) in done.stdout


def test_the_default_folder_and_english(tmp_path, monkeypatch):
    path = write_county(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = run("assess", path, "--lang", "en", "-q")
    assert done.exit_code == 0, done.output
    assert done.output == ""
    page = (tmp_path / "out" / "mini" / "map.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in page
    assert "Synthetic county" in page


def test_verbose_tells_each_stage(tmp_path):
    done = run(
        "assess", write_county(tmp_path), "--out", tmp_path / "o", "-v", "--lang", "en", *QUICK
    )
    assert "[1/11] Reading the area" in done.output
    assert re.search(r"reach +\d+\.\d\d s +\d+ MB", done.output)


def test_help_and_version_are_quick_and_load_nothing_heavy():
    code = (
        "import sys; from lifecircle.cli import app\n"
        "heavy = {'numpy', 'pandas', 'geopandas', 'numba', 'osmnx', 'folium'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert run("--version").stdout.strip() == "0.1.0"
    assert "assess" in run("--help").stdout


def test_every_group_of_commands_is_reached():
    groups = {group.__name__.rpartition(".")[2] for group in GROUPS}
    folder = Path(cli.__file__).parent
    texts = {file.stem: file.read_text(encoding="utf-8") for file in folder.glob("[!_]*.py")}
    assert groups == {name for name, text in texts.items() if "\napp = " in text}
    assert set(typer.main.get_group(app).commands) >= {"assess", "batch", "export", "standards"}


@pytest.mark.parametrize(
    "words", [[], ["assess"], ["nothing"], ["assess", "x.toml", "--lang", "fr"]]
)
def test_wrong_usage_is_2(words):
    assert run(*words).exit_code == 2


def test_verbose_and_quiet_exclude_each_other(tmp_path):
    assert run("assess", write_county(tmp_path), "-v", "-q").exit_code == 2


def edit(old, new):
    def change(folder):
        path = folder / "county.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def write(name, content):
    def change(folder):
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            (folder / name).write_text(content, encoding="utf-8")

    return change


def remove(name):
    return lambda folder: (folder / name).unlink()


def change_units(change):
    def rewrite(folder):
        change(units()).to_file(folder / "units.geojson", driver="GeoJSON")

    return rewrite


def reshaped(frame, shapes):
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=list(shapes), crs=4326)


def raster(values=None, **changes):
    def rewrite(folder):
        with_raster(folder / "county.toml")
        write_raster(folder / "people.tif", values, **changes)

    return rewrite


def boundary(geometry):
    def rewrite(folder):
        frame = gpd.GeoDataFrame(geometry=[geometry], crs=4326)
        frame.to_file(folder / "boundary.geojson", driver="GeoJSON")
        with (folder / "county.toml").open("a", encoding="utf-8") as file:
            file.write('\n[boundary.file]\npath = "boundary.geojson"\n')

    return rewrite


def ledger(text):
    def rewrite(folder):
        (folder / "ledger.csv").write_text(text, encoding="utf-8")
        with (folder / "county.toml").open("a", encoding="utf-8") as file:
            file.write('\n[[facilities.files]]\npath = "ledger.csv"\n')

    return rewrite


def totals(text):
    def rewrite(folder):
        (folder / "totals.csv").write_text(text, encoding="utf-8")
        edit("[population]", '[units.totals]\npath = "totals.csv"\n\n[population]')(folder)

    return rewrite


BOW_TIE = shapely.Polygon([(110, 27), (110.004, 27.004), (110.004, 27), (110, 27.004)])
ALL_NODATA = np.full((6, 6), -200.0)
NEGATIVE = np.where(np.eye(6) > 0, -5.0, 2.0)

BAD = {
    "no such county file": (remove("county.toml"), r"county\.toml: there is no such file"),
    "not toml": (write("county.toml", 'name = "mini'), r"not TOML"),
    "not text": (write("county.toml", b"\xff\xfe\x00\x01\x80"), r"UTF-8"),
    "unknown key": (edit("[population]", "[population]\nrastr = 1"), r"population\.rastr"),
    "unknown table": (edit("[population]", "[popluation]\na = 1\n[population]"), r"popluation"),
    "wrong type": (edit("totals = true", 'totals = "maybe"'), r"population\.totals"),
    "speed out of range": (edit("[standard]", "[walk]\nspeed_kph = 99\n[standard]"), r"speed_kph"),
    "no roads": (
        edit('[roads.osm]\npath = "roads.osm"', '[roads]\n[ignored]\npath = "x"'),
        r"roads: .*one of osm, graphml",
    ),
    "two kinds of roads": (
        edit("[units.file]", "[roads]\noverpass = true\n[units.file]"),
        r"not TOML|one of osm",
    ),
    "no population": (edit("totals = true", ""), r"give a raster, or totals"),
    "unknown standard": (edit("replace = true", 'base = "gb-9999"'), r"unknown standard 'gb-9999'"),
    "unknown kind": (edit('"clinic"]\nminutes', '"klinik"]\nminutes'), r"unknown kind 'klinik'"),
    "unknown circle": (edit('circle = "near"', 'circle = "far"'), r"unknown circle 'far'"),
    "two thresholds": (edit("minutes = 5\n", "minutes = 5\nmetres = 400\n"), r"minutes or metres"),
    "bad tag rule": (
        edit(
            "[standard.circles.near]", '[standard.kinds.post]\nosm = ["x"]\n[standard.circles.near]'
        ),
        r"tag rule 'x'",
    ),
    "bad crs": (edit('name = "mini"', 'name = "mini"\ncrs = "EPSG:4326"'), r"not in metres"),
    "crs of another place": (
        edit('name = "mini"', 'name = "mini"\ncrs = "EPSG:3857"'),
        r"too long",
    ),
    "a zone of another longitude": (
        edit('name = "mini"', 'name = "mini"\ncrs = "EPSG:4534"'),
        r"too long",
    ),
    "named county": (edit('name = "mini"', 'name = "county"'), r"stands for the whole"),
    "an endless isochrone": (edit("minutes = [5, 10]", "minutes = [inf]"), r"isochrones\.minutes"),
    "an isochrone twice": (edit("minutes = [5, 10]", "minutes = [5, 5]"), r"given twice"),
    "an endless threshold": (edit("minutes = 5\n", "minutes = inf\n"), r"minutes"),
    "a kind required twice": (
        edit('["post", "retail", "clinic"]', '["post", "retail", "post"]'),
        r"requires 'post' twice",
    ),
    "nobody at all": (
        lambda folder: (
            raster()(folder),
            edit("[isochrones]", "totals = true\n[isochrones]")(folder),
            change_units(lambda u: u.assign(residents=0))(folder),
        ),
        r"residents are 0 in every unit",
    ),
    "unknown crs": (edit('name = "mini"', 'name = "mini"\ncrs = "EPSG:0"'), r"crs.*EPSG:0"),
    "missing files, all at once": (
        lambda folder: (remove("roads.osm")(folder), remove("units.geojson")(folder)),
        r"(?s)roads\.osm.*not there.*units\.geojson.*not there",
    ),
    "not osm": (write("roads.osm", "hello"), r"roads\.osm"),
    "cut short": (write("roads.osm", osm()[:3000]), r"roads\.osm"),
    "not a pbf": (
        lambda folder: (
            edit('"roads.osm"', '"roads.osm.pbf"')(folder),
            write("roads.osm.pbf", b"not a pbf")(folder),
        ),
        r"roads\.osm\.pbf",
    ),
    "empty osm": (write("roads.osm", ""), r"roads\.osm"),
    "only a motorway": (write("roads.osm", osm(highway="motorway")), r"walk"),
    "everything closed to feet": (
        write("roads.osm", osm(tags='<tag k="foot" v="no"/>')),
        r"walk",
    ),
    "roads elsewhere": (write("roads.osm", osm().replace('lat="27.', 'lat="37.')), r"37\.0"),
    "no facility of any kind": (
        write("roads.osm", re.sub(r'<tag k="(amenity|shop)"[^>]*>', "", osm())),
        r"none is of a required kind",
    ),
    "units without id": (
        change_units(lambda u: u.drop(columns="unit_id")),
        r"no column 'unit_id'; its columns: .*name",
    ),
    "units with the same id": (change_units(lambda u: u.assign(unit_id="w")), r"ids repeat"),
    "unknown setting": (
        change_units(lambda u: u.assign(setting="山上")),
        r"no setting that is known: row 1 .山上.",
    ),
    "negative residents": (change_units(lambda u: u.assign(residents=[-5, 3])), r"-5"),
    "no number of residents": (
        change_units(lambda u: u.assign(residents=["many", "3"])),
        r"many",
    ),
    "residents missing": (change_units(lambda u: u.assign(residents=[np.nan, 3])), r"residents"),
    "overlapping units": (
        change_units(
            lambda u: reshaped(u, shapely.buffer(u.geometry.array, 0.001, join_style="mitre"))
        ),
        r"units overlap: .*西社区",
    ),
    "a unit without area": (
        change_units(lambda u: reshaped(u, [shapely.Polygon(), u.geometry.iloc[1]])),
        r"empty",
    ),
    "units that are points": (
        change_units(lambda u: reshaped(u, shapely.centroid(u.geometry.array))),
        r"Point",
    ),
    "totals of an unknown unit": (
        totals("unit_id,residents\nw,100\ne,50\nzz,9\n"),
        r"zz",
    ),
    "units without total": (totals("unit_id,residents\nw,100\n"), r"e"),
    "units are no vector file": (write("units.geojson", "{]"), r"units\.geojson"),
    "boundary crosses itself": (boundary(BOW_TIE), r"crosses itself"),
    "boundary is empty": (boundary(shapely.Polygon()), r"boundary\.geojson"),
    "lon and lat swapped": (
        boundary(shapely.box(27.0, 110.0, 27.004, 110.004)),
        r"boundary\.geojson",
    ),
    "raster elsewhere": (raster(transform=(0.001, 0, 10, 0, -0.001, 50)), r"people\.tif"),
    "raster all nodata": (raster(ALL_NODATA), r"people\.tif"),
    "raster without crs": (raster(crs=None), r"people\.tif.*coordinate system|people\.tif"),
    "negative population": (raster(NEGATIVE), r"negative|-5"),
    "no raster at all": (
        lambda folder: (raster()(folder), write("people.tif", "hello")(folder)),
        r"people\.tif",
    ),
    "ledger: unknown kind": (ledger("kind,name,lon,lat\n澡堂,a,110.001,27.001\n"), r"澡堂"),
    "ledger: no coordinates": (ledger("kind,name,lon,lat\n邮政,a,,27.001\n"), r"row 2|lon"),
    "ledger: all of it elsewhere": (
        ledger("kind,name,lon,lat\n邮政,远方,27.001,60.001\n"),
        r"ledger\.csv: 1 of 1 facilities lie outside .*远方.*datum",
    ),
    "ledger: swapped": (ledger("kind,name,lon,lat\n邮政,a,27.001,110.001\n"), r"110\.001|lat"),
}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning:pyogrio")
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error(case, tmp_path):
    change, message = BAD[case]
    write_county(tmp_path)
    change(tmp_path)
    out = tmp_path / "out"
    done = run("assess", tmp_path / "county.toml", "--out", out, "--lang", "en")
    assert done.exit_code == 1, done.output
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    lines = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert lines, done.output
    assert all(" -> " in line for line in lines), done.output  # every fault says how to mend it
    assert re.search(message, done.output), done.output
    assert "Traceback" not in done.output
    assert not (out / "map.html").exists()


def test_there_are_many_cases():
    assert len(BAD) >= 40


def test_the_output_folder_is_a_file(tmp_path):
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    done = run("assess", write_county(tmp_path / "county"), "--out", tmp_path / "taken")
    assert done.exit_code == 1
    assert "taken" in done.output
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_a_hostile_name_is_only_text(tmp_path):
    path = write_county(tmp_path)
    hostile = "<script>alert(1)</script>"
    roads = tmp_path / "roads.osm"
    escaped = hostile.replace("<", "&lt;").replace(">", "&gt;")
    roads.write_text(osm().replace("设施0", escaped), encoding="utf-8")
    change_units(lambda u: u.assign(name=[hostile, "=cmd()"]))(tmp_path)
    done = run("assess", path, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert hostile not in (tmp_path / "out" / "map.html").read_text(encoding="utf-8")


def test_the_county_template_of_suining_names_what_is_missing():
    done = run("assess", "data/shaoyang/suining.toml", "-q")
    assert done.exit_code == 1
    for name in ("hunan-latest.osm.pbf", "units.gpkg", "chn_ppp_2020.tif"):
        assert name in done.output


def test_it_is_named_as_a_module_too():
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "lifecircle", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0.1.0"
    assert time.perf_counter() - begun < 60  # a hang, not a speed


def test_the_mini_county_is_what_the_cases_change():
    assert COUNTY.count("[standard]") == 1
    assert Path("data/liechtenstein/county.toml").exists()


# -- check, init, standards, scorecard -----------------------------------------------------------


def with_ledger(tmp_path, text, options=""):
    """The mini county with one ledger of its own."""
    path = write_county(tmp_path)
    (tmp_path / "台账.csv").write_text(text, encoding="gb18030")
    with path.open("a", encoding="utf-8") as file:
        file.write(f'\n[[facilities.files]]\npath = "台账.csv"\n{options}')
    return path


def test_check_finds_nothing_wrong_with_a_good_county(tmp_path):
    done = run(
        "check", with_ledger(tmp_path, "名称,类别,经度,纬度\n北街药店,药店,110.001,27.001\n")
    )
    assert done.exit_code == 0, done.output
    assert "共 0 个错误" in done.stdout
    assert "台账.csv：采用 1 条设施" in done.stdout


def test_check_lists_all_faults_of_all_files_at_once(tmp_path):
    rows = "名称,类别,经度,纬度,建筑面积\n甲,药店,abc,27.001,100\n"
    rows += "乙,药店,110.001,27.001,-5\n丙,,110.001,27.001,9\n"
    path = with_ledger(tmp_path, rows)
    with path.open("a", encoding="utf-8") as file:
        file.write('\n[[facilities.files]]\npath = "没有的.xlsx"\n')
    out = tmp_path / "faults.xlsx"
    done = run("check", path, "--out", out)
    assert done.exit_code == 1
    for piece in ("第2行“abc”", "第3行“-5”", "第4行", "没有的.xlsx"):
        assert piece in done.stdout, done.stdout
    sheet = openpyxl.load_workbook(out)["问题清单"]
    table = [{cell.value for cell in row} for row in sheet.iter_rows()]
    assert all(any(fault <= row for row in table) for fault in ({2, "abc"}, {3, "-5"}))
    assert not (tmp_path / "out").exists()  # it computes and writes nothing else


def test_check_goes_on_after_a_broken_file(tmp_path):
    path = with_ledger(tmp_path, "名称,类别,经度,纬度\n甲,药店,abc,27.001\n")
    (tmp_path / "units.geojson").write_text("{broken", encoding="utf-8")
    done = run("check", path, "--lang", "en")
    assert done.exit_code == 1
    assert "units.geojson" in done.stdout
    assert "'abc'" in done.stdout


def test_check_of_a_broken_county_file(tmp_path):
    path = tmp_path / "county.toml"
    path.write_text("name = [", encoding="utf-8")
    done = run("check", path)
    assert done.exit_code == 1
    assert "county.toml" in done.stdout


def test_findings_of_a_failed_run_are_told(tmp_path):
    rows = "名称,类别,经度,纬度\n甲,澡堂,110.001,27.001\n乙,药店,110.001,-x5\n"
    done = run("assess", with_ledger(tmp_path, rows), "--out", tmp_path / "out", *QUICK)
    assert done.exit_code == 1
    assert re.search(r"warning: .*澡堂", done.output)
    assert re.search(r"error: .*-x5", done.output)


def test_standards_are_listed_and_shown(tmp_path):
    listed = run("standards")
    assert listed.exit_code == 0
    for name in ("shaoyang-2025", "gb50180-2018", "tdt1063-2021", "mofcom-15min"):
        assert name in listed.stdout
        shown = run("standards", "show", name)
        assert shown.exit_code == 0
        assert "核实" in shown.stdout
    english = run("standards", "show", "gb50180-2018", "--lang", "en")
    assert "unverified" in english.stdout
    assert run("standards", "show", "iso9001").exit_code == 1
    county = write_county(tmp_path)
    assert run("standards", "show", county).exit_code == 0


def test_several_standards_judge_one_measurement(tmp_path):
    out = tmp_path / "out"
    names = ("shaoyang-2025", "mofcom-15min")
    words = [word for name in names for word in ("--standard", name)]
    done = run("assess", write_county(tmp_path), "--out", out, *words, *QUICK)
    assert done.exit_code == 0, done.output
    for name in names:
        run_file = json.loads((out / name / "run.json").read_text(encoding="utf-8"))
        assert run_file["standard"]["key"] == name
        assert (out / name / "map.html").stat().st_size > 0
    table = pd.read_csv(out / "standards.csv")
    assert set(table["standard"]) == set(names)
    assert table["share_of_population"].between(0, 1).all()
    assert set(table["flag"].dropna()) <= {"confirmed", "secondary", "ours", "unverified"}
    assert run("assess", write_county(tmp_path / "b"), "--standard", "none").exit_code == 1


def test_counties_add_up_to_their_city(tmp_path):
    folders = []
    for name in ("甲县", "乙县"):
        path = write_county(tmp_path / name)
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'zh = "[^"]*"', f'zh = "{name}"', text, count=1), encoding="utf-8")
        folders.append(tmp_path / "out" / name)
        assert run("assess", path, "--out", folders[-1], "-q", *QUICK).exit_code == 0
    done = run("scorecard", *folders, "--out", tmp_path / "city.csv")
    assert done.exit_code == 0, done.output
    city = pd.read_csv(tmp_path / "city.csv").set_index("指标编号")
    county = pd.read_csv(folders[0] / "scorecard.csv")
    county = county[county["范围"] == "county"].set_index("指标编号")
    both = county["分母"].notna()
    assert both.any()
    pd.testing.assert_series_equal(
        city.loc[both.index[both], "分母"], 2 * county.loc[both.index[both], "分母"]
    )
    other = tmp_path / "乙县" / "county.toml"
    text = other.read_text(encoding="utf-8")
    own = text.replace("[standard]", "[standard]\ncommunity_share = 0.5", 1)
    other.write_text(own, encoding="utf-8")
    assert run("assess", other, "--out", folders[1], "-q", *QUICK).exit_code == 0
    done = run("scorecard", *folders, "--out", tmp_path / "apart.csv")
    assert done.exit_code == 0, done.output
    assert "target centre_urban: 乙县 judged it by other figures" in done.output
    apart = pd.read_csv(tmp_path / "apart.csv").set_index("指标编号")["未报齐的县（市、区）"]
    assert "乙县（口径不同）" in apart["centre_urban"]
    assert "口径不同" not in str(apart["mediation"])
    twice = run("scorecard", folders[0], folders[0], "--out", tmp_path / "no.csv")
    assert twice.exit_code == 1
    assert "once more" in twice.output
    nothing = run("scorecard", tmp_path, "--out", tmp_path / "no.csv")
    assert nothing.exit_code == 1
    assert "run.json" in nothing.output


def test_init_starts_a_county_and_never_overwrites(tmp_path):
    border = tmp_path / "border.geojson"
    shapes = gpd.GeoDataFrame(geometry=[shapely.box(110.0, 26.9, 110.1, 27.1)], crs=4326)
    shapes.to_file(border, driver="GeoJSON")
    folder = tmp_path / "mine"
    done = run("init", border, "--out", folder)
    assert done.exit_code == 0, done.output
    assert {"county.toml", "下载清单.md"} <= {file.name for file in folder.iterdir()}
    (folder / "county.toml").write_text("mine", encoding="utf-8")
    again = run("init", border, "--out", folder)
    assert again.exit_code == 1
    assert (folder / "county.toml").read_text(encoding="utf-8") == "mine"
    assert run("init", "43052").exit_code == 1
