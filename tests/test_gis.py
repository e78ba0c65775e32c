"""Layers for a GIS: names, styles, and exports that read back as they were."""

from __future__ import annotations

import json
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_assessment import CRS, synthetic_assessment
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.errors import CRSError, DataWarning, InputError, MissingFileError, OutputError
from lifecircle.render import writing
from lifecircle.render.gis import export as gis
from lifecircle.render.gis import geopackage as gis_geopackage
from lifecircle.render.gis import raster as gis_raster
from lifecircle.render.gis.crs import central_meridian, export_crs
from lifecircle.render.gis.export import export_layers
from lifecircle.render.gis.frames import by_type, cut_bytes, file_name, fitting_names, plain_values
from lifecircle.render.gis.layers import cell_layer, layer_tables, write_layers
from lifecircle.render.gis.raster import carried, cell_grid, write_rasters
from lifecircle.render.gis.styles import GAP, GOOD_TO_BAD, MINUTE_BREAKS, NO_DATA, layer_styles
from lifecircle.render.gis.vector import write_geodatabase, write_geoparquet, write_shapefiles
from lifecircle.render.gis.words import LAYERS, clean, describe, layer_key, layer_name, storable
from lifecircle.render.tables.readers_shared import main_points

pytestmark = pytest.mark.filterwarnings("ignore:organizePolygons:RuntimeWarning")

TEMPLATES = Path(gis.__file__).parents[1] / "web" / "templates"
FORMATS = ("gpkg", "gdb", "shp", "geoparquet")
RECORD = {
    "generated": "2026-01-31T08:00:00+00:00",
    "config": {
        "name": "synthetic",
        "zh": "虚构县",
        "en": "Invented county",
        "map": {"producer": "某局", "approval_number": ""},
    },
    "standard": {"key": "synthetic", "zh": "虚构标准", "en": "Invented standard", "source": "none"},
    "software": {"lifecircle": "0.0"},
    "inputs": {"roads.osm": {"path": "r.osm.pbf", "source": "OSM", "date": "", "licence": "ODbL"}},
}
NO_NAMES = pd.DataFrame(columns=["what", "key", "zh", "en", "settings", "color"], dtype=str)


