"""Elevation models: bilinear interpolation by hand, the window, nodata, and the bad files."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from lifecircle.errors import CRSError, DataWarning, GeometryError, InputError, MissingFileError
from lifecircle.sources import elevation
from lifecircle.sources.elevation import Elevation, read_elevation

UTM = pyproj.CRS(32632)
X, Y = 500_000, 5_200_000  # the raster's north-west corner, on the zone's central meridian
GRID = Affine(100, 0, X, 0, -100, Y)
# 10 x 10 pixels of 100 m; the area is well within the pixels of rows 3-5 and columns 4-6.
PIXELS = np.arange(100, dtype=np.int16).reshape(10, 10)


def write(path, values, transform=GRID, crs=UTM, **profile):
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[np.newaxis]
    unit = profile.pop("unit", None)
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
        if unit:
            target.set_band_unit(1, unit)
    return path


def lonlat(x, y, crs=UTM):
    return pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)


def box(west, south, east, north):
    """Give a box in metres east and south of the raster's corner, in lon/lat."""
    shape = shapely.box(X + west, Y - south, X + east, Y - north)
    return shapely.transform(shape, lambda xy: np.column_stack(lonlat(*xy.T)))


AREA = box(410, 590, 690, 310)


def model(values, transform=GRID, raster_crs=UTM, crs=UTM):
    return Elevation(np.asarray(values, np.float32), transform, pyproj.CRS(raster_crs), crs)


# --- interpolation by hand --------------------------------------------------------------------


def test_four_pixels_by_hand():
    four = model([[0, 10], [20, 50]])
    centres = four.at([X + 50, X + 150, X + 50, X + 150], [Y - 50, Y - 50, Y - 150, Y - 150])
    assert centres.tolist() == [0, 10, 20, 50]
    # The middle is the mean; a quarter of the way down the middle column 5 rises to 35.
    assert four.at(X + 100, Y - 100) == 20
    assert four.at(X + 100, Y - 75) == 0.75 * 5 + 0.25 * 35
    # s = 0.25, t = 0.75: 0.75*0.25*0 + 0.25*0.25*10 + 0.75*0.75*20 + 0.25*0.75*50
    assert four.at(X + 75, Y - 125) == 21.25


def test_a_plane_is_given_back():
    row, column = np.mgrid[0:30, 0:40]
    x, y = X + 100 * column + 50, Y - 100 * row - 50
    plane = model(2.0 * (x - X) / 100 + 3.0 * (y - Y) / 100)
    chance = np.random.default_rng(7)
    at_x, at_y = chance.uniform(X + 50, X + 3950, 5000), chance.uniform(Y - 2950, Y - 50, 5000)
    expected = 2.0 * (at_x - X) / 100 + 3.0 * (at_y - Y) / 100
    np.testing.assert_allclose(plane.at(at_x, at_y), expected, rtol=0, atol=1e-9)


def test_scipy_interpolates_the_same():
    chance = np.random.default_rng(11)
    values = chance.uniform(0, 3000, (12, 15)).astype(np.float32)
    centres = Y - 50 - 100.0 * np.arange(12), X + 50 + 100.0 * np.arange(15)
    peer = RegularGridInterpolator((centres[0][::-1], centres[1]), values[::-1].astype(float))
    x, y = chance.uniform(X + 50, X + 1450, 999), chance.uniform(Y - 1150, Y - 50, 999)
    np.testing.assert_allclose(model(values).at(x, y), peer((y, x)), rtol=0, atol=1e-8)


def test_pixels_without_data_are_left_out():
    three = model([[0, 10], [20, np.nan]])
    assert three.at(X + 100, Y - 100) == 10
    # s = 0.75, t = 0: only the upper two have a weight.
    assert three.at(X + 125, Y - 50) == 7.5
    # s = t = 0.75: weights 1, 3, 3 of 16 are left.
    assert three.at(X + 125, Y - 125) == pytest.approx((0 * 1 + 10 * 3 + 20 * 3) / 7)


def test_where_no_centre_with_a_weight_has_data_nothing_is_known():
    hole = np.full((4, 4), 7.0)
    hole[1:3, 1:3] = np.nan
    seen = model(hole).at([X + 200, X + 150, X + 100, X + 250], [Y - 200, Y - 150, Y - 100, Y - 90])
    np.testing.assert_array_equal(seen, [np.nan, np.nan, 7, 7])


