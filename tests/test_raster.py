"""Reading population rasters: the window, nodata, and one clear error for each bad file."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine

from lifecircle.errors import CRSError, DataWarning, InputError, MissingFileError
from lifecircle.sources.raster import read_population

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
UTM = 32632
# 10 x 10 pixels of 100 m; the area is the pixels of rows 3-5 and columns 4-6.
NORTH_UP = Affine(100, 0, 500_000, 0, -100, 5_000_000)
AREA = shapely.box(500_400, 4_999_400, 500_700, 4_999_700)


def write(path, values, transform=NORTH_UP, crs=UTM, **profile):
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[np.newaxis]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=bands.shape[2],
        height=bands.shape[1],
        count=bands.shape[0],
        dtype=bands.dtype,
        crs=None if crs is None else pyproj.CRS(crs).to_wkt(),
        transform=transform,
        **profile,
    ) as target:
        target.write(bands)
    return path


@pytest.fixture
def counts():
    return np.arange(100, dtype=np.float32).reshape(10, 10)


def test_only_the_window_is_read_with_two_pixels_to_spare(tmp_path, counts):
    raster = read_population(write(tmp_path / "pop.tif", counts), AREA, UTM)
    np.testing.assert_array_equal(raster.values, counts[1:8, 2:9])
    assert raster.bounds == (500_200.0, 4_999_200.0, 500_900.0, 4_999_900.0)
    assert raster.crs == pyproj.CRS(UTM)
    assert raster.name == str(tmp_path / "pop.tif")


def test_the_window_stops_at_the_rasters_edge(tmp_path, counts):
    corner = shapely.box(500_000, 4_999_900, 500_050, 5_000_000)
    raster = read_population(write(tmp_path / "pop.tif", counts + 1), corner, UTM)
    np.testing.assert_array_equal(raster.values, counts[0:3, 0:3] + 1)


def test_the_area_may_be_in_another_crs(tmp_path, counts):
    degrees = gpd.GeoSeries([AREA.buffer(-1)], crs=UTM).to_crs(4326)[0]
    raster = read_population(write(tmp_path / "pop.tif", counts), degrees, "EPSG:4326")
    np.testing.assert_array_equal(raster.values, counts[1:8, 2:9])


def test_a_raster_with_its_south_row_first_is_turned(tmp_path, counts):
    south_up = Affine(100, 0, 500_000, 0, 100, 4_999_000)
    path = write(tmp_path / "pop.tif", counts[::-1], south_up)
    raster = read_population(path, AREA, UTM)
    np.testing.assert_array_equal(raster.values, counts[1:8, 2:9])
    assert raster.bounds == (500_200.0, 4_999_200.0, 500_900.0, 4_999_900.0)


@pytest.mark.parametrize("nodata", [-200.0, -99999.0, float(np.finfo(np.float32).min), np.nan])
def test_declared_nodata_is_no_data(tmp_path, counts, nodata):
    counts[4, 5] = nodata
    raster = read_population(write(tmp_path / "pop.tif", counts, nodata=nodata), AREA, UTM)
    assert np.argwhere(np.isnan(raster.values)).tolist() == [[3, 3]]


def test_integer_counts_with_nodata_are_read_as_floats(tmp_path):
    counts = np.full((10, 10), 7, dtype=np.int16)
    counts[4, 5] = -1
    raster = read_population(write(tmp_path / "pop.tif", counts, nodata=-1), AREA, UTM)
    assert raster.values.dtype == np.float64
    assert np.nansum(raster.values) == 7 * 48


@pytest.mark.parametrize("sentinel", [-200.0, -99999.0, float(np.finfo(np.float32).min)])
def test_an_undeclared_sentinel_is_no_data_with_a_warning(tmp_path, counts, sentinel):
    counts[4, 5] = sentinel
    path = write(tmp_path / "pop.tif", counts)
    with pytest.warns(DataWarning, match=rf"1 pixels hold {sentinel:.9g}".replace("+", r"\+")):
        raster = read_population(path, AREA, UTM)
    assert np.argwhere(np.isnan(raster.values)).tolist() == [[3, 3]]


def test_scale_and_offset_are_applied(tmp_path):
    path = write(tmp_path / "pop.tif", np.full((10, 10), 25, dtype=np.uint8))
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.1,), (1.0,)
    assert read_population(path, AREA, UTM).values == pytest.approx(np.full((7, 7), 3.5))


def test_of_several_bands_the_first_is_read_with_a_warning(tmp_path, counts):
    path = write(tmp_path / "pop.tif", np.stack([counts, counts * 2]))
    with pytest.warns(DataWarning, match="has 2 bands"):
        raster = read_population(path, AREA, UTM)
    assert raster.values.max() == counts[7, 8]


def test_a_raster_that_covers_half_of_the_area_warns(tmp_path, counts):
    half_out = shapely.box(500_800, 4_999_400, 501_200, 4_999_700)
    with pytest.warns(DataWarning, match=r"covers only 50\.0% of the county"):
        read_population(write(tmp_path / "pop.tif", counts), half_out, UTM)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.tif: there is no such file"):
        read_population(tmp_path / "none.tif", AREA, UTM)


def test_a_file_that_is_no_raster(tmp_path):
    path = tmp_path / "pop.tif"
    path.write_text("persons,lon,lat\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not a raster"):
        read_population(path, AREA, UTM)


def test_a_truncated_raster(tmp_path):
    noise = np.random.default_rng(1).random((200, 200))
    path = write(tmp_path / "pop.tif", noise, compress="deflate")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    area = shapely.box(500_000, 4_980_000, 520_000, 5_000_000)
    with pytest.raises(InputError, match=r"pop\.tif: (cannot be read|is not a raster)"):
        read_population(path, area, UTM)


def test_a_raster_without_crs(tmp_path, counts):
    with pytest.raises(CRSError, match="has no coordinate system"):
        read_population(write(tmp_path / "pop.tif", counts, crs=None), AREA, UTM)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_raster_without_any_georeference(tmp_path, counts):
    path = write(tmp_path / "pop.tif", counts, transform=None, crs=None)
    with pytest.raises(CRSError, match="has no coordinate system"):
        read_population(path, AREA, UTM)


def test_a_rotated_raster(tmp_path, counts):
    rotated = Affine(87, 50, 500_000, 50, -87, 5_000_000)
    with pytest.raises(InputError, match="is rotated or mirrored"):
        read_population(write(tmp_path / "pop.tif", counts, rotated), AREA, UTM)


def test_a_raster_elsewhere_names_both_extents(tmp_path, counts):
    far = shapely.box(600_000, 4_999_400, 600_300, 4_999_700)
    with pytest.raises(InputError) as caught:
        read_population(write(tmp_path / "pop.tif", counts), far, UTM)
    assert "(500000 4.999e+06 501000 5e+06)" in str(caught.value)
    assert "(600000 4.9994e+06 600300 4.9997e+06)" in str(caught.value)
    assert "they do not meet" in str(caught.value)


def test_a_boundary_that_the_rasters_crs_does_not_reach(tmp_path, counts):
    # A boundary in metres that is declared to be in degrees.
    path = write(tmp_path / "pop.tif", counts)
    with pytest.raises(InputError, match="does not reach the county"):
        read_population(path, AREA, 4326)


def test_negative_counts_are_counted_and_shown(tmp_path, counts):
    counts[3, 5:7] = [-5, -7]
    with pytest.raises(InputError, match="2 of its pixels are negative, such as -5"):
        read_population(write(tmp_path / "pop.tif", counts), AREA, UTM)


def test_negative_and_infinite_counts_are_listed_together(tmp_path, counts):
    counts[3, 5:7] = [-5, np.inf]
    with pytest.raises(InputError) as caught:
        read_population(write(tmp_path / "pop.tif", counts), AREA, UTM)
    assert len(caught.value.faults) == 2


def test_no_data_in_the_whole_area(tmp_path, counts):
    # Pixels that the area only touches count as its own.
    counts[2:7, 3:8] = -200
    path = write(tmp_path / "pop.tif", counts, nodata=-200)
    with pytest.raises(InputError, match="has no data in the whole county"):
        read_population(path, AREA, UTM)


def test_no_resident_in_the_whole_area(tmp_path, counts):
    counts[2:7, 3:8] = 0
    with pytest.raises(InputError, match="has no resident in the whole county"):
        read_population(write(tmp_path / "pop.tif", counts), AREA, UTM)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data")
def test_las_palmas_is_read_whole():
    path = SHARED / "las_palmas" / "ghs_pop_100m_subset.tif"
    around = shapely.box(-15.56, 27.9, -15.35, 28.2)
    with pytest.warns(DataWarning, match="of the county"):
        raster = read_population(path, around, 4326)
    assert np.nansum(raster.values) == pytest.approx(371_312, abs=0.5)
    assert np.count_nonzero(~np.isnan(raster.values)) == 5_983