def write_run(folder, assessment, lang="zh"):
    """Write what an export needs of a finished run."""
    folder.mkdir(parents=True)
    write_layers(folder / "layers.gpkg", assessment, lang=lang)
    cell_layer(assessment, minutes=False).to_parquet(folder / "cells.parquet", compression="zstd")
    run = assessment.run if "standard" in assessment.run else RECORD
    (folder / "run.json").write_text(writing._run_json(run), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment(across=48)


@pytest.fixture(scope="module")
def tables(invented):
    return layer_tables(invented)


@pytest.fixture(scope="module")
def run(invented, tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("gis") / "out" / "synthetic", invented)


def parsed(text):
    return ET.fromstring(text)  # noqa: S314 - written by the code under test


def read(path, layer=None):
    return pyogrio.read_dataframe(path, layer=layer, use_arrow=True)


def files_of(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


# --- the GeoPackage of every run ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "names"),
    [
        ("zh", ["设施", "等时圈", "评价单元", "人口格网", "服务缺口", "字段说明", "名称对照"]),
        ("en", ["facilities", "isochrones", "units", "cells", "gaps", "field_dictionary", "names"]),
    ],
)
def test_layers_go_by_names_of_the_language(invented, tmp_path, lang, names):
    write_layers(tmp_path / "l.gpkg", invented, lang=lang)
    found = dict(pyogrio.list_layers(tmp_path / "l.gpkg"))
    assert list(found) == [*names, "layer_styles"]
    for key, name in zip(LAYERS, names, strict=False):
        frame = read(tmp_path / "l.gpkg", name)
        assert frame.crs == CRS
        assert len(frame) == len(getattr(invented, key))


def test_a_facility_is_one_point_with_its_entrances(invented):
    """Of three entrances the one nearest their middle."""
    x, y = invented.units.total_bounds[:2]
    gates = shapely.MultiPoint([(x, y), (x + 9, y), (x + 30, y)])
    facilities = invented.facilities.iloc[:2].set_geometry(
        gpd.GeoSeries([gates, shapely.Point(x, y)], invented.facilities.index[:2], crs=CRS)
    )
    layers, _ = layer_tables(replace(invented, facilities=facilities))
    points = layers["facilities"]
    assert points.crs == CRS
    assert points.geometry.tolist() == [shapely.Point(x + 9, y), shapely.Point(x, y)]
    assert points["entrances"].tolist() == [3, 1]


def test_gaps_say_whose_they_are_and_where(invented):
    gaps, x = invented.gaps, invented.gaps.total_bounds[0]
    y = gaps.total_bounds[1]
    near = invented.facilities.index[0]
    known = invented.facilities.assign(name="长铺邮政所")
    lived = gaps.assign(x=x + 7.0, y=y + 8.0, nearest_facility_id=near)
    lived.iloc[-1, lived.columns.get_loc("nearest_facility_id")] = None
    layer = layer_tables(replace(invented, gaps=lived, facilities=known))[0]["gaps"]
    columns = list(layer.columns)
    assert columns[columns.index("unit_id") + 1] == "unit_name"
    names = invented.units["name"].reindex(gaps["unit_id"])
    assert layer["unit_name"].fillna("").tolist() == names.fillna("").tolist()
    assert layer["nearest_facility_name"].tolist()[0] == "长铺邮政所"
    assert pd.isna(layer["nearest_facility_name"].tolist()[-1])
    there = gpd.GeoSeries([shapely.Point(x + 7.0, y + 8.0)], crs=CRS).to_crs(4326)[0]
    assert set(layer["lon"]) == {round(there.x, 6)}
    assert set(layer["lat"]) == {round(there.y, 6)}
    short = {field.field: field.short for field in describe("gaps", columns, NO_NAMES)}
    assert (short["unit_name"], short["nearest_facility_name"]) == ("unit_name", "near_name")
    assert gaps["persons"].tolist() == layer["persons"].tolist()  # full figures


@pytest.mark.parametrize(("encoding", "said"), [("gbk", True), ("utf-8", False)])
def test_the_readme_says_what_gbk_does_to_letters(run, tmp_path, encoding, said):
    out, _ = exported(run, tmp_path, "shp", layers=["gaps"], encoding=encoding)
    text = (out / "说明.txt").read_text(encoding="utf-8-sig")
    assert ("GBK编码没有的字符" in text) == said


def test_kinds_and_circles_are_readable(tables, invented):
    layers, _ = tables
    post = layers["gaps"].query("kind == 'post'").iloc[0]
    assert (post["kind_zh"], post["kind_en"]) == ("邮政", "Post")
    columns = list(layers["facilities"].columns)
    assert columns[columns.index("kind") :][:3] == ["kind", "kind_zh", "kind_en"]
    urban = layers["units"].query("setting == 'urban'").iloc[0]
    assert urban["circle_zh"] == "城市社区15分钟生活圈"
    assert urban["score"] == invented.unit_scores.loc[(urban["unit_id"], "urban_life_15"), "score"]
    cells = layers["cells"].set_index("cell_id")
    judged = invented.scores.xs("township_convenience", level="circle")["score"]
    assert np.array_equal(cells.loc[judged.index, "score"], judged)


def test_a_setting_without_a_circle_has_no_score(invented):
    narrow = invented.standard.model_copy(
        update={"circles": {"urban_life_15": invented.standard.circles["urban_life_15"]}}
    )
    layers, _ = layer_tables(replace(invented, standard=narrow))
    rural = layers["units"].query("setting == 'rural'")
    assert rural["score"].isna().all()
    assert rural["circle_zh"].isna().all()


def test_every_field_stands_in_the_dictionary(run):
    told = pyogrio.read_dataframe(run / "layers.gpkg", layer="字段说明")
    assert list(told.columns) == ["layer", "field", "中文", "English", "unit"]
    for key in LAYERS:
        name = layer_name(key, "zh")
        fields = pyogrio.read_info(run / "layers.gpkg", layer=name)["fields"]
        assert told.loc[told["layer"] == name, "field"].tolist() == list(fields)
    by_hand = told.set_index(["layer", "field"])
    assert by_hand.loc[("人口格网", "minutes_post"), "中文"] == "到最近邮政的步行时间"
    assert by_hand.loc[("人口格网", "minutes_post"), "unit"] == "分钟 min"
    assert by_hand.loc[("人口格网", "persons"), "中文"] == "格内居民"
    assert by_hand.loc[("服务缺口", "persons"), "中文"] == "阈值外居民"


@pytest.mark.parametrize("layer", LAYERS)
def test_no_field_is_left_without_meaning(tables, layer):
    layers, names = tables
    columns = [c for c in layers[layer].columns if c != "geometry"]
    for field in describe(layer, columns, names):
        assert field.zh != field.field, field
        assert any("\u4e00" <= letter <= "\u9fff" for letter in field.zh), field
        assert field.en.isascii() or "–" in field.en, field
        assert len(field.short.encode()) >= 1


def test_names_shown_for_fields_are_in_the_language(run):
    with closing(sqlite3.connect(run / "layers.gpkg")) as file:
        rows = file.execute(
            "SELECT column_name, name FROM gpkg_data_columns WHERE table_name='设施'"
        )
        assert dict(rows)["kind"] == "类别代码"


def test_layer_names_are_found_in_both_languages():
    for key in (*LAYERS, "gaps_points", "fields", "names"):
        assert {layer_key(layer_name(key, lang)) for lang in ("zh", "en")} == {key}
    assert layer_key("layer_styles") is None


# --- styles --------------------------------------------------------------------------------------


def styles_of(path):
    with closing(sqlite3.connect(path)) as file:
        return pd.read_sql_query("SELECT * FROM layer_styles", file)


def test_the_table_of_styles_is_as_qgis_makes_it(run):
    with closing(sqlite3.connect(run / "layers.gpkg")) as file:
        columns = [row[1] for row in file.execute("PRAGMA table_info(layer_styles)")]
        (registered,) = file.execute(
            "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'"
        ).fetchall()
        (whole,) = file.execute("PRAGMA integrity_check").fetchall()
        geometry = dict(file.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert columns == [
        *("id", "f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column"),
        *("styleName", "styleQML", "styleSLD", "useAsDefault", "description", "owner", "ui"),
        "update_time",
    ]
    assert registered == ("attributes",)
    assert whole == ("ok",)
    styles = styles_of(run / "layers.gpkg")
    for table, own in styles.groupby("f_table_name"):
        assert own["useAsDefault"].sum() == 1
        assert (own["f_geometry_column"] == geometry[table]).all()
        assert own["styleName"].is_unique
        assert own["styleName"].str.len().max() <= 30
        assert own["update_time"].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").all()
    assert set(styles["f_table_name"]) == {layer_name(key, "zh") for key in LAYERS}


def renderer(styles, layer, name=None):
    own = styles[styles["f_table_name"] == layer]
    row = own[own["useAsDefault"] == 1] if name is None else own[own["styleName"] == name]
    root = parsed(row["styleQML"].iloc[0])
    assert root.tag == "qgis"
    return root, root.find("renderer-v2")


def colour(renderer, symbol):
    value = renderer.find(f"symbols/symbol[@name='{symbol}']//Option[@name='color']").attrib[
        "value"
    ]
    red, green, blue, _ = map(int, value.split(","))
    return f"#{red:02x}{green:02x}{blue:02x}"


def test_facilities_have_the_colours_of_their_kinds(run, invented):
    root, found = renderer(styles_of(run / "layers.gpkg"), "设施")
    assert (found.attrib["type"], found.attrib["attr"]) == ("categorizedSymbol", "kind")
    for category in found.iter("category"):
        kind = invented.standard.kinds[category.attrib["value"]]
        assert category.attrib["label"] == kind.zh
        assert colour(found, category.attrib["symbol"]) == kind.color.lower()
    assert {c.attrib["value"] for c in found.iter("category")} == set(invented.facilities["kind"])
    assert root.find("layerGeometryType").text == "0"
    assert root.find("aliases/alias[@field='kind']").attrib["name"] == "类别代码"


@pytest.mark.parametrize("layer", ["评价单元", "人口格网"])
def test_scores_are_graduated_as_in_the_map(run, layer):
    _, found = renderer(styles_of(run / "layers.gpkg"), layer)
    assert found.attrib["attr"] == 'coalesce("score",-1)'
    classes = [
        (float(r.attrib["lower"]), float(r.attrib["upper"]), colour(found, r.attrib["symbol"]))
        for r in found.iter("range")
    ]

    def shown(score):
        return next(color for low, high, color in classes if low <= score <= high)

    expected = {100.0: 0, 99.96: 0, 99.9: 1, 80.0: 1, 79.9: 2, 40.0: 3, 20.0: 4, 19.9: 5, 0.0: 5}
    assert {score: GOOD_TO_BAD.index(shown(score)) for score in expected} == expected
    assert shown(-1.0) == shown(-9999.0) == NO_DATA  # no data is grey, and not the class of 0


def test_minutes_are_graduated_as_in_the_map(run):
    _, found = renderer(styles_of(run / "layers.gpkg"), "人口格网", "步行分钟：邮政")
    ranges = list(found.iter("range"))
    assert [float(r.attrib["upper"]) for r in ranges[:5]] == list(MINUTE_BREAKS)
    assert [colour(found, r.attrib["symbol"]) for r in ranges] == [*GOOD_TO_BAD, NO_DATA]


def test_colours_are_those_of_the_map():
    script = "".join((TEMPLATES / name).read_text() for name in ("cells.js", "layers.js"))
    assert f"GOOD_TO_BAD = {json.dumps(GOOD_TO_BAD)}" in script
    assert f'NO_DATA = "{NO_DATA}"' in script
    assert f'GAP = "{GAP}"' in script
    assert f"MINUTE_BREAKS = {json.dumps([int(b) for b in MINUTE_BREAKS])}" in script


def test_isochrones_are_drawn_one_kind_at_a_time_the_widest_first(run):
    _, found = renderer(styles_of(run / "layers.gpkg"), "等时圈")
    kinds = found.find("rules").findall("rule")
    assert [k.attrib.get("checkstate", "1") for k in kinds] == ["1"] + ["0"] * (len(kinds) - 1)
    assert [r.attrib["label"] for r in kinds[0]] == [f"{m}分钟内" for m in (30, 15, 10, 5)]
    assert kinds[0][0].attrib["filter"] == '"limit" = 30 AND "limit_unit" = \'minutes\''
    assert colour(found, kinds[0][3].attrib["symbol"]) == GOOD_TO_BAD[0]
    assert found.find("orderby/orderByClause").attrib["asc"] == "0"


def test_gaps_are_hatched_vermilion(run):
    _, found = renderer(styles_of(run / "layers.gpkg"), "服务缺口")
    hatch = found.findall("symbols/symbol/layer[@class='LinePatternFill']")
    assert len(hatch) == 3
    assert {colour(found, str(n)) for n in range(3)} == {GAP}
    assert len({h.find("Option/Option[@name='angle']").attrib["value"] for h in hatch}) == 3


def test_sld_classes_leave_no_score_out_and_take_none_twice(run):
    styles = styles_of(run / "layers.gpkg").set_index(["f_table_name", "styleName"])
    root = parsed(styles.loc[("评价单元", "所属生活圈得分"), "styleSLD"])
    ns = {"se": "http://www.opengis.net/se", "ogc": "http://www.opengis.net/ogc"}
    tests = {
        "PropertyIsGreaterThan": float.__gt__,
        "PropertyIsGreaterThanOrEqualTo": float.__ge__,
        "PropertyIsLessThan": float.__lt__,
        "PropertyIsLessThanOrEqualTo": float.__le__,
    }
    rules = [
        [
            (tests[test.tag.split("}")[1]], float(test.find("ogc:Literal", ns).text))
            for test in rule.find("ogc:Filter/ogc:And", ns) or ()
        ]
        for rule in root.iterfind(".//se:Rule", ns)
    ]
    for score in (0.0, 19.95, 20.0, 40.0, 79.95, 80.0, 99.95, 100.0):
        fits = [
            rule for rule in rules if rule and all(is_so(score, bound) for is_so, bound in rule)
        ]
        assert len(fits) == 1, score
    assert root.find(".//ogc:PropertyIsNull", ns) is not None


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(min_size=1, max_size=20))
def test_any_name_of_a_kind_gives_sound_styles(label, key):
    names = pd.DataFrame([["kind", key, label, label, "", "#1b7f5c"]], columns=NO_NAMES.columns)
    frame = gpd.GeoDataFrame(
        {"kind": [key], "limit": [5.0], "limit_unit": ["minutes"], f"minutes_{key}": [1.0]},
        geometry=[shapely.box(0, 0, 1, 1)],
        crs=CRS,
    )
    for layer in ("facilities", "isochrones", "gaps", "cells"):
        for style in layer_styles(layer, frame, names, "zh"):
            assert parsed(style.qml).tag == "qgis"
            parsed(style.sld)


# --- exports read back ---------------------------------------------------------------------------


def exported(run, tmp_path, form, **how):
    out = tmp_path / (f"x.{form}" if form in ("gpkg", "gdb") else form)
    return out, export_layers(run, out, format=form, **how)


def read_layer(out, form, key, lang="zh"):
    if form == "shp":
        return gpd.read_file(out / f"{key}.shp")
    if form == "geoparquet":
        return gpd.read_parquet(out / f"{key}.parquet")
    return read(out, layer_name(key, lang))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("crs", "epsg"), [(None, 4546), ("cgcs2000", 4490), ("4525", 4525)])