def test_the_outer_half_of_edge_pixels_has_their_centres_elevation():
    four = model([[0, 10], [20, 50]])
    corners = four.at([X, X + 200, X, X + 200], [Y, Y, Y - 200, Y - 200])
    assert corners.tolist() == [0, 10, 20, 50]
    assert four.at(X + 1, Y - 100) == 10
    outside = four.at([X - 0.01, X + 200.01, X + 9, X + 9], [Y - 9, Y - 9, Y + 0.01, Y - 200.01])
    assert np.isnan(outside).all()


def test_points_keep_their_shape_and_broadcast():
    four = model([[0, 10], [20, 50]])
    assert four.at([[X + 50], [X + 150]], [Y - 50, Y - 150]).tolist() == [[0, 20], [10, 50]]
    assert four.at(X + 50, Y - 50).shape == ()
    assert four.at([], []).shape == (0,)
    assert np.isnan(four.at([np.nan, np.inf, X], [Y, Y, np.nan])).all()
    assert four.at([X], [Y]).dtype == np.float64


def test_many_points_are_taken_block_by_block(monkeypatch):
    pixels = model(PIXELS)
    x, y = np.linspace(X, X + 1000, 100), np.linspace(Y, Y - 1000, 100)
    whole = pixels.at(x, y)
    monkeypatch.setattr(elevation, "_BLOCK", 7)
    np.testing.assert_array_equal(pixels.at(x, y), whole)


def test_points_are_carried_to_the_rasters_degrees():
    grid = Affine(0.001, 0, 9.0, 0, -0.001, 47.0)
    plane = model(np.tile(np.arange(0, 200, 2), (50, 1)), grid, 4326)
    move = pyproj.Transformer.from_crs(4326, UTM, always_xy=True)
    lon, lat = [9.0105, 9.0205, 9.03, 9.0301], [46.99, 46.98, 46.975, 46.96]
    np.testing.assert_allclose(plane.at(*move.transform(lon, lat)), [20, 40, 59, 59.2], atol=1e-6)


def test_a_point_that_no_projection_reaches_is_unknown():
    grid = Affine(0.001, 0, 9.0, 0, -0.001, 47.0)
    assert np.isnan(model(PIXELS, grid, 4326).at(1e30, 0.0))


@pytest.mark.parametrize(
    "transform",
    [Affine(100, 0, X, 0, 100, Y - 1000), Affine(60, 80, X, 80, -60, Y)],
    ids=["south row first", "rotated"],
)
def test_other_ways_to_lay_a_grid(transform):
    placed = model(PIXELS, transform)
    column, row = np.array([0.5, 3.5, 4.0, 9.5]), np.array([0.5, 2.5, 6.5, 9.5])
    a, b, c, d, e, f = transform[:6]
    xy = a * column + b * row + c, d * column + e * row + f
    np.testing.assert_allclose(placed.at(*xy), [0, 23, 63.5, 99], atol=1e-9)


# --- laws -------------------------------------------------------------------------------------

KNOWN = st.floats(-400, 8800, width=32)


def patches(values):
    return st.lists(values, min_size=9, max_size=9).map(
        lambda nine: np.array(nine, np.float32).reshape(3, 3)
    )


SHARES = st.floats(0.0, 3.0)


@settings(deadline=None)
@given(patches(st.one_of(st.just(np.nan), KNOWN)), SHARES, SHARES)
def test_no_elevation_leaves_the_range_of_its_neighbours(values, east, south):
    z = float(model(values).at(X + 100 * east, Y - 100 * south))
    near_columns = np.abs(np.arange(3) + 0.5 - np.clip(east, 0.5, 2.5)) < 1 - 1e-9
    near_rows = np.abs(np.arange(3) + 0.5 - np.clip(south, 0.5, 2.5)) < 1 - 1e-9
    near = values[np.ix_(near_rows, near_columns)]
    if np.isnan(near).all():
        # A centre within rounding of no weight may still be the one that is known.
        assert np.isnan(z) or np.isclose(values, z).any()
    else:
        assert np.nanmin(near) - 1e-3 <= z <= np.nanmax(near) + 1e-3


@settings(deadline=None)
@given(patches(KNOWN), SHARES, SHARES)
def test_upside_down_is_minus(values, east, south):
    x, y = X + 100 * east, Y - 100 * south
    assert model(-values).at(x, y) == pytest.approx(-model(values).at(x, y), abs=1e-9)


# --- reading ----------------------------------------------------------------------------------


