"""Static maps and charts: the classes of the map, real sizes, no glyph missing, no global state."""

import io
import shutil
import subprocess
import time
import warnings
from dataclasses import replace

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image
from synthetic_assessment import CRS, HOSTILE, synthetic_assessment

from lifecircle.errors import DataWarning
from lifecircle.render.report.figure_ground import (
    GOOD_TO_BAD,
    MISSING,
    ground_of,
    minute_classes,
    path_of,
    score_classes,
)
from lifecircle.render.report.figure_page import GAP, round_length
from lifecircle.render.report.figure_text import Lettering, lettering, short, wrapped
from lifecircle.render.report.figures import DPI, draw_figures, write_maps

PDFFONTS = shutil.which("pdffonts")


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment()


@pytest.fixture(scope="module")
def figures(invented):
    return draw_figures(invented)


def test_there_is_a_page_for_each_circle_and_each_kind_with_gaps(figures):
    assert [(d.kind, d.subject) for d in figures.drawings] == [
        ("circle", "urban_life_15"),
        ("circle", "township_convenience"),
        ("gap", "post"),
        ("gap", "retail"),
        ("gap", "clinic"),
        ("coverage", ""),
        ("units", ""),
    ]
    assert figures.drawings[2].name == "03-gap-post"


def test_classes_are_those_of_the_map():
    scores = pd.Series([100.0, 99.99, 80.0, 79.99, 0.0], index=range(5))
    assert score_classes(scores, pd.RangeIndex(6)).tolist() == [0, 1, 1, 2, 5, MISSING]
    seconds = pd.Series([300.0, 300.1, 900.0, 3600.0, 3601.0, np.nan], index=range(6))
    breaks = (5.0, 10.0, 15.0, 30.0, 60.0)
    assert minute_classes(seconds, pd.RangeIndex(6), breaks).tolist() == [0, 1, 2, 4, 5, MISSING]


def test_colours_are_those_of_the_map():
    from importlib import resources

    templates = resources.files("lifecircle.render.web") / "templates"
    cells = (templates / "cells.js").read_text(encoding="utf-8")
    assert ", ".join(f'"{colour}"' for colour in GOOD_TO_BAD) in cells
    assert f'"{GAP}"' in (templates / "layers.js").read_text(encoding="utf-8")


def texts(drawing):
    figure = drawing.figure
    found = [text.get_text() for text in figure.texts]
    return found + [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "zh",
            ["步行速度 4.5 公里/小时（75 米/分钟）", "CGCS2000", "内部工作用图"],
        ),
        ("en", ["Walking speed 4.5 km/h (75 m/min)", "CGCS2000", "For internal use only"]),
    ],
)
def test_every_map_says_what_a_map_must_say(invented, lang, expected):
    drawn = draw_figures(invented, lang)
    for drawing in drawn.of("circle", "gap"):
        said = "\n".join(texts(drawing)).replace("\n", " ")
        for words in [*expected, "2026-01-31", "2025-06-30", "OpenStreetMap"]:
            assert words.replace(" ", "") in said.replace(" ", "")
        assert {"北", "N"} & set(texts(drawing))
        assert any(text.endswith((" 米", " 公里", " m", " km")) for text in texts(drawing))


def test_an_approval_number_takes_the_place_of_internal_use(invented):
    settings = invented.config.map.model_copy(update={"approval_number": "湘S(2026)001号"})
    config = invented.config.model_copy(update={"map": settings})
    said = "\n".join(texts(draw_figures(replace(invented, config=config)).drawings[0]))
    assert "审图号：湘S(2026)001号" in said
    assert "内部工作用图" not in said


def test_hostile_names_start_no_formula_and_are_cut(invented):
    names = ["$x^2$ $", "a" * 10_000, "\u202e反转", "😀🏥", "=cmd|' /C calc'!A0", "b\x00\x0b镇"]
    units = invented.units.assign(name=names)
    drawn = draw_figures(replace(invented, units=units))
    said = [text for drawing in drawn.drawings for text in texts(drawing)]
    assert all(len(text) < 500 for text in said)
    assert not any(set(text) & set("\u202e\x00\x0b") for text in said)
    for drawing in drawn.drawings:
        drawn.png(drawing)  # a glyph that is missing would be a warning, and so an error


def test_file_names_come_from_keys_only_in_ascii(invented):
    standard = invented.standard
    old = standard.circles["urban_life_15"]
    circles = {"../../逃": old, "township_convenience": standard.circles["township_convenience"]}
    requirements = tuple(
        r.model_copy(update={"circle": "../../逃"}) if r.circle == "urban_life_15" else r
        for r in standard.requirements
    )
    changed = standard.model_copy(update={"circles": circles, "requirements": requirements})
    scores = invented.scores.rename(index={"urban_life_15": "../../逃"})
    drawn = draw_figures(replace(invented, standard=changed, scores=scores))
    assert drawn.drawings[0].name == "01-circle-_"