def test_every_format_reads_back(run, invented, tmp_path, form, crs, epsg):
    out, written = exported(run, tmp_path, form, crs=crs)
    assert all(path.exists() for path in written)
    for key in LAYERS:
        frame = read_layer(out, form, key)
        own = getattr(invented, key)
        assert frame.crs.to_epsg() == epsg or pyproj.CRS(epsg).equals(
            frame.crs, ignore_axis_order=True
        )
        assert len(frame) == len(own)
        back = frame.geometry.to_crs(CRS)
        if key == "facilities":  # one point each, whatever the number of entrances
            assert set(frame.geom_type) == {"Point"}
            middle = main_points(own.geometry.to_numpy())
        else:
            middle = shapely.centroid(own.geometry.to_numpy())
        assert shapely.distance(shapely.centroid(back.to_numpy()), middle).max() < 0.01
    cells = read_layer(out, form, "cells").set_index("cell_id").loc[invented.cells.index]
    assert cells["persons"].sum() == pytest.approx(invented.cells["persons"].sum())
    seconds = invented.access.xs("post", level="kind")["seconds"].loc[cells.index]
    minutes = cells["mn_post" if form == "shp" else "minutes_post"].replace(-9999.0, np.nan)
    assert np.allclose(minutes, seconds / 60, atol=0.0051, equal_nan=True)
    facilities = read_layer(out, form, "facilities").set_index(
        "fac_id" if form == "shp" else "facility_id"
    )
    expected = invented.facilities["name"]
    names = facilities.loc[expected.index, "name"]
    assert names.fillna("").tolist() == expected.fillna("").tolist()


@pytest.mark.parametrize("form", FORMATS)
def test_no_data_is_not_0(run, invented, tmp_path, form):
    out, _ = exported(run, tmp_path, form, layers=["units"])
    units = read_layer(out, form, "units").set_index("unit_id")
    column = "sc_urban_l" if form == "shp" else "score_urban_life_15"
    rural = invented.units.index[invented.units["setting"] == "rural"]
    values = units.loc[rural, column]
    assert (values == -9999).all() if form == "shp" else values.isna().all()


