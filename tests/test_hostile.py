"""Strange names from ledgers and layers reach every output harmlessly."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_assessment import HOSTILE, synthetic_assessment

from lifecircle.render.gis.export import export_layers
from lifecircle.render.writing import OUTPUTS, write_outputs

NASTY = (
    *HOSTILE,
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "C:\\Windows\\system32\\con",
    "长铺镇" * 3_400,
    "\u202e右到左\u202c مركز",
    "👩‍👩‍👧‍👦🏥",
    "a\x00b\x0bc\ufffe",
    "<r><b></r>",
    "]]>&lt;!--",
    "javascript:alert(1)",
    "",
    "   ",
)
STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment(across=48)


def renamed(assessment, names):
    """The same assessment, its facilities, units and sources called by these names in turn."""

    def fill(table):
        return pd.array([names[n % len(names)] for n in range(len(table))], dtype="str")

    facilities = assessment.facilities.assign(
        name=fill(assessment.facilities), source=fill(assessment.facilities)
    )
    units = assessment.units.assign(name=fill(assessment.units))
    config = assessment.config.model_copy(update={"zh": names[0] or "县", "en": names[-1] or "X"})
    return replace(assessment, facilities=facilities, units=units, config=config)


class Scripts(HTMLParser):
    """The attributes that could run something, and the elements of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.handlers = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def tags_of(path):
    page = Scripts()
    page.feed(path.read_text(encoding="utf-8"))
    assert not page.handlers
    return page.tags


def check_all(folder, plain):
    """Nothing runs, nothing is a formula, everything can be opened again."""
    assert {path.name for path in folder.iterdir()} == set(OUTPUTS)
    for page in ("map.html", "report.html"):
        ours, theirs = tags_of(folder / page), tags_of(plain / page)
        assert ours.count("script") == theirs.count("script")
        assert set(ours) <= set(theirs) | {"bdi", "small", "em", "strong", "br"}
    for sheet in openpyxl.load_workbook(folder / "workbook.xlsx"):
        assert not [cell for row in sheet for cell in row if cell.data_type == "f"]
    with zipfile.ZipFile(folder / "report.docx") as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(parts.read(name))  # noqa: S314 - written by ourselves just now
    for file in folder.glob("*.csv"):
        table = pd.read_csv(file, encoding="utf-8-sig", dtype=str, keep_default_na=False)
        for column in table.columns:
            risky = table[column][table[column].str.startswith(STARTS)]
            assert risky.str.fullmatch(r"-?[\d.]+").all()
    for layer in gpd.list_layers(folder / "layers.gpkg")["name"]:
        gpd.read_file(folder / "layers.gpkg", layer=layer)


@pytest.fixture(scope="module")
def plain(invented, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain") / "out"
    write_outputs(renamed(invented, ["甲"]), folder)
    return folder


def test_names_that_are_known_to_bite(invented, plain, tmp_path):
    write_outputs(renamed(invented, NASTY), tmp_path / "in" / "out")
    check_all(tmp_path / "in" / "out", plain)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["out"]


@pytest.mark.parametrize("form", ["gpkg", "shp", "gdb", "geoparquet", "cog"])
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")  # texts are cut, and told
def test_exports_stay_in_their_folder(invented, tmp_path, form):
    run = tmp_path / "in" / "run"
    write_outputs(renamed(invented, NASTY), run, without=("map", "report", "workbook"))
    before = sorted(path.relative_to(tmp_path).as_posix() for path in run.rglob("*"))
    target = {"gpkg": "all.gpkg", "gdb": "all.gdb"}.get(form, form)
    written = export_layers(run, tmp_path / "in" / "gis" / target, format=form)
    assert written
    assert all(tmp_path / "in" / "gis" in path.parents for path in written)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in run.rglob("*")) == before
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["gis", "run"]


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.text(max_size=40) | st.sampled_from(NASTY), min_size=3, max_size=6))
def test_whatever_things_are_called(invented, plain, tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("any") / "out"
    write_outputs(renamed(invented, names), folder)
    check_all(folder, plain)