def test_only_the_window_is_read_with_two_pixels_to_spare(tmp_path):
    found = read_elevation(write(tmp_path / "dem.tif", PIXELS), AREA, UTM)
    np.testing.assert_array_equal(found.values, PIXELS[1:8, 2:9])
    assert found.values.dtype == np.float32
    assert found.transform == Affine(100, 0, X + 200, 0, -100, Y - 100)
    assert (found.raster_crs, found.crs) == (UTM, UTM)
    assert found.name == str(tmp_path / "dem.tif")
    # The window's pixels stand where the file's stand.
    assert found.at(X + 550, Y - 450) == PIXELS[4, 5]
    assert found.at(X + 600, Y - 450) == 45.5


def test_the_area_may_be_bounds_or_a_line(tmp_path):
    path = write(tmp_path / "dem.tif", PIXELS)
    for area in (AREA.bounds, shapely.LineString(AREA.exterior.coords[:2]), AREA.centroid):
        found = read_elevation(path, area, UTM)
        assert found.at(X + 550, Y - 450) == PIXELS[4, 5]
    corner = read_elevation(path, box(0, 90, 50, 10), UTM)
    np.testing.assert_array_equal(corner.values, PIXELS[0:3, 0:3])


def test_a_model_in_degrees_serves_points_in_metres(tmp_path):
    west, north = (round(float(degree), 2) for degree in lonlat(X, Y))
    grid = Affine(0.001, 0, west - 0.01, 0, -0.001, north + 0.01)
    path = write(tmp_path / "dem.tif", np.tile(np.arange(0, 300, 3), (100, 1)), grid, 4326)
    found = read_elevation(path, AREA, UTM)
    lon, _ = lonlat(X + 500, Y - 500)
    column = (lon - (west - 0.01)) / 0.001 - 0.5
    assert found.at(X + 500, Y - 500) == pytest.approx(3 * column, abs=1e-4)


@pytest.mark.parametrize(
    "transform",
    [Affine(100, 0, X, 0, 100, Y - 1000), Affine(60, 80, X - 300, 80, -60, Y - 200)],
    ids=["south row first", "rotated"],
)
def test_windows_of_other_grids(tmp_path, transform):
    values = np.random.default_rng(3).integers(0, 900, (12, 12)).astype(np.int16)
    area = box(450, 550, 500, 500)
    found = read_elevation(write(tmp_path / "dem.tif", values, transform), area, UTM)
    assert found.values.size < values.size
    whole = model(values, transform)
    x, y = np.meshgrid(np.linspace(X + 450, X + 500, 9), np.linspace(Y - 550, Y - 500, 9))
    np.testing.assert_allclose(found.at(x, y), whole.at(x, y), atol=1e-3)
    assert np.isfinite(found.at(x, y)).all()


@pytest.mark.parametrize("nodata", [-32768, -9999, 0])
def test_declared_nodata_is_no_data(tmp_path, nodata):
    pixels = PIXELS + np.int16(1)
    pixels[4, 5] = nodata
    with pytest.warns(DataWarning, match=r"covers only 88\.9% of the county"):
        found = read_elevation(write(tmp_path / "dem.tif", pixels, nodata=nodata), AREA, UTM)
    assert np.argwhere(np.isnan(found.values)).tolist() == [[3, 3]]


def test_a_mask_is_no_data(tmp_path):
    path = write(tmp_path / "dem.tif", PIXELS)
    with rasterio.open(path, "r+") as target:
        target.write_mask(PIXELS != 11)  # in the window and not in the area
    assert np.argwhere(np.isnan(read_elevation(path, AREA, UTM).values)).tolist() == []
    with rasterio.open(path, "r+") as target:
        target.write_mask(PIXELS != 12)
    found = read_elevation(path, AREA, UTM)
    assert np.argwhere(np.isnan(found.values)).tolist() == [[0, 0]]


def test_nodata_counts_before_scale_and_offset(tmp_path):
    pixels = np.full((10, 10), 25, dtype=np.uint16)
    pixels[1, 2] = 65_535
    path = write(tmp_path / "dem.tif", pixels, nodata=65_535)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.01,), (100.0,)
    found = read_elevation(path, AREA, UTM)
    assert found.at(X + 550, Y - 450) == np.float32(100.25)
    assert np.argwhere(np.isnan(found.values)).tolist() == [[0, 0]]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_any_number_type(tmp_path, dtype):
    found = read_elevation(write(tmp_path / "dem.tif", PIXELS.astype(dtype)), AREA, UTM)
    np.testing.assert_array_equal(found.values, PIXELS[1:8, 2:9].astype(np.float32))