def test_a_geopackage_in_english_keeps_its_styles(run, tmp_path):
    out, _ = exported(run, tmp_path, "gpkg", crs="cgcs2000", lang="en")
    _, found = renderer(styles_of(out), "facilities")
    assert "Post" in {category.attrib["label"] for category in found.iter("category")}
    assert read(out, "units").crs == 4490


def test_geopackages_of_either_language_are_exported_alike(invented, tmp_path):
    english = write_run(tmp_path / "en", invented, "en")
    out, _ = exported(english, tmp_path, "gpkg", lang="zh")
    assert "评价单元" in set(pyogrio.list_layers(out)[:, 0])


def test_chosen_layers_only(run, tmp_path):
    out, _ = exported(run, tmp_path, "shp", layers=["评价单元、gaps"])
    assert {file.stem for file in out.glob("*.shp")} == {"units", "gaps"}


def test_geodatabase_types_names_and_aliases(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "1st": [1, 2],
            "wide": [2**40, 1],
            "select": ["a", "b"],
            "flag": [True, False],
            "some": pd.array([1, None], dtype="Int64"),
            "day": pd.to_datetime(["2026-01-31", "2026-02-01"]),
            "名称": ["邮政所", None],
        },
        geometry=gpd.points_from_xy([0, 1], [0, 1]),
        crs=CRS,
    )
    write_geodatabase(tmp_path / "x.gdb", {"facilities": frame}, NO_NAMES, lang="zh")
    back = read(tmp_path / "x.gdb", "设施")
    info = pyogrio.read_info(tmp_path / "x.gdb", layer="设施")
    types = dict(zip(info["fields"], info["dtypes"], strict=True))
    assert list(back.columns[:-1]) == ["f_1st", "wide", "select2", "flag", "some", "day", "名称"]
    assert (types["f_1st"], types["wide"], types["flag"]) == ("int32", "float64", "int32")
    assert back["wide"].tolist() == [2.0**40, 1.0]
    assert back["some"].isna().tolist() == [False, True]
    assert back["day"].dt.year.tolist() == [2026, 2026]
    assert back["名称"].isna().tolist() == [False, True]


def test_geoparquet_says_its_bounds_and_what_fields_mean(run, tmp_path):
    out, _ = exported(run, tmp_path, "geoparquet", layers=["cells"])
    schema = pq.read_schema(out / "cells.parquet")
    geo = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert schema.field("minutes_post").metadata[b"unit"].decode() == "分钟 min"
    column = pq.ParquetFile(out / "cells.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"
    whole = gpd.read_parquet(out / "cells.parquet")
    west, south, east, north = whole.total_bounds
    part = gpd.read_parquet(
        out / "cells.parquet", bbox=(west, south, (west + east) / 2, (south + north) / 2)
    )
    assert 0 < len(part) < len(whole) / 2


# --- shapefiles ----------------------------------------------------------------------------------

CHINESE = (
    *("机构名称", "机构类别", "所属乡镇", "所属社区", "详细地址", "负责人", "联系方式", "开放时间"),
    *(
        "建筑面积说明",
        "用地情况",
        "床位说明",
        "建成情况",
        "使用状态",
        "权属单位",
        "数据来源",
        "备注",
    ),
    *("服务对象", "覆盖范围", "无障碍设施", "核查意见"),
)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_twenty_chinese_fields_come_back(tmp_path, encoding):
    assert len(CHINESE) == 20
    rows = 30
    frame = gpd.GeoDataFrame(
        {
            name: [f"{name}：长铺镇第{row}号·——《》，邮政所" for row in range(rows)]
            for name in CHINESE
        },
        geometry=gpd.points_from_xy(range(rows), range(rows)),
        crs=CRS,
    )
    written = write_shapefiles(
        tmp_path, {"facilities": frame}, NO_NAMES, lang="zh", encoding=encoding
    )
    back = gpd.read_file(tmp_path / "facilities.shp")
    full = {short: field.field for short, field in written[0].fields.items()}
    assert all(name.isascii() and 0 < len(name) <= 10 for name in full)
    assert len({name.casefold() for name in full}) == 20
    again = back.rename(columns=full)
    for name in CHINESE:
        assert again[name].tolist() == frame[name].tolist()
    assert (tmp_path / "facilities.cpg").read_text() == encoding.upper()
    raw = (tmp_path / "facilities.dbf").read_bytes()
    assert raw[29] == (0x4D if encoding == "gbk" else 0)
    assert "邮政所".encode(encoding) in raw


def test_every_character_of_gbk_comes_back(tmp_path):
    letters = [chr(code) for code in range(0x80, 0xD800)]
    known = [c for c in letters if c.encode("gbk", errors="ignore") and clean(c)]
    texts = ["".join(known[at : at + 100]) for at in range(0, len(known), 100)]
    frame = gpd.GeoDataFrame(
        {"name": texts}, geometry=gpd.points_from_xy(range(len(texts)), range(len(texts))), crs=CRS
    )
    write_shapefiles(tmp_path, {"facilities": frame}, NO_NAMES, lang="zh", encoding="gbk")
    assert gpd.read_file(tmp_path / "facilities.shp")["name"].tolist() == texts


def test_what_a_shapefile_cannot_hold_is_cut_between_characters_and_counted(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["邮" * 200, "a" + "邮" * 100, "短", None], "kind": ["😀邮政", "post", "é", "政"]},
        geometry=gpd.points_from_xy(range(4), range(4)),
        crs=CRS,
    )
    utf8, gbk = tmp_path / "utf8", tmp_path / "gbk"
    utf8.mkdir()
    gbk.mkdir()
    with pytest.warns(DataWarning) as found:
        write_shapefiles(utf8, {"facilities": frame}, NO_NAMES, lang="zh")
    assert [str(w.message) for w in found] == [
        "2 texts longer than 254 bytes were cut, as a shapefile holds no more: facilities.name 2"
    ]
    names = gpd.read_file(utf8 / "facilities.shp")["name"]
    assert names.tolist()[:3] == ["邮" * 84, "a" + "邮" * 84, "短"]
    assert names.isna().tolist() == [False, False, False, True]
    with pytest.warns(DataWarning) as found:
        write_shapefiles(gbk, {"facilities": frame}, NO_NAMES, lang="zh", encoding="gbk")
    assert [str(w.message).split(":")[1].strip() for w in found] == [
        "facilities.name 1",
        "facilities.kind 1",
    ]
    back = gpd.read_file(gbk / "facilities.shp")
    assert back["name"].tolist()[0] == "邮" * 127
    assert back["kind"].tolist() == ["?邮政", "post", "é", "政"]


