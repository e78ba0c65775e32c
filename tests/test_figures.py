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
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from synthetic_assessment import CRS, HOSTILE, synthetic_assessment

from lifecircle.errors import DataWarning
from lifecircle.render.report.asked import settings_without
from lifecircle.render.report.figure_ground import (
    GOOD_TO_BAD,
    MISSING,
    ground_of,
    minute_classes,
    path_of,
    score_classes,
)
from lifecircle.render.report.figure_labels import draw_names, draw_ranks, gap_spots, overlap
from lifecircle.render.report.figure_page import GAP, new_page, round_length
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
            ["成人步行，75 米/分钟；未提供高程，未计坡度", "CGCS2000", "内部工作用图"],
        ),
        (
            "en",
            [
                "adult on foot, 75 m/min; no elevation given, slope not counted",
                "CGCS2000",
                "For internal use only",
            ],
        ),
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
    assert "邮政设施（无设施数据）" in said
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


# --- labels, limits and files that stand alone ------------------------------------------------


@pytest.fixture(scope="module")
def blank(invented):
    letters = lettering()
    return letters, ground_of(invented)


@settings(max_examples=20, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)), min_size=1, max_size=20)
)
def test_no_rank_covers_another_and_no_name_a_rank(blank, places):
    letters, ground = blank
    page = new_page(ground, "x", "y", [], letters)
    west, south, east, north = ground.bounds
    spots = np.array([(west + a * (east - west), south + b * (north - south)) for a, b in places])
    taken = draw_ranks(page, spots, letters)
    assert len(taken) == len(places)
    assert not any(overlap(a, b) for n, a in enumerate(taken) for b in taken[:n])
    ranks = len(page.axes.texts)
    left_out = draw_names(page, ground, letters, taken)
    names = page.axes.texts[ranks:]
    assert len(names) + left_out == len(ground.names)
    for name in names:
        x, y = name.get_position()
        assert not any(b[0] < x < b[2] and b[1] < y < b[3] for b in taken)


def test_ranks_at_one_place_stand_beside_one_another_with_a_line(blank):
    letters, ground = blank
    page = new_page(ground, "x", "y", [], letters)
    middle = np.array([ground.bounds[:2], ground.bounds[2:]]).mean(axis=0)
    taken = draw_ranks(page, np.array([middle, middle]), letters)
    assert taken[0][0] < middle[0] < taken[0][2]  # the first keeps its place
    assert not overlap(*taken)
    assert len(page.axes.lines) == 1


def test_gaps_are_labelled_where_residents_live_most_densely(invented):
    gaps = invented.gaps.iloc[:2].assign(x=[7.0, np.nan], y=[8.0, np.nan])
    inside = gaps.geometry.iloc[1]
    first, second = gap_spots(gaps)
    assert first.tolist() == [7.0, 8.0]
    assert inside.covers(shapely.Point(second))
    assert inside.covers(shapely.Point(gap_spots(gaps.drop(columns=["x", "y"]))[1]))


@pytest.mark.parametrize(
    ("lang", "expected", "mark"),
    [
        (
            "zh",
            "城市社区15分钟生活圈15分钟；乡镇便民生活圈30分钟（未核实）",
            "本圈5项阈值中4项未核实",
        ),
        ("en", "Urban15-minutelifecircle15min;Townshipconveniencecircle30min(unverified)", "4of"),
    ],
)
def test_limits_and_what_is_unverified_stand_on_gap_maps_and_charts(invented, lang, expected, mark):
    drawn = draw_figures(invented, lang)
    for drawing in drawn.of("gap"):
        assert expected in "".join(texts(drawing)).replace("\n", "").replace(" ", "")
    for drawing in drawn.of("coverage", "units"):
        assert mark in "".join(texts(drawing)).replace(" ", "")
    (coverage,) = drawn.of("coverage")
    marked = [text for text in texts(coverage) if text.endswith(" *")]
    assert len(marked) == 4  # the township's kinds by 30 minutes; sport by 2000 m is ours


def test_a_map_says_for_whom_the_standard_has_no_threshold(invented):
    standard = invented.standard
    urban = tuple(r for r in standard.requirements if r.circle == "urban_life_15")
    some = standard.model_copy(update={"requirements": urban})
    assert settings_without(invented, "post") == ()
    assert settings_without(replace(invented, standard=some), "post") == ("township", "rural")


def test_charts_stand_alone(invented):
    for drawing in draw_figures(invented).of("coverage", "units"):
        said = "".join(texts(drawing)).replace("\n", "")
        for words in (
            "虚构县<i>社区生活圈评估",
            "2026-01-31",
            "标准：",
            "数据来源：",
            "内部工作用图",
        ):
            assert words in said
        assert "坐标系" not in said


def test_charts_bear_no_approval_number_of_maps(invented):
    config = invented.config.model_copy(
        update={"map": invented.config.map.model_copy(update={"approval_number": "湘S(2026)001号"})}
    )
    for drawing in draw_figures(replace(invented, config=config)).of("coverage", "units"):
        assert "审图号" not in "".join(texts(drawing))


def test_files_have_white_around_them(figures):
    drawing = figures.drawings[0]
    plain, wide = (
        Image.open(io.BytesIO(figures.png(drawing, margin_cm=margin))).convert("L")
        for margin in (0.0, 0.6)
    )
    margin = round(0.6 / 2.54 * DPI)
    assert wide.size == (plain.width + 2 * margin, plain.height + 2 * margin)
    pixels = np.asarray(wide)
    assert (pixels[:, :margin] >= 250).all()
    assert (pixels[:, margin:] < 250).any()


def test_every_circle_has_its_panel_however_many_there_are(invented):
    from lifecircle.render.report.figure_charts import unit_charts

    many = pd.concat(
        invented.unit_scores.rename(index={a: f"{a}-{n}" for a in invented.units.index})
        for n in range(5)
    )
    scores = many[~many.index.duplicated()]
    circles = {f"c{n}": invented.standard.circles["urban_life_15"] for n in range(5)}
    table = pd.concat(
        scores.xs("urban_life_15", level="circle", drop_level=False).rename(
            index={"urban_life_15": key}
        )
        for key in circles
    )
    asked = tuple(
        r.model_copy(update={"circle": key})
        for key in circles
        for r in invented.standard.for_circle("urban_life_15")
    )
    standard = invented.standard.model_copy(update={"circles": circles, "requirements": asked})
    charts = unit_charts(replace(invented, standard=standard, unit_scores=table), "zh", lettering())
    assert len(charts) == 2
    assert sum(len(chart.axes) for chart in charts) >= 5
