"""The map: what goes into the page, that it is what the tables say, and that it loads nothing."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from importlib import resources

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from synthetic_assessment import CRS, HOSTILE, synthetic_assessment
from unpacking import unpack, unpack_rings

from lifecircle.config import MapConfig
from lifecircle.errors import CRSError, InputError, TableError
from lifecircle.render.web.cellshapes import map_order, pack_cells
from lifecircle.render.web.contents import page_data
from lifecircle.render.web.maps import coverage_map, map_html, ridden_words, words
from lifecircle.render.web.packing import (
    MISSING_16,
    cell_matrix,
    pack_lines,
    tenths_up,
    to_plane,
)
from lifecircle.render.web.page import json_text
from lifecircle.standards import clause

TEMPLATES = resources.files("lifecircle.render.web") / "templates"
SCRIPTS = sorted(file.name for file in TEMPLATES.iterdir() if file.name.endswith(".js"))


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment()


@pytest.fixture(scope="module")
def small():
    return synthetic_assessment(across=48)


@pytest.fixture(scope="module")
def page(invented):
    return page_data(invented, "zh")


# --- numbers that a person can check ---------------------------------------------------------


def test_minutes_are_rounded_up_and_missing_is_not_zero():
    minutes = np.array([0.0, 7.0, 14.91, 15.0, 15.0001, 9_999.0, np.nan])
    assert tenths_up(minutes).tolist() == [0, 70, 150, 150, 151, 65534, MISSING_16]


def test_cells_go_north_first_then_west_to_east():
    squares = shapely.box(
        [0, 100, 0, 100], [0, 0, 100, 100], [100, 200, 100, 200], [100] * 2 + [200] * 2
    )
    assert map_order(squares, 100.0).tolist() == [2, 3, 0, 1]


def test_a_polygon_keeps_its_hole_and_its_place():
    square = shapely.box(0, 0, 9000, 9000).difference(shapely.box(3000, 3000, 4000, 4000))
    shape = shapely.affinity.translate(square, 400_000, 2_900_000)
    (rings,) = unpack_rings(pack_lines(np.array([shape]), CRS, tolerance_m=0.0))
    assert len(rings) == 2
    expected = to_plane(np.array([shape]), CRS)[0]
    drawn = shapely.Polygon(rings[0], rings[1:])
    assert shapely.hausdorff_distance(drawn, expected) < 0.1
    # 9 km sides are longer than an int16 of decimetres holds, and are cut.
    assert len(rings[0]) > 4 * 3


def test_regular_cells_follow_one_model_and_clipped_ones_keep_their_rings():
    x, y = np.meshgrid(np.arange(40) * 100.0 + 400_000, np.arange(40) * 100.0 + 2_900_000)
    squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + 100, y.ravel() + 100)
    squares[7] = shapely.intersection(squares[7], shapely.Point(400_700, 2_900_000).buffer(60))
    squares[8] = shapely.box(400_800, 2_900_000, 400_850, 2_900_100)  # half a cell is not a cell
    pack = pack_cells(squares, CRS)
    assert unpack(pack["piece"]).tolist() == [7, 8]
    plane = to_plane(squares, CRS)
    check_corners(pack, plane, skip={7, 8}, within_m=0.4)
    drawn = [shapely.Polygon(rings[0]) for rings in unpack_rings(pack["rings"])]
    assert shapely.hausdorff_distance(drawn[0], plane[7]) < 0.1
    assert shapely.hausdorff_distance(drawn[1], plane[8]) < 0.1


@pytest.mark.parametrize("source", [4326, "ESRI:54009"])
def test_pixels_of_a_raster_in_another_crs_are_regular_cells_too(source):
    # WorldPop's degrees and GHS-POP's sheared Mollweide, around Suining county.
    step = 1 / 1200 if source == 4326 else 100.0
    centre = gpd.GeoSeries([shapely.Point(110.2, 26.6)], crs=4326).to_crs(source).iloc[0]
    x, y = np.meshgrid(np.arange(90) * step + centre.x, np.arange(90) * step + centre.y)
    pixels = shapely.box(x.ravel(), y.ravel(), x.ravel() + step, y.ravel() + step)
    cells = gpd.GeoSeries(pixels, crs=source).to_crs(CRS).to_numpy()
    pack = pack_cells(cells, CRS)
    assert len(unpack(pack["piece"])) == 0
    check_corners(pack, to_plane(cells, CRS), skip=set(), within_m=0.4)


def check_corners(pack, plane, *, skip, within_m):
    """Compute corners as the page does, and hold them against the true ones."""
    x, y = unpack(pack["x"]).astype(float), unpack(pack["y"]).astype(float)
    corners = np.array(pack["corners"]).reshape(4, 2, 3)
    for cell in range(0, len(plane), 37):
        if cell in skip:
            continue
        terms = np.array([1.0, x[cell] - pack["at"][0], y[cell] - pack["at"][1]])
        drawn = np.array([x[cell], y[cell]]) + corners @ terms
        true = shapely.get_coordinates(plane[cell])[:4] * 10.0
        apart = np.abs(drawn[:, None, :] - true[None, :, :]).max(axis=2).min(axis=1)
        assert apart.max() < within_m * 10.0


def test_a_cell_of_the_page_is_the_cell_of_the_tables(invented, page):
    cells = page["cells"]
    ids, unit = unpack(cells["id"]["number"]), unpack(cells["unit"])
    kinds = list(invented.standard.kinds)
    facility = np.array([None, *invented.facilities.index], dtype=object)
    x = unpack(cells["shapes"]["x"]) / 10.0
    for position in (0, 777, 1500, len(ids) - 1):
        cell_id = ids[position]
        row = invented.cells.loc[cell_id]
        assert invented.units.index[unit[position]] == row["unit_id"]
        assert unpack(cells["persons"]["values"])[position] == np.float32(row["persons"])
        bounds = to_plane([row.geometry], CRS)[0].bounds
        assert abs(x[position] - (bounds[0] + bounds[2]) / 2) < 0.06
        for number, kind in enumerate(kinds):
            column = cells["kinds"][number]
            if column is None:
                assert kind == "gas"  # excluded, so never measured
                continue
            walk = invented.access.loc[(cell_id, kind)]
            expected = tenths_up(np.array([walk["seconds"] / 60.0]))[0]
            assert unpack(column["minutes"])[position] == expected
            nearest = unpack(column["nearest"]["known"])[unpack(column["nearest"]["at"])[position]]
            found = facility[nearest]
            assert found == walk["facility_id"] or (found is None and pd.isna(walk["facility_id"]))


def test_metres_are_there_where_a_threshold_is_in_metres(invented, page):
    kinds = list(invented.standard.kinds)
    given_ = {kinds[i] for i, c in enumerate(page["cells"]["kinds"]) if c and c["metres"]}
    assert given_ == {"sport"}


def test_scores_that_are_not_full_never_read_100(invented):
    scores = invented.scores.copy()
    scores["score"] = 99.99
    data = page_data(replace(invented, scores=scores))
    column = unpack(data["cells"]["circles"][0]["score"])
    assert set(column.tolist()) == {999, MISSING_16}
    by_unit = invented.unit_scores.assign(score=99.99, complete_share=0.99999)
    whole = page_data(replace(invented, unit_scores=by_unit))["whole"]["scores"][0]
    assert (whole["score"], whole["complete"]) == (99.9, 0.9999)


def test_figures_of_the_county_are_those_of_the_tables(invented, page):
    whole = page["whole"]
    assert whole["residents"] == 49_000.0  # one unit's residents are not known
    first = page["requirements"][0]
    key = ("county", "urban_life_15", "post")
    assert (first["limit"], first["unit"], first["flag"]) == (15.0, "minutes", "confirmed")
    shares = [
        invented.coverage.loc[(*key, d), "share"]
        for d in ("population", "residential_land", "communities")
    ]
    assert whole["coverage"][0] == pytest.approx(shares, abs=1e-4)
    urban = invented.unit_scores.loc[("county", "urban_life_15")]
    assert whole["scores"][0]["score"] == pytest.approx(urban["score"], abs=0.1)
    assert whole["scores"][0]["complete"] == pytest.approx(urban["complete_share"], abs=1e-4)


def test_a_circle_that_does_not_apply_is_none_and_not_zero(page):
    rural = page["units"]["table"][0]
    assert rural["scores"][0] is None
    assert rural["scores"][1]["score"] > 0
    assert rural["coverage"][0] is None


def test_gaps_are_in_order_of_rank_with_the_nearest_facility(invented, page):
    gaps = page["gaps"]["table"]
    assert gaps["rank"] == sorted(gaps["rank"])
    at = gaps["id"].index("g0")
    row = invented.gaps.loc["g0"]
    assert gaps["persons"][at] == pytest.approx(row["persons"], abs=0.05)
    assert invented.facilities.index[gaps["nearest"][at]] == row["nearest_facility_id"]
    assert invented.units.index[gaps["unit"][at]] == row["unit_id"]


def test_figures_follow_one_rule(invented):
    gaps = invented.gaps.assign(nearest_minutes=117.21, persons=0.4996)
    scores = invented.unit_scores.assign(score=42.799, unverified_share=0.1289)
    coverage = invented.coverage.assign(share=0.58)
    data = page_data(replace(invented, gaps=gaps, unit_scores=scores, coverage=coverage))
    assert set(data["gaps"]["table"]["minutes"]) == {117.3}  # minutes up
    assert set(data["gaps"]["table"]["persons"]) == {0.4996}  # the page says: below one
    assert data["whole"]["scores"][0]["score"] == 42.7  # scores and shares down
    assert data["whole"]["scores"][0]["unsure"] == 0.1289
    assert data["whole"]["coverage"][0] == [0.58, 0.58, 0.58]
    exact = page_data(replace(invented, gaps=gaps.assign(nearest_minutes=30.000000000001)))
    assert set(exact["gaps"]["table"]["minutes"]) == {30.0}


def test_a_gap_is_marked_where_its_residents_live_most_densely(invented):
    gaps = invented.gaps.assign(x=invented.units.total_bounds[0], y=np.nan)
    gaps.loc["g0", ["x", "y"]] = gaps.loc["g0", "geometry"].centroid.coords[0]
    table = page_data(replace(invented, gaps=gaps))["gaps"]
    at = table["table"]["id"].index("g0")
    placed = np.array([unpack(table["labels"][axis])[at] / 10 for axis in "xy"])
    wanted = to_plane(shapely.points([gaps.loc["g0", ["x", "y"]].to_numpy(float)]), CRS)[0]
    assert placed == pytest.approx(np.array(wanted.coords[0]), abs=1)
    # Where that is not known, as for all others here, the mark lies in the gap.
    other = 1 - min(at, 1)
    place = [unpack(table["labels"][axis])[other] / 10 for axis in "xy"]
    area = to_plane(np.array([gaps.loc[table["table"]["id"][other], "geometry"]]), CRS)[0]
    assert shapely.distance(area, shapely.Point(place)) < 1


def test_clauses_are_there_in_both_languages(page, invented):
    for given_, known in zip(page["requirements"], invented.standard.requirements, strict=True):
        assert given_["source"] == {lang: clause(known.source, lang) for lang in ("zh", "en")}
    frame = page["frame"]
    assert frame["standardSource"]["en"] == invented.standard.source
    assert set(frame["community"]["source"]) == {"zh", "en"}


def test_larger_isochrones_are_painted_first(page):
    limits = page["isochrones"]["limit"]
    assert limits == sorted(limits, reverse=True)
    assert set(page["isochrones"]["facility"]) == {-1}


def test_isochrones_of_a_facility_name_it(invented):
    post = invented.isochrones.loc[[("post", 5.0)]]
    own = post.set_axis(pd.MultiIndex.from_tuples([("f000", 5.0)], names=["origin", "limit"]))
    both = gpd.GeoDataFrame(pd.concat([invented.isochrones, own]), crs=CRS)
    data = page_data(replace(invented, isochrones=both))["isochrones"]
    assert max(data["facility"]) == 0
    assert data["facility"].count(-1) == len(invented.isochrones)


def test_entrances_beyond_the_first_are_kept(invented, page):
    parks = (invented.facilities["kind"] == "park").sum()
    assert len(unpack(page["facilities"]["entranceOf"])) == 2 * parks
    assert page["facilities"]["count"] == 40


def test_streets_are_joined_and_sorted_by_class(page):
    main, middle, small = (unpack_rings(level) for level in page["streets"]["levels"])
    assert 0 < len(main) < len(middle) < len(small)


# --- laws ------------------------------------------------------------------------------------


@given(st.floats(0, 6000, allow_nan=False), st.integers(1, 60_000))
def test_rounding_never_changes_what_is_within_a_threshold(minutes, limit_tenths):
    limit = limit_tenths / 10.0
    if 0 < abs(minutes - limit) < 1e-6:
        return  # nearer than a tenth of a millisecond: either answer is right
    assert (tenths_up(np.array([minutes]))[0] <= limit_tenths) == (minutes <= limit)


@given(st.dictionaries(st.text(), st.text() | st.none() | st.floats(-1e9, 1e9)))
def test_json_is_inert_and_still_json(value):
    text = json_text(value)
    assert text.isascii()
    assert not set(text) & set("<>&")
    assert json.loads(text) == value


def test_nan_never_reaches_the_page():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"share": float("nan")})


def test_cell_matrix_leaves_unknown_cells_and_keys_out():
    index = pd.MultiIndex.from_tuples([(3, "post"), (9, "post"), (3, "gone")])
    matrix = cell_matrix(pd.Series([1.0, 2.0, 3.0], index), pd.Index([7, 3]), ["clinic", "post"])
    assert np.array_equal(matrix, [[np.nan, np.nan], [np.nan, 1.0]], equal_nan=True)


# --- the page --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["zh", "en"])
def html(request, small):
    return request.param, map_html(coverage_map(small, lang=request.param))


def test_the_map_is_a_folium_map(small):
    chart = coverage_map(small)
    assert isinstance(chart, folium.Map)
    folium.CircleMarker([26.6, 110.2], radius=4).add_to(chart)
    assert "L.circleMarker" in map_html(chart)


def test_the_page_names_no_address_that_it_would_load(html):
    _, text = html
    assert not re.search(r"jsdelivr|cdnjs|jquery|bootstrap", text.lower())
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", text)
    assert "default-src 'none'" in text.replace("&#39;", "'")
    # Leaflet's own images are inside.
    assert "url(images/" not in text


def test_hostile_names_are_inert(html):
    _, text = html
    for name in HOSTILE[:2]:
        assert name not in text
    assert "{{7*7}}" in text  # not run as a template
    _, data, _ = re.split(r'<script type="application/json"[^>]*>|</script>\s*<script>', text)[-3:]
    assert HOSTILE[0] in json.loads(data)["facilities"]["name"]


def test_the_title_is_escaped(html):
    lang, text = html
    name = {"zh": "虚构县", "en": "Synthetic County "}[lang]
    assert f"<title>{name}&lt;i&gt;" in text


def test_the_same_tables_give_the_same_bytes(small):
    assert map_html(coverage_map(small)) == map_html(coverage_map(small))


def test_a_notebook_shows_the_same_page(small):
    shown = coverage_map(small)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert not re.search(r"jsdelivr|cdnjs|jquery|bootstrap", shown.lower())


def test_the_tables_are_not_changed(small):
    names = ("facilities", "units", "cells", "access", "isochrones", "coverage", "gaps", "scores")
    before = {name: getattr(small, name).copy() for name in names}
    coverage_map(small)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(getattr(small, name)))


@pytest.mark.parametrize(
    "addition",
    [
        '<script src="https://example.invalid/a.js"></script>',
        '<link rel="stylesheet" href="//example.invalid/a.css">',
        '<img src="tiles/1.png">',
        "<style>@import 'https://example.invalid/a.css';</style>",
        "<style>p { background: url( 'https://example.invalid/a.png') }</style>",
        '<p style="background: url(https://example.invalid/a.png)">',
    ],
)
def test_whatever_would_be_loaded_is_refused(small, addition):
    chart = coverage_map(small)
    chart.get_root().html.add_child(folium.Element(addition))
    with pytest.raises(InputError, match="would load"):
        map_html(chart)


def test_links_and_data_are_not_loading(small):
    chart = coverage_map(small)
    chart.get_root().html.add_child(
        folium.Element(
            '<a href="https://example.invalid">x</a><img src="data:image/gif;base64,R0">'
        )
    )
    assert "example.invalid" in map_html(chart)


def test_every_word_is_there_in_both_languages_and_used():
    table = tomllib.loads((TEMPLATES / "words.toml").read_text(encoding="utf-8"))
    for key, entry in table.items():
        assert set(entry) == {"zh", "en"}, key
        assert all(text.strip() for text in entry.values()), key
        holes = [sorted(re.findall(r"\{(\w+)\}", text)) for text in entry.values()]
        assert holes[0] == holes[1], key
    source = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    used = set(re.findall(r'\bt\(\s*"(\w+)"', source))
    page = (TEMPLATES / "page.html").read_text(encoding="utf-8")
    used |= set(re.findall(r"this\.words\.(\w+)", page)) | {"title"}
    assert used == set(table)


def test_chinese_only_in_the_chinese_words():
    assert not [key for key, text in words("en").items() if re.search(r"[\u4e00-\u9fff]", text)]


def test_no_script_writes_html():
    source = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert way not in source


# --- bad and empty inputs --------------------------------------------------------------------


def test_tables_of_two_crs_are_refused(small):
    with pytest.raises(CRSError, match="facilities"):
        coverage_map(replace(small, facilities=small.facilities.to_crs(32649)))


def test_degrees_are_refused(small):
    names = ("facilities", "units", "cells", "isochrones", "gaps")
    degrees = {name: getattr(small, name).to_crs(4326) for name in names}
    with pytest.raises(CRSError, match="not in metres"):
        coverage_map(replace(small, **degrees))


def test_strange_kinds_and_units_are_all_named(small):
    cells = small.cells.assign(unit_id="nowhere")
    places = small.facilities.assign(kind="casino")
    with pytest.raises(TableError) as caught:
        coverage_map(replace(small, cells=cells, facilities=places))
    assert "casino" in str(caught.value)
    assert "nowhere" in str(caught.value)


def emptied(small):
    index = pd.MultiIndex.from_arrays([[], []], names=["cell_id", "kind"])
    yield (
        "no facility of a kind",
        {
            "facilities": small.facilities[small.facilities["kind"] != "post"],
            "access": small.access.assign(
                facility_id=small.access["facility_id"].where(
                    small.access.index.get_level_values("kind") != "post"
                ),
                seconds=small.access["seconds"].where(
                    small.access.index.get_level_values("kind") != "post"
                ),
            ),
        },
    )
    yield "no gap", {"gaps": small.gaps.iloc[:0]}
    yield "no isochrone", {"isochrones": small.isochrones.iloc[:0]}
    yield "no street", {"streets": None}
    yield "no facility", {"facilities": small.facilities.iloc[:0], "gaps": small.gaps.iloc[:0]}
    yield (
        "no cell",
        {
            "cells": small.cells.iloc[:0],
            "access": pd.DataFrame({"seconds": [], "facility_id": []}, index=index),
            "scores": small.scores.iloc[:0],
        },
    )
    yield (
        "one unit",
        {
            "units": small.units.iloc[[0]],
            "cells": small.cells[small.cells["unit_id"] == small.units.index[0]],
            "gaps": small.gaps[small.gaps["unit_id"] == small.units.index[0]],
        },
    )
    half = small.cells.set_geometry(small.cells.geometry.centroid)
    yield "cells that are points", {"cells": half}
    yield "gaps that are points", {"gaps": small.gaps.set_geometry(small.gaps.centroid)}
    named = small.cells.index.map(lambda i: f"c{i}").rename("cell_id")
    yield "ids that are text", {"cells": small.cells.set_axis(named)}


@pytest.mark.parametrize("case", range(10))
def test_whatever_is_empty_the_page_is_made(small, case):
    _, changes = list(emptied(small))[case]
    text = map_html(coverage_map(replace(small, **changes)))
    assert text.endswith("</html>")


def test_an_approval_number_takes_the_place_of_the_internal_line(small):
    config = small.config.model_copy(
        update={"map": small.config.map.model_copy(update={"approval_number": "GS(2026)1号"})}
    )
    assert page_data(replace(small, config=config))["frame"]["approval"] == "GS(2026)1号"
    assert words("zh")["approval_none"] == "内部工作用图，未经审核不得公开"


def test_datasets_say_what_they_were_used_for(page):
    lines = {tuple(line["uses"]): line["date"] for line in page["frame"]["datasets"]}
    assert lines == {
        ("roads", "facilities"): "2025-06-30",
        ("facilities",): "2025-06-30",
        ("units", "population"): "2024",
    }


# --- two languages, and the optional basemap ---------------------------------------------------


def test_labels_are_there_in_both_languages(small, page):
    assert page["county"] == {"zh": "虚构县<i>", "en": "Synthetic County <i>"}
    assert page["kinds"][0]["label"] == {"zh": "邮政", "en": "Post"}
    assert page["frame"]["notice"]["en"] == "Sample data, all invented"
    changed = page["frame"]["changes"]
    assert changed
    assert all(set(change) == {"zh", "en"} for change in changed)
    # The language is only what the page starts with.
    zh, en = page_data(small, "zh"), page_data(small, "en")
    assert {key for key in zh if zh[key] != en[key]} == {"lang"}


def test_findings_are_told_in_chinese_where_that_is_known(small):
    known = "evidence: 3 points lie outside their unit and are left out; check them"
    told = page_data(replace(small, run={"warnings": [known, "quite new"]}))["frame"]["findings"]
    assert told[0] == {"zh": "3 个居住点落在所属单元之外，未采用，请核对", "en": known}
    assert told[1] == {"zh": "quite new", "en": "quite new"}


def with_key(small, key):
    own = MapConfig.model_validate({**small.config.map.model_dump(), "tianditu_key": key})
    return replace(small, config=small.config.model_copy(update={"map": own}))


def test_without_a_key_no_basemap_is_named(small):
    assert "tianditu.gov" not in map_html(coverage_map(small))


def test_with_a_key_only_that_host_is_let_in(small):
    text = map_html(coverage_map(with_key(small, "abc123")))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1].replace("&#39;", "'")
    assert "img-src https://*.tianditu.gov.cn data: blob:;" in policy
    assert policy.count("http") == 1
    chart = coverage_map(with_key(small, "abc123"))
    tile = '<img src="https://t0.tianditu.gov.cn/vec_w/wmts">'
    chart.get_root().html.add_child(folium.Element(tile))
    assert tile in map_html(chart)
    for other in (
        '<img src="https://tianditu.gov.cn.example.invalid/">',
        '<img src="https://t0.tianditu.gov.cn.example.invalid/">',
        '<script src="https://t0.tianditu.gov.cn/a.js"></script>',
    ):
        chart = coverage_map(with_key(small, "abc123"))
        chart.get_root().html.add_child(folium.Element(other))
        with pytest.raises(InputError, match="would load"):
            map_html(chart)


@pytest.mark.parametrize("key", ["abc 1", "a'b", "k&tk=2", "密钥", "a" * 65, "abc\n"])
def test_a_key_is_letters_and_digits(key):
    with pytest.raises(ValueError, match="tianditu_key"):
        MapConfig(tianditu_key=key)


def test_the_key_stays_out_of_records(small):
    config = with_key(small, "secret123").config
    assert "secret123" not in str(config.model_dump())
    assert "secret123" not in repr(config)


def test_where_somebody_rides_the_page_speaks_of_travel(small):
    assert "步行" in "".join(words("zh").values())
    for lang in ("zh", "en"):
        text = " ".join(ridden_words(lang).values()).lower()
        assert not [word for word in ("步行", "on foot", "walk") if word in text]
        assert ridden_words(lang).keys() == words(lang).keys()
    rides = small.config.walk.model_validate({"settings": {"rural": "e-bike"}})
    config = small.config.model_copy(update={"walk": rides})
    data = page_data(replace(small, config=config))
    assert data["frame"]["otherSettings"] == ["rural"]
    assert "电动自行车" in data["frame"]["walking"]["zh"]
    html = map_html(coverage_map(replace(small, config=config)))
    assert json_text("出行分钟") in html
    assert json_text("步行分钟") not in html