def test_shapefile_types(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "n": [1, -2],
            "wide": [2**40, 0],
            "some": pd.array([7, None], dtype="Int64"),
            "flag": [True, False],
            "day": pd.to_datetime(["2026-01-31", None]),
            "large": [150_000_000.123456, np.nan],
            "mixed": ["a", 3],
        },
        geometry=gpd.points_from_xy([0, 1], [0, 1]),
        crs=CRS,
    )
    write_shapefiles(tmp_path, {"facilities": frame}, NO_NAMES, lang="en")
    back = gpd.read_file(tmp_path / "facilities.shp").drop(columns="geometry")
    assert back["n"].tolist() == [1, -2]
    assert back["wide"].tolist() == [2.0**40, 0.0]
    assert back["some"].tolist() == [7, -9999]
    assert back["flag"].tolist() == [1, 0]
    assert back["day"].tolist()[0].startswith("2026-01-31")
    assert back["large"].tolist() == pytest.approx([150_000_000.123456, -9999.0], abs=1e-6)
    assert back["mixed"].tolist() == ["a", "3"]


def test_the_dictionary_beside_shapefiles_says_what_short_names_mean(run, tmp_path):
    out, written = exported(run, tmp_path, "shp")
    assert out / "字段说明.csv" in written
    told = pd.read_csv(out / "字段说明.csv", encoding="utf-8-sig").set_index(["文件", "名称"])
    assert (out / "字段说明.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert told.loc[("cells.shp", "mn_post"), "全名"] == "minutes_post"
    assert told.loc[("cells.shp", "mn_post"), "含义"] == "到最近邮政的步行时间"
    for file in out.glob("*.shp"):
        fields = pyogrio.read_info(file)["fields"]
        assert sorted(told.loc[file.name].index) == sorted(fields)
        assert parsed(file.with_suffix(".qml").read_text(encoding="utf-8")).tag == "qgis"
    units = parsed((out / "units.qml").read_text(encoding="utf-8"))
    assert units.find("renderer-v2").attrib["attr"] == 'coalesce("score",-1)'


def test_gaps_of_areas_and_points_become_two_layers(invented, tmp_path):
    mixed = invented.gaps.copy()
    first = mixed.index[:2]
    mixed.loc[first, "geometry"] = mixed.loc[first].representative_point()
    folder = write_run(tmp_path / "run", replace(invented, gaps=mixed))
    tables = dict(pyogrio.list_layers(folder / "layers.gpkg"))
    assert tables["服务缺口点"] == "Point"
    for form in FORMATS:
        out, _ = exported(folder, tmp_path, form, layers=["gaps"])
        assert len(read_layer(out, form, "gaps")) == len(mixed) - 2
        assert set(read_layer(out, form, "gaps_points").geom_type) == {"Point"}
    _, found = renderer(styles_of(folder / "layers.gpkg"), "服务缺口点")
    assert {s.attrib["type"] for s in found.findall("symbols/symbol")} == {"marker"}


def test_empty_layers_are_exported_too(invented, tmp_path):
    bare = replace(invented, gaps=invented.gaps.iloc[:0], isochrones=invented.isochrones.iloc[:0])
    folder = write_run(tmp_path / "run", bare)
    for form in FORMATS:
        out, _ = exported(folder, tmp_path, form, layers=["gaps", "isochrones"], crs="cgcs2000")
        assert len(read_layer(out, form, "gaps")) == 0


# --- coordinate systems --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lon", "plain", "numbered"),
    [
        (75.0, 4534, 4513),
        (109.6, 4546, 4525),
        (111.0, 4546, 4525),
        (112.6, 4547, 4526),
        (135.0, 4554, 4533),
    ],
)
def test_the_zone_of_the_data(lon, plain, numbered):
    box = (lon - 0.1, 27.0, lon + 0.1, 27.2)
    own = pyproj.CRS(CRS)
    assert export_crs("cgcs2000-gk-cm", own, box).to_epsg() == plain
    assert export_crs("CGCS2000-GK", own, box).to_epsg() == numbered


def test_shaoyang_by_hand(run, tmp_path):
    """On 111 E, its central meridian, a point's easting is 500 km; with zone 37 it is 37,500 km."""
    point = gpd.GeoSeries(gpd.points_from_xy([111.0], [27.0]), crs=4490)
    own, box = pyproj.CRS(CRS), (110.9, 26.9, 111.1, 27.1)
    assert point.to_crs(export_crs("cgcs2000-gk-cm", own, box)).x.iloc[0] == pytest.approx(500_000)
    zoned = point.to_crs(export_crs("cgcs2000-gk", own, box))
    assert zoned.x.iloc[0] == pytest.approx(37_500_000)
    # 27 degrees of the meridian are 2,987.6 km (WGS 84 and CGCS2000 differ by less than 1 mm).
    length = pyproj.Geod(ellps="GRS80").line_length([111.0, 111.0], [0.0, 27.0])
    assert zoned.y.iloc[0] == pytest.approx(length, abs=0.01)
    out, _ = exported(run, tmp_path, "shp", crs="cgcs2000-gk", layers=["units"])
    assert gpd.read_file(out / "units.shp").total_bounds[0] == pytest.approx(37_418_000.0)


@given(st.floats(72, 137))
def test_a_central_meridian_is_the_nearest(lon):
    meridian = central_meridian(lon)
    assert meridian % 3 == 0
    assert abs(lon - meridian) <= 1.5


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("cgcs2000-gk-cm", "no CGCS2000 3-degree zone"),
        ("gcj02", "is no system for layers"),
        ("EPSG:999999", "is no known coordinate system"),
        ("nonsense", "is no known coordinate system"),
        ("EPSG:4978", "has no place on a map"),
        ("EPSG:5773", "has no place on a map"),
    ],
)
def test_systems_that_will_not_do(word, message):
    with pytest.raises(CRSError, match=message):
        export_crs(word, pyproj.CRS(32632), (9.4, 47.0, 9.7, 47.3))


def test_data_beyond_a_zone_or_an_area_are_told():
    own = pyproj.CRS(CRS)
    with pytest.warns(DataWarning, match="beyond the 3-degree zone of 111 E"):
        assert export_crs("cgcs2000-gk-cm", own, (108.9, 26, 113.1, 27)).to_epsg() == 4546
    with pytest.warns(DataWarning, match="is meant for"):
        export_crs("cgcs2000-gk-114", own, (110.0, 26, 110.6, 27))
    with pytest.warns(DataWarning, match="is meant for"):
        assert export_crs("cgcs2000", own, (9.4, 47.0, 9.7, 47.3)).to_epsg() == 4490


@pytest.mark.parametrize("word", ["EPSG:4546", "4546", "cgcs2000-gk-111", "epsg:4546"])
def test_a_system_by_its_names(word):
    assert export_crs(word, pyproj.CRS(4490), (110.0, 26.0, 110.6, 27.0)).to_epsg() == 4546