def test_tiles_are_joined_by_a_vrt(tmp_path):
    write(tmp_path / "west.tif", PIXELS[:, :5])
    write(tmp_path / "east.tif", PIXELS[:, 5:], Affine(100, 0, X + 500, 0, -100, Y))
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="1">{name}.tif</SourceFilename>'
        "<SourceBand>1</SourceBand>"
        '<SrcRect xOff="0" yOff="0" xSize="5" ySize="10"/>'
        f'<DstRect xOff="{left}" yOff="0" xSize="5" ySize="10"/></SimpleSource>'
        for name, left in (("west", 0), ("east", 5))
    )
    text = (
        f'<VRTDataset rasterXSize="10" rasterYSize="10"><SRS>EPSG:32632</SRS>'
        f"<GeoTransform>{X}, 100, 0, {Y}, 0, -100</GeoTransform>"
        f'<VRTRasterBand dataType="Int16" band="1">{sources}</VRTRasterBand></VRTDataset>'
    )
    path = tmp_path / "dem.vrt"
    path.write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(read_elevation(path, AREA, UTM).values, PIXELS[1:8, 2:9])


def test_a_wide_area_is_bent_with_its_parallels(tmp_path):
    # Two degrees along a parallel sag by 480 m in UTM: the middle lies 5 pixels south of the ends.
    grid = Affine(100, 0, X - 80_000, 0, -100, Y + 2000)
    path = write(tmp_path / "dem.tif", np.ones((40, 1600), np.int16), grid)
    _, lat = lonlat(X, Y)
    found = read_elevation(path, (8.0, lat - 0.001, 10.0, lat + 0.001), UTM)
    assert found.values.shape[0] < 25
    assert found.at(X, Y - 100) == 1
    assert found.at(X, Y - 200) == 1


def test_a_crs_with_heights_is_taken_flat(tmp_path):
    code = "EPSG:32632+5773"  # heights above EGM96
    found = read_elevation(write(tmp_path / "dem.tif", PIXELS, crs=code), AREA, UTM)
    assert found.at(X + 550, Y - 450) == PIXELS[4, 5]


# --- what is warned of ------------------------------------------------------------------------


def test_of_several_bands_the_first_is_read(tmp_path):
    path = write(tmp_path / "dem.tif", np.stack([PIXELS, PIXELS * 2]))
    with pytest.warns(DataWarning, match="has 2 bands; the first is read as elevations"):
        assert read_elevation(path, AREA, UTM).values.max() == PIXELS[7, 8]


def test_a_model_that_covers_half_of_the_area(tmp_path):
    half_out = box(800, 700, 1200, 400)
    with pytest.warns(DataWarning, match=r"covers only 50\.0% of the county"):
        read_elevation(write(tmp_path / "dem.tif", PIXELS), half_out, UTM)


@pytest.mark.parametrize(("side", "told"), [(249.0, False), (251.0, True)])
def test_pixels_that_smooth_slopes_away(tmp_path, recwarn, side, told):
    grid = Affine(side, 0, X - 500, 0, -side, Y + 500)
    read_elevation(write(tmp_path / "dem.tif", PIXELS, grid), AREA, UTM)
    said = [str(item.message) for item in recwarn]
    assert ["pixels are 251 m wide; slopes are smoothed away" in text for text in said] == (
        [True] if told else []
    ), said


# --- faults -----------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.tif: there is no such file"):
        read_elevation(tmp_path / "none.tif", AREA, UTM)


def test_a_folder_of_tiles_is_told_how_to_merge_them(tmp_path):
    with pytest.raises(InputError, match=r"is a folder -> merge its tiles .*: rio merge A\.tif"):
        read_elevation(tmp_path, AREA, UTM)


def test_a_file_that_is_no_raster(tmp_path):
    path = tmp_path / "dem.tif"
    path.write_text("x,y,z\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not a raster"):
        read_elevation(path, AREA, UTM)


def test_a_truncated_raster(tmp_path):
    noise = np.random.default_rng(1).random((200, 200))
    path = write(tmp_path / "dem.tif", noise, compress="deflate")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"dem\.tif: (cannot be read|is not a raster)"):
        read_elevation(path, box(0, 20_000, 20_000, 0), UTM)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_all_that_the_head_says_wrong_is_told_at_once(tmp_path):
    path = write(tmp_path / "dem.tif", PIXELS, None, None, unit="ft")
    with pytest.raises(CRSError) as caught:
        read_elevation(path, AREA, UTM)
    assert [fault.what for fault in caught.value.faults] == [
        "declares elevations in 'ft', not in metres",
        "has no coordinate system",
    ]