def test_pngs_have_300_dpi_and_show_the_classes(figures):
    with Image.open(io.BytesIO(figures.png(figures.drawings[0]))) as image:
        assert image.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
        assert image.width == pytest.approx(16.0 / 2.54 * DPI, abs=2)
        colours = {"#{:02x}{:02x}{:02x}".format(*c) for _, c in image.convert("RGB").getcolors(300)}
    assert len(colours & set(GOOD_TO_BAD)) >= 3


def test_a_resolution_is_drawn_once(figures):
    assert figures.png(figures.drawings[0], 200) is figures.png(figures.drawings[0], 200)


def test_nothing_global_is_changed(invented):
    before, pyplot = dict(mpl.rcParams), "matplotlib.pyplot"
    import sys

    loaded = pyplot in sys.modules
    draw_figures(invented, "en").png(draw_figures(invented, "en").drawings[0])
    assert dict(mpl.rcParams) == before
    assert (pyplot in sys.modules) == loaded


def test_without_a_chinese_font_it_says_what_to_install_and_draws(invented):
    with pytest.warns(DataWarning, match="install Noto Sans CJK SC"):
        letters = lettering(("No such font",))
    drawn = draw_figures(invented, letters=letters)
    assert drawn.png(drawn.drawings[0]).startswith(b"\x89PNG")
    assert Lettering(("DejaVu Sans",)).legible("15分钟") == "15□□"


def test_maps_are_written_as_files(invented, figures, tmp_path):
    paths = write_maps(tmp_path / "maps", invented, figures=figures)
    assert [path.name for path in paths][-1] == "maps.pdf"
    assert len(paths) == len(figures.drawings) + 1
    assert (tmp_path / "maps" / "maps.pdf").read_bytes().startswith(b"%PDF")
    assert write_maps(tmp_path / "all.pdf", invented, figures=figures) == [tmp_path / "all.pdf"]


@pytest.mark.skipif(PDFFONTS is None, reason="needs pdffonts")
def test_fonts_of_the_pdf_are_embedded(figures, tmp_path):
    figures.write_pdf(tmp_path / "maps.pdf")
    told = subprocess.run(
        [PDFFONTS, "maps.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()[2:]
    assert told
    assert all(line.split()[-5] == "yes" for line in told)


def test_empty_gaps_and_unknown_kinds_are_drawn(invented):
    places = invented.facilities[invented.facilities["kind"] != "post"]
    access = invented.access.copy()
    post = access.index.get_level_values("kind") == "post"
    access.loc[post, ["seconds", "metres"]] = np.nan
    access.loc[post, "facility_id"] = None
    empty = replace(invented, gaps=invented.gaps.iloc[:0], facilities=places, access=access)
    drawn = draw_figures(empty)
    said = "\n".join(texts(drawn.of("gap")[0])).replace("\n", "")
    assert "没有资料，不等于没有设施" in said
    assert "无设施数据" in "\n".join(texts(drawn.of("coverage")[0]))
    drawn.png(drawn.of("gap")[0])


def test_holes_of_gaps_stay_open():
    ring = shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2)
    path = path_of([ring])
    assert path.contains_point((0.5, 0.5))
    assert len(path.codes) == 10
    assert len(path_of([shapely.Point(0, 0)]).codes) == 0


def test_large_counties_are_painted_in_bounded_time(invented):
    across = 320  # 102,400 cells
    x, y = np.meshgrid(np.arange(across) * 100.0, np.arange(across) * 100.0)
    shapes = shapely.box(x.ravel(), y.ravel(), x.ravel() + 100.0, y.ravel() + 100.0)
    cells = gpd.GeoDataFrame(
        {"unit_id": "430527100", "setting": "urban", "persons": 1.0, "residential_m2": 0.0},
        geometry=shapes,
        index=pd.RangeIndex(len(shapes), name="cell_id"),
        crs=CRS,
    )
    units = invented.units.iloc[:1].set_geometry([shapely.box(0, 0, across * 100, across * 100)])
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from lifecircle.render.report.figure_ground import draw_cells

    ground = ground_of(replace(invented, cells=cells, units=units, streets=None))
    figure = Figure(figsize=(4, 4))
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, across * 100), ylim=(0, across * 100))
    axes.set_axis_off()
    begin = time.perf_counter()
    draw_cells(axes, ground, np.full(len(cells), 2, dtype=np.int8))
    canvas.draw()
    assert time.perf_counter() - begin < 30.0
    pixels = np.asarray(canvas.buffer_rgba())[5:-5, 5:-5, :3].reshape(-1, 3)
    assert (pixels == (0x22, 0xA8, 0x84)).all(axis=1).mean() > 0.99


def test_scale_bars_are_round():
    assert [round_length(m) for m in (999.0, 1000.0, 2600.0, 60_000.0)] == [500, 1000, 2000, 50_000]


def test_lines_break_between_chinese_characters_and_names_are_cut():
    assert wrapped("一二三四五六", 6) == "一二三\n四五六"
    assert wrapped("ab cd ef", 5, 1).endswith("…")
    assert short(HOSTILE[1], 12).endswith("…")
    with warnings.catch_warnings(action="error"):
        assert short(None, 12) == ""