# --- rasters -------------------------------------------------------------------------------------


def test_rasters_hold_what_the_cells_hold(run, invented, tmp_path):
    out, written = exported(run, tmp_path, "cog")
    assert {f.name for f in written if f.suffix == ".tif"} == {
        *(f"score_{circle}.tif" for circle in invented.standard.circles),
        *(f"minutes_{kind}.tif" for kind in invented.access.index.unique("kind")),
    }
    cells = invented.cells
    whole = np.isclose(cells.area, 10_000.0)
    at = [(p.x, p.y) for p in cells.geometry[whole].centroid]
    seconds = invented.access.xs("post", level="kind")["seconds"].reindex(cells.index[whole])
    scores = invented.scores.xs("urban_life_15", level="circle")["score"].reindex(
        cells.index[whole]
    )
    for name, values in (("minutes_post", seconds / 60.0), ("score_urban_life_15", scores)):
        with rasterio.open(out / f"{name}.tif") as file:
            found = np.array([value[0] for value in file.sample(at)])
            assert np.array_equal(found, values.to_numpy().astype(np.float32), equal_nan=True)
            assert file.res == (100.0, 100.0)
            assert file.crs == CRS
            assert np.isnan(file.nodata)
            shown = file.read(1, masked=True)
            assert shown.mask.any()


def test_rasters_are_cloud_optimised_and_say_what_they_show(tmp_path):
    side = 300
    corner = np.arange(side) * 100.0
    x, y = (a.ravel() for a in np.meshgrid(corner, corner))
    cells = gpd.GeoDataFrame(
        {"score_a": np.arange(side * side, dtype=float) % 101},
        geometry=shapely.box(x, y, x + 100, y + 100),
        crs=CRS,
    )
    names = pd.DataFrame(
        [["circle", "a", "甲圈", "Circle A", "urban", ""]], columns=NO_NAMES.columns
    )
    fields = gis_raster.raster_fields(cells, names)
    write_rasters(tmp_path, cells, fields, pyproj.CRS(CRS), lang="zh")
    with rasterio.open(tmp_path / "score_a.tif") as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.overviews(1) == [2]
        assert file.descriptions == ("甲圈得分（0–100）",)
        assert file.units == ("分 points",)
        assert file.tags(1)["en"] == "score, 0 to 100: Circle A"
        assert file.shape == (side, side)
        assert np.array_equal(file.read(1)[::-1].ravel(), cells["score_a"])


def test_rasters_have_the_colours_of_the_map(run, tmp_path):
    out, _ = exported(run, tmp_path, "cog")
    for name, colours in (
        ("minutes_post", GOOD_TO_BAD),
        ("score_urban_life_15", GOOD_TO_BAD[::-1]),
    ):
        items = list(parsed((out / f"{name}.qml").read_text("utf-8")).iter("item"))
        assert tuple(item.attrib["color"] for item in items) == colours
        tops = [float(item.attrib["value"]) for item in items]
        assert tops == sorted(tops)
        assert tops[-1] == np.inf


def test_a_raster_in_degrees_shows_values_of_the_cells_only(run, invented, tmp_path):
    out, _ = exported(run, tmp_path, "cog", crs="cgcs2000", layers=["邮政"])
    assert [file.name for file in out.glob("*.tif")] == ["minutes_post.tif"]
    with rasterio.open(out / "minutes_post.tif") as file:
        assert file.crs == 4490
        values = file.read(1)
        at = invented.cells.geometry.iloc[[500]].centroid.to_crs(4490)
        found = next(file.sample([(at.x.iloc[0], at.y.iloc[0])]))[0]
    known = (invented.access.xs("post", level="kind")["seconds"] / 60.0).astype(np.float32)
    assert set(values[~np.isnan(values)]) <= set(known)
    near = invented.cells.distance(invented.cells.geometry.iloc[500]) < 1.0
    assert found in set(known[invented.cells.index[near]])


def test_clipped_cells_show_by_the_larger_piece():
    pieces = [
        shapely.box(0, 0, 30, 100),
        shapely.box(30, 0, 100, 100),
        shapely.box(100, 0, 200, 100),
    ]
    grid = cell_grid(gpd.GeoDataFrame(geometry=pieces, crs=CRS))
    assert grid.cell.tolist() == [[1, 2]]
    assert (grid.transform.c, grid.transform.f) == (0.0, 100.0)