def test_feet_are_refused_and_metres_are_not(tmp_path):
    path = write(tmp_path / "feet.tif", PIXELS, unit="US survey foot")
    with pytest.raises(InputError, match="declares elevations in 'us survey foot'"):
        read_elevation(path, AREA, UTM)
    path = write(tmp_path / "metres.tif", PIXELS, unit="metre")
    assert read_elevation(path, AREA, UTM).at(X + 550, Y - 450) == 45


def test_a_model_elsewhere_names_both_extents(tmp_path):
    with pytest.raises(InputError) as caught:
        read_elevation(write(tmp_path / "dem.tif", PIXELS), box(100_000, 300, 100_300, 0), UTM)
    said = str(caught.value)
    assert "covers (500000 5.199e+06 501000 5.2e+06)" in said
    assert "the county (600000 5.1997e+06 600300 5.2e+06)" in said
    assert "they do not meet" in said
    with pytest.raises(InputError, match="they do not meet"):  # an edge in common is nothing
        read_elevation(
            write(tmp_path / "b.tif", PIXELS, Affine(0.01, 0, 9, 0, -0.01, 47), 4326),
            (8.9, 46.95, 9.0, 47.0),
            UTM,
        )


def test_an_area_that_the_rasters_crs_does_not_reach(tmp_path):
    # Bounds in metres where degrees are asked for.
    with pytest.raises(InputError, match="does not reach the county"):
        read_elevation(write(tmp_path / "dem.tif", PIXELS), (X, Y - 100, X + 100, Y), UTM)


def test_an_empty_area(tmp_path):
    with pytest.raises(GeometryError, match="is empty"):
        read_elevation(write(tmp_path / "dem.tif", PIXELS), shapely.Polygon(), UTM)


def test_points_must_be_in_metres(tmp_path):
    with pytest.raises(CRSError, match="is not in metres"):
        read_elevation(write(tmp_path / "dem.tif", PIXELS), AREA, 4326)


def test_an_area_within_one_pixel_without_data(tmp_path):
    path = write(tmp_path / "dem.tif", PIXELS, nodata=45)
    with pytest.raises(InputError, match="has no data in the whole county"):
        read_elevation(path, box(520, 440, 540, 410), UTM)


def test_no_data_in_the_whole_area(tmp_path):
    pixels = PIXELS + np.int16(1)
    pixels[3:6, 4:7] = -1
    with pytest.raises(InputError, match="has no data in the whole county"):
        read_elevation(write(tmp_path / "dem.tif", pixels, nodata=-1), AREA, UTM)


def test_impossible_elevations_are_listed_together(tmp_path):
    pixels = PIXELS.copy()
    pixels[3, 5:7] = [-32768, -501]
    pixels[4, 5] = 9001
    with pytest.raises(InputError) as caught:
        read_elevation(write(tmp_path / "dem.tif", pixels), AREA, UTM)
    assert [fault.what for fault in caught.value.faults] == [
        "2 of its pixels are below -500 m, such as -32768",
        "1 of its pixels are above 9000 m, such as 9001",
    ]
    pixels[3, 5:7], pixels[4, 5] = -500, 9000
    assert read_elevation(write(tmp_path / "dem.tif", pixels), AREA, UTM).values.max() == 9000


def test_infinite_elevations_are_refused(tmp_path):
    pixels = PIXELS.astype(np.float32)
    pixels[3, 5] = np.inf
    with pytest.raises(InputError, match="above 9000 m, such as inf"):
        read_elevation(write(tmp_path / "dem.tif", pixels), AREA, UTM)


# --- national models --------------------------------------------------------------------------


def test_of_a_large_model_only_the_window_is_held(tmp_path):
    path = tmp_path / "dem.tif"
    large = {"width": 60_000, "height": 60_000, "count": 1, "dtype": "int16", "sparse_ok": True}
    with rasterio.open(
        path, "w", driver="GTiff", crs=UTM.to_wkt(), transform=GRID, tiled=True, **large
    ) as target:
        target.write(PIXELS, 1, window=rasterio.windows.Window(0, 0, 10, 10))
    found = read_elevation(path, AREA, UTM)
    np.testing.assert_array_equal(found.values, PIXELS[1:8, 2:9])
    assert found.values.base is None or found.values.base.nbytes < 1_000_000
    assert Path(path).stat().st_size < 5_000_000
