"""What helps to decide in the layers for a GIS: fields, layers and styles, and only where asked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from synthetic_assessment import synthetic_assessment
from synthetic_decisions import all_decisions, supplied, with_decisions
from test_gis import read, write_run

from lifecircle.render.gis.export import export_layers
from lifecircle.render.gis.layers import layer_tables
from lifecircle.render.gis.styles import GOOD_TO_BAD, layer_styles
from lifecircle.render.gis.words import ASKED_LAYERS, describe
from lifecircle.tables.decisions import Decisions

pytestmark = pytest.mark.filterwarnings("ignore:organizePolygons:RuntimeWarning")


@pytest.fixture(scope="module")
def plain():
    return synthetic_assessment(across=48)


@pytest.fixture(scope="module")
def decided():
    invented = synthetic_assessment(across=48)
    return with_decisions(invented, **all_decisions(invented))


@pytest.fixture(scope="module")
def tables(decided):
    return layer_tables(decided)


@pytest.fixture(scope="module")
def run(decided, tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("gis") / "out" / "synthetic", decided)


def test_nothing_asked_for_is_nothing_more(plain, decided):
    layers, _ = layer_tables(plain)
    assert not set(ASKED_LAYERS) & set(layers)
    more, _ = layer_tables(decided)
    added = {key: set(more[key].columns) - set(layers[key].columns) for key in layers}
    assert added == {
        "facilities": {"supply_ratio"},
        "isochrones": set(),
        "units": {"supply_clinic", "unreached_clinic"},
        "cells": {"supply_clinic"},
        "gaps": {"verdict", "certain_share", "unmapped_share"},
    }
    empty = with_decisions(synthetic_assessment(across=48))
    assert list(layer_tables(empty)[0]) == list(layers)


def test_supply_is_that_of_the_tables(tables, decided):
    layers, _ = tables
    found = decided.decisions.supplied[0]
    cells = layers["cells"].set_index("cell_id")["supply_clinic"]
    pd.testing.assert_series_equal(cells, found.cells["supply"], check_names=False)
    assert set(cells.unique()) == {0.0, 2.0}  # half of the cells have nothing in reach
    units = layers["units"].set_index("unit_id")
    assert units["supply_clinic"].to_dict() == found.units["supply"].drop("county").to_dict()
    ratio = layers["facilities"].set_index("facility_id")["supply_ratio"]
    clinics = decided.facilities["kind"] == "clinic"
    assert (ratio[clinics] == 2.0).all()
    assert ratio[~clinics].isna().all()


def test_the_second_supply_of_a_kind_is_numbered_and_told(decided):
    first = supplied(decided)
    second = replace(first, method="e2sfca", minutes=30.0)
    both = with_decisions(synthetic_assessment(across=48), supplied=(first, second))
    layers, names = layer_tables(both)
    assert {"supply_clinic", "supply_clinic_2"} <= set(layers["cells"].columns)
    one, two = describe("cells", ["supply_clinic", "supply_clinic_2"], names)
    assert one.zh != two.zh
    assert one.zh in two.zh
    assert two.short == "sup_clin_2"


def test_gaps_say_how_sure_they_are(tables, decided):
    layers, _ = tables
    gaps = layers["gaps"].set_index("gap_id")
    sweep = decided.decisions.confidence.gaps
    assert gaps["verdict"].to_dict() == sweep["verdict"].to_dict()
    assert gaps["verdict"].tolist().count("no_road") == 1
    assert gaps["unmapped_share"].max() == 0.9


def test_sites_of_all_searches_are_points_in_one_layer(tables, decided):
    layers, _ = tables
    sites = layers["sites"]
    assert sites["objective"].tolist() == ["mclp", "mclp", "pmedian", "pmedian"]
    assert sites["rank"].tolist() == [1, 2, 1, 2]
    assert sites["persons"].tolist() == [300.0, 100.0] * 2
    # mclp looks at no walk beyond the limit: it does not tell of any.
    assert np.isnan(sites["mean_minutes"]).tolist() == [True, True, False, False]
    at = decided.decisions.sited[0].sites.geometry
    assert sites.geometry[:2].geom_equals(at.reset_index(drop=True)).all()
    assert sites.crs == decided.units.crs
    assert layers["site_cells"]["cell_id"].tolist() == [5, 5]


@pytest.mark.parametrize("layer", ["facilities", "units", "cells", "gaps", "sites", "site_cells"])
def test_no_field_is_left_without_meaning(tables, layer):
    layers, names = tables
    columns = [str(c) for c in layers[layer].columns if c != "geometry"]
    told = {field.field: field for field in describe(layer, columns, names)}
    assert list(told) == columns
    for field in told.values():
        assert field.zh != field.field, field
        assert len(field.short.encode()) <= 10 or layer in ("facilities", "units", "cells"), field


def styles_of(path):
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT f_table_name, styleName, styleQML FROM layer_styles").fetchall()
    return {(table, name): text for table, name, text in rows}


def test_the_geopackage_has_the_layers_and_their_styles(run):
    file = run / "layers.gpkg"
    there = {str(name): str(kind) for name, kind in pyogrio.list_layers(file)}
    assert there["建议选址"] == "Point"
    assert len(read(file, "建议选址")) == 4
    styles = styles_of(file)
    by_supply = next(text for (_, name), text in styles.items() if name.startswith("医疗卫生供给"))
    assert "0（范围内没有）" in by_supply
    assert ("服务缺口", "按可信度") in styles
    assert "数据缺口（未标注道路）" in styles["服务缺口", "按可信度"]
    assert (
        '"rank"' in styles["建议选址", "按类别"]
        or 'fieldName="rank"' in styles["建议选址", "按类别"]
    )
    default = [name for table, name in styles if table == "服务缺口"]
    assert default[0] == "按类别"


def test_nothing_in_reach_is_a_class_of_its_own(tables):
    layers, names = tables
    supply = [0.0, 0.0, 0.3, 0.7, 1.5, np.nan]
    cells = layers["cells"].head(6).assign(supply_clinic=supply, persons=10.0)
    written = next(s for s in layer_styles("cells", cells, names, "en") if "upply" in s.name)
    classes = written.qml.split("<range ")[1:]
    assert 'lower="0.000000000000000" upper="0.000000000000000"' in classes[0]
    assert "0 (none in reach)" in classes[0]
    assert "capacity unknown" in classes[-1]
    shown = [part.split('label="')[1].split('"')[0] for part in classes]
    assert shown[1].startswith("0.3")
    assert shown[-2].endswith("1.5")
    assert GOOD_TO_BAD[5] == "#440154"


@pytest.mark.parametrize("form", ["gpkg", "gdb", "shp", "geoparquet"])
def test_every_format_has_them(run, tmp_path, form):
    suffix = {"gpkg": "x.gpkg", "gdb": "x.gdb"}.get(form, "x")
    out = tmp_path / suffix
    export_layers(run, out, format=form, crs="cgcs2000-gk-cm")
    if form in ("gpkg", "gdb"):
        sites, gaps = read(out, "建议选址"), read(out, "服务缺口")
    elif form == "shp":
        sites, gaps = read(out / "sites.shp"), read(out / "gaps.shp")
    else:
        sites, gaps = (gpd.read_parquet(out / f"{key}.parquet") for key in ("sites", "gaps"))
    assert sorted(sites["rank"].tolist()) == [1, 1, 2, 2]
    assert set(gaps["verdict"]) == {"no_road", "sensitive", "robust"}
    if form == "shp":
        assert {"cand_id", "pers_total", "covered", "saved_pmin"} <= set(sites.columns)
        assert (sites["mean_min"] == -9999.0).sum() == 2  # a shapefile holds no empty number


def test_a_layer_is_chosen_by_its_name(run, tmp_path):
    export_layers(run, tmp_path / "s.gpkg", layers=["建议选址"])
    there = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "s.gpkg")}
    assert "建议选址" in there
    assert "评价单元" not in there


def test_no_sites_give_an_empty_layer_that_can_be_read(decided, tmp_path):
    one = decided.decisions.sited[0]
    none = replace(one, sites=one.sites.iloc[:0], cells=one.cells.iloc[:0])
    invented = with_decisions(synthetic_assessment(across=48), sited=(none,))
    folder = write_run(tmp_path / "run", invented)
    assert len(read(folder / "layers.gpkg", "建议选址")) == 0
    assert bool(Decisions(sited=(none,)))
    export_layers(folder, tmp_path / "e.gdb", format="gdb")


def test_the_text_beside_an_export_says_how_people_move(plain, tmp_path):
    folder = write_run(tmp_path / "run", plain)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    record["config"]["walk"] = {"profile": "elderly", "settings": {"rural": {"profile": "e-bike"}}}
    record["elevation"] = {"given": True, "counted": True, "known_share": 0.5}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    _, text = export_layers(folder, tmp_path / "e.gpkg", layers=["units"])
    told = text.read_text(encoding="utf-8-sig")
    assert "出行方式：老年人步行，60 米/分钟" in told
    assert "电动自行车" in told
    assert "50%" in told