@pytest.mark.parametrize("turned", [2.0, 30.0])
def test_cells_aslant_show_at_their_centres(turned):
    squares = [
        shapely.box(x, y, x + 60, y + 90) for x in range(0, 1200, 60) for y in range(0, 1800, 90)
    ]
    slanted = shapely.affinity.rotate(shapely.GeometryCollection(squares), turned, origin=(0, 0))
    cells = gpd.GeoDataFrame(geometry=list(slanted.geoms), crs=CRS)
    grid = cell_grid(cells)
    assert grid.transform.a == 30.0
    centres = cells.centroid
    column = ((centres.x - grid.transform.c) // grid.transform.a).astype(int)
    row = ((grid.transform.f - centres.y) // -grid.transform.e).astype(int)
    assert grid.cell[row, column].tolist() == list(range(len(cells)))
    back = carried(grid, pyproj.CRS(4490))
    assert set(np.unique(back.cell)) <= {-1, *range(len(cells))}


def test_cells_without_area_give_no_raster():
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=CRS)
    with pytest.raises(InputError, match="a raster needs cells with an area"):
        cell_grid(points)


# --- names from data -----------------------------------------------------------------------------

HOSTILE = ["../../x", "..\\..\\x", "con", "C:\\x", "/etc/passwd", "a\x00b", "x" * 5000, "菜场", "."]


def test_hostile_keys_stay_within_the_folder(tmp_path):
    names = pd.DataFrame(
        [["kind", key, key, key, "", "#123456"] for key in HOSTILE]
        + [["circle", key, key, key, "urban", ""] for key in HOSTILE],
        columns=NO_NAMES.columns,
    )
    cells = gpd.GeoDataFrame(
        {f"{what}_{key}": [60.0] for what in ("seconds", "score") for key in HOSTILE},
        geometry=[shapely.box(0, 0, 100, 100)],
        crs=CRS,
    )
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    fields = gis_raster.raster_fields(cells, names)
    written = write_rasters(folder, cells, fields, pyproj.CRS(CRS), lang="zh")
    assert len({layer.file.casefold() for layer in written}) == 2 * len(HOSTILE)
    assert {path.name for path in folder.glob("*.tif")} == {layer.file for layer in written}
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [
        path.name for path in folder.iterdir()
    ]
    minutes = cells.rename(columns=lambda name: name.replace("seconds_", "minutes_"))
    shapes = tmp_path / "shapes"
    shapes.mkdir()
    write_shapefiles(shapes, {"cells": minutes}, names, lang="zh")
    assert {path.stem for path in shapes.iterdir()} == {"cells"}
    gis_geopackage.write_geopackage(tmp_path / "x.gpkg", {"cells": minutes}, names, lang="zh")
    assert len(pyogrio.read_info(tmp_path / "x.gpkg", layer="人口格网")["fields"]) == 2 * len(
        HOSTILE
    )
    write_geodatabase(tmp_path / "x.gdb", {"cells": minutes}, names, lang="zh")
    assert len(pyogrio.read_info(tmp_path / "x.gdb", layer="人口格网")["fields"]) == 2 * len(
        HOSTILE
    )


TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            *("<script>alert(1)</script>", "</script>", "=cmd|' /C calc'!A0", "'\"`;--", "../../x"),
            *("长" * 10_000, "\u202etxt.exe", "\u200f邮政", "😀🏥", "a\x00b\x07", "line\nbreak"),
        ]
    ),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text_of_the_data_reaches_every_format_as_it_is(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("texts")
    frame = gpd.GeoDataFrame(
        {"kind": ["post"] * len(texts), "name": texts},
        geometry=gpd.points_from_xy(range(len(texts)), range(len(texts))),
        crs=CRS,
    )
    layers = {"facilities": frame}
    expected = [storable(text) for text in texts]
    gis_geopackage.write_geopackage(folder / "x.gpkg", layers, NO_NAMES, lang="en")
    write_geodatabase(folder / "x.gdb", layers, NO_NAMES, lang="en")
    (folder / "parquet").mkdir()
    write_geoparquet(folder / "parquet", layers, NO_NAMES, lang="en")
    for path in ("x.gpkg", "x.gdb"):
        assert read(folder / path, "facilities")["name"].fillna("").tolist() == expected
    parquet = gpd.read_parquet(folder / "parquet" / "facilities.parquet")
    assert parquet["name"].tolist() == expected
    (folder / "shp").mkdir()
    with warnings.catch_warnings(action="ignore", category=DataWarning):
        write_shapefiles(folder / "shp", layers, NO_NAMES, lang="en")
    short = gpd.read_file(folder / "shp" / "facilities.shp")["name"].fillna("")
    # A dbf fills its fields with spaces, so those at the end are lost.
    assert [text.rstrip(" ") for text in short] == [
        cut_bytes(text, 254).rstrip(" ") for text in expected
    ]


@given(st.text(max_size=200))
def test_a_file_name_is_one_everywhere(text):
    name = file_name(text)
    assert name
    assert len(name) <= 61
    assert not set(name) & set('/\\:*?"<>|. \x00')
    assert name.split("_")[0].casefold() not in {"con", "nul", "aux", "prn"} or "_" in name


@given(st.lists(st.text(max_size=40), unique=True, max_size=40), st.integers(6, 20))
def test_fitting_names_are_short_and_unique(names, limit):
    found = fitting_names(names, clean, limit)
    assert list(found) == names
    assert all(0 < len(name.encode("utf-8")) <= limit for name in found.values())
    assert len({name.casefold() for name in found.values()}) == len(names)


@given(
    st.text(alphabet=st.characters(codec="gbk"), max_size=300), st.sampled_from(["utf-8", "gbk"])
)
def test_a_text_is_cut_between_characters(text, encoding):
    short = cut_bytes(text, 254, encoding)
    assert text.startswith(short)
    assert len(short.encode(encoding)) <= 254
    if short != text:
        assert len(text[: len(short) + 1].encode(encoding)) > 254


def test_plain_values_leave_their_input_alone():
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=gpd.points_from_xy([0, 1], [0, 1]), crs=CRS)
    before = frame.copy()
    plain_values(frame, narrow=True)
    by_type("facilities", frame)
    assert frame.equals(before)


# --- all or nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [*FORMATS, "cog"])
def test_a_second_export_replaces_the_first_as_a_whole(run, tmp_path, form):
    out, _ = exported(run, tmp_path, form)
    out, _ = exported(run, tmp_path, form, layers=["邮政" if form == "cog" else "units"])
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    if form in ("gpkg", "gdb"):
        assert layer_name("cells", "zh") not in set(pyogrio.list_layers(out)[:, 0])
        assert [p.name for p in tmp_path.iterdir() if p != out] == [f"{out.name}_说明.txt"]
    else:
        assert not list(out.glob("gaps.*"))
        assert set(json.loads((out / "export.json").read_text("utf-8"))["files"]) == {
            path.name for path in out.iterdir() if path.name != "export.json"
        }


@pytest.mark.parametrize("form", [*FORMATS, "cog"])
def test_what_was_there_is_untouched_when_an_export_fails(run, tmp_path, form, monkeypatch):
    exported(run, tmp_path, form)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gis, "readme", fail)
    with pytest.raises(OutputError, match=r"cannot be written.*No space left"):
        exported(run, tmp_path, form)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("form", [*FORMATS, "cog"])
def test_a_target_that_is_held_open_comes_back(run, tmp_path, form, monkeypatch):
    exported(run, tmp_path, form)
    before = files_of(tmp_path)
    original = Path.rename

    def held(self, target):
        if self.name == "whole":
            raise PermissionError(13, "used by another process")
        return original(self, target)

    monkeypatch.setattr(Path, "rename", held)
    with pytest.raises(OutputError, match="close it in other programs"):
        exported(run, tmp_path, form)
    assert files_of(tmp_path) == before


def test_only_what_an_export_wrote_is_replaced(run, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.docx").write_text("years of work")
    (tmp_path / "mine.gpkg").write_text("mine")
    gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([0], [0]), crs=CRS).to_file(
        tmp_path / "other.gpkg"
    )
    (tmp_path / "mine.gdb").mkdir()
    (tmp_path / "mine.gdb" / "x").write_text("mine")
    for form, name in [
        ("shp", "mine"),
        ("gpkg", "mine.gpkg"),
        ("gpkg", "other.gpkg"),
        ("gdb", "mine.gdb"),
    ]:
        with pytest.raises(OutputError, match="is there already"):
            export_layers(run, tmp_path / name, format=form)
    out, _ = exported(run, tmp_path, "shp")
    (out / "units.sbn").write_text("an index by ArcGIS")
    exported(run, tmp_path, "shp")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        exported(run, tmp_path, "shp")
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        ("gdb", "x", "must end in .gdb"),
        ("gpkg", "x.gdb", "must end in .gpkg"),
        ("shp", "x.shp", "give --out a folder"),
    ],
)
def test_a_target_of_the_wrong_kind(run, tmp_path, form, name, message):
    with pytest.raises(OutputError, match=message):
        export_layers(run, tmp_path / name, format=form)


def test_the_run_itself_is_never_replaced(run):
    for form, out in [("gpkg", run / "layers.gpkg"), ("shp", run), ("shp", run.parent)]:
        with pytest.raises(OutputError, match="is the run itself"):
            export_layers(run, out, format=form)


# --- the text beside it --------------------------------------------------------------------------


@pytest.mark.parametrize("form", [*FORMATS, "cog"])
def test_the_text_says_where_it_comes_from_and_who_may_see_it(run, tmp_path, form):
    _, written = exported(run, tmp_path, form)
    (file,) = [path for path in written if "说明" in path.name and path.suffix == ".txt"]
    text = file.read_text(encoding="utf-8-sig")
    for said in (
        "虚构县",
        "内部工作用图，未经审核不得公开",
        "2026-01-31",
        "虚构标准",
        "ODbL 1.0",
        "EPSG:4546",
        "到最近邮政的步行时间",
    ):
        assert said in text, said
    assert "审图号" not in text
    assert ("-9999" in text) == (form == "shp")


def test_a_map_approval_number_is_said(invented, tmp_path):
    record = json.loads(json.dumps(RECORD))
    record["config"]["map"]["approval_number"] = "湘S(2026)001号"
    folder = write_run(tmp_path / "run", replace(invented, run=record))
    _, written = exported(folder, tmp_path, "gpkg", lang="en", layers=["units"])
    text = written[1].read_text(encoding="utf-8-sig")
    assert "Map approval number: 湘S(2026)001号" in text
    assert "For internal use only" not in text


# --- runs that lack something, and the command line ----------------------------------------------


def test_a_run_that_lacks_something(invented, tmp_path):
    with pytest.raises(MissingFileError, match="there is no such folder"):
        export_layers(tmp_path / "none")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(MissingFileError, match=r"holds no run.json and no layers.gpkg -> assess"):
        export_layers(empty)
    several = tmp_path / "several"
    (several / "shaoyang-2025").mkdir(parents=True)
    (several / "shaoyang-2025" / "run.json").write_text("{}")
    with pytest.raises(MissingFileError, match="one of the runs in it: shaoyang-2025"):
        export_layers(several)
    older = write_run(tmp_path / "older", invented)
    (older / "layers.gpkg").unlink()
    invented.units.to_file(older / "layers.gpkg", layer="units")
    with pytest.raises(InputError, match="an earlier version wrote it"):
        export_layers(older)
    (older / "layers.gpkg").write_text("broken")
    with pytest.raises(InputError, match="cannot be read"):
        export_layers(older)
    (older / "run.json").write_text("{")
    with pytest.raises(InputError, match="is no record of a run"):
        export_layers(older)
    bare = write_run(tmp_path / "bare", invented)
    (bare / "cells.parquet").unlink()
    export_layers(bare, tmp_path / "x.gpkg", layers=["units"])
    with pytest.raises(MissingFileError, match=r"cells.parquet: there is no such file"):
        export_layers(bare, tmp_path / "cog", format="cog")
    assert not (tmp_path / "cog").exists()


def test_layers_and_words_that_are_not_known(run, tmp_path):
    with pytest.raises(InputError, match="'roads' is no layer"):
        export_layers(run, tmp_path / "x.gpkg", layers=["roads"])
    with pytest.raises(InputError, match="'roads' has no raster"):
        export_layers(run, tmp_path / "x", format="cog", layers=["roads"])
    with pytest.raises(InputError, match="'dwg' is not known") as found:
        export_layers(run, format="dwg", encoding="big5", lang="fr")
    assert len(found.value.faults) == 3


def test_command_line(run, tmp_path):
    runner = CliRunner()
    out = tmp_path / "县.gdb"
    done = runner.invoke(
        app, ["export", str(run), "--format", "gdb", "--crs", "cgcs2000-gk-cm", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [str(out), str(tmp_path / "县.gdb_说明.txt")]
    failed = runner.invoke(app, ["export", str(run), "--crs", "gcj02"])
    assert failed.exit_code == 1
    assert "error: crs: 'gcj02' is no system for layers" in failed.stderr
    assert runner.invoke(app, ["export", str(run), "--format", "dwg"]).exit_code == 2
    missing = runner.invoke(app, ["export", str(tmp_path / "none")])
    assert (missing.exit_code, missing.stdout) == (1, "")
    told = runner.invoke(app, ["export", str(run), "--crs", "EPSG:32632", "--layers", "units"])
    assert told.exit_code == 0
    assert "warning: WGS 84 / UTM zone 32N is meant for" in told.stderr
    assert (run / "gis" / "synthetic.gpkg").is_file()


def test_a_countys_file_names_its_run(invented, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (
        'name = "mini"\nzh = "合成县"\nen = "Mini"\n[roads.osm]\npath = "r.osm"\n'
        '[units.file]\npath = "u.geojson"\n[population]\ntotals = true\n'
    )
    Path("county.toml").write_text(text, encoding="utf-8")
    with pytest.raises(MissingFileError, match="assess the county first"):
        export_layers("county.toml")
    write_run(tmp_path / "out" / "mini", invented)
    assert export_layers("county.toml", layers=["units"])[0] == Path("out/mini/gis/mini.gpkg")


def test_the_demo_once(tmp_path):
    from lifecircle import assess, read_config

    with warnings.catch_warnings(action="ignore"):
        county = assess(read_config("data/liechtenstein/county.toml"))
    folder = write_run(tmp_path / "run", county)
    with pytest.raises(CRSError, match=r"9\.47 to 9\.64 E"):
        export_layers(folder, tmp_path / "x.gdb", format="gdb", crs="cgcs2000-gk-cm")
    for form in FORMATS:
        out, _ = exported(folder, tmp_path, form, crs="EPSG:25832")
        for key in LAYERS:
            frame = read_layer(out, form, key)
            assert len(frame) == len(getattr(county, key))
            assert frame.crs.to_epsg() == 25832 or "ETRS" in frame.crs.name
    out, _ = exported(folder, tmp_path, "cog")
    with rasterio.open(out / "minutes_post.tif") as file:
        values, transform = file.read(1), file.transform
    assert transform.a == 100.0
    whole = county.cells[np.isclose(county.cells.area, 10_000.0)]
    column = ((whole.centroid.x - transform.c) // 100.0).astype(int)
    row = ((transform.f - whole.centroid.y) // 100.0).astype(int)
    seconds = county.access.xs("post", level="kind")["seconds"].reindex(whole.index)
    expected = (seconds / 60.0).to_numpy().astype(np.float32)
    assert np.array_equal(values[row, column], expected, equal_nan=True)
