"""A county small enough to check by hand, written to a folder as a user would have it. Synthetic.

Streets form a lattice of 5 by 5 crossings, 0.001 degrees apart (about 99 m by 111 m) around
110 E 27 N; a post office, a shop and a clinic stand at crossings; one unit lies in the west, one in
the east. Everything that a test wants wrong it changes in the files.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

LON, LAT, STEP, SIZE = 110.0, 27.0, 0.001, 5

COUNTY = """\
name = "mini"
zh = "合成县"
en = "Synthetic county"

[roads.osm]
path = "roads.osm"
source = "synthetic"
date = 2026-01-01
licence = "none"

[units.file]
path = "units.geojson"
source = "synthetic"

[population]
totals = true

[isochrones]
minutes = [5, 10]

[standard]
replace = true
gap_kinds = ["post", "clinic"]

[standard.circles.near]
zh = "近便圈"
en = "Near circle"
settings = ["urban", "township", "rural"]
flag = "ours"
source = "test"

[[standard.requirements]]
circle = "near"
kinds = ["post", "retail", "clinic"]
minutes = 5
"""


def write_county(folder: Path) -> Path:
    """Write the county's files and give the path of its TOML file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roads.osm").write_text(osm(), encoding="utf-8")
    units().to_file(folder / "units.geojson", driver="GeoJSON")
    write_raster(folder / "people.tif")
    path = folder / "county.toml"
    path.write_text(COUNTY, encoding="utf-8")
    return path


def with_raster(path: Path) -> None:
    """Take the population from the raster instead of the totals."""
    text = path.read_text(encoding="utf-8")
    raster = 'raster = { path = "people.tif", source = "synthetic" }'
    path.write_text(text.replace("totals = true", raster), encoding="utf-8")


def units() -> gpd.GeoDataFrame:
    """West (urban, 100 residents) and east (rural, 50 residents)."""
    west, south = LON - STEP, LAT - STEP
    middle, east, north = LON + 2.5 * STEP, LON + 5 * STEP, LAT + 5 * STEP
    return gpd.GeoDataFrame(
        {
            "unit_id": ["w", "e"],
            "name": ["西社区", "东村"],
            "setting": ["urban", "rural"],
            "residents": [100, 50],
        },
        geometry=[
            shapely.box(west, south, middle, north),
            shapely.box(middle, south, east, north),
        ],
        crs=4326,
    )


def write_raster(path: Path, values: np.ndarray | None = None, **changes: object) -> None:
    """Write a 6 by 6 raster of 2 persons a pixel over the county."""
    counts = np.full((6, 6), 2.0) if values is None else values
    profile = {
        "driver": "GTiff",
        "height": counts.shape[0],
        "width": counts.shape[1],
        "count": 1,
        "dtype": "float64",
        "crs": "EPSG:4326",
        "transform": from_origin(LON - STEP, LAT + 5 * STEP, STEP, STEP),
        "nodata": -200.0,
        **changes,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(counts, 1)


def osm(*, highway: str = "residential", tags: str = "", extra: str = "") -> str:
    """Give the lattice as OSM XML, with one facility of each kind and whatever is added."""
    nodes = [
        f'<node id="{10 * i + j + 1}" version="1" lon="{LON + i * STEP:.6f}" '
        f'lat="{LAT + j * STEP:.6f}"/>'
        for i in range(SIZE)
        for j in range(SIZE)
    ]
    rows = [[10 * i + j + 1 for i in range(SIZE)] for j in range(SIZE)]
    columns = [[10 * i + j + 1 for j in range(SIZE)] for i in range(SIZE)]
    ways = [
        f'<way id="{number}" version="1">'
        + "".join(f'<nd ref="{node}"/>' for node in line)
        + f'<tag k="highway" v="{highway}"/>{tags}</way>'
        for number, line in enumerate([*rows, *columns], start=1)
    ]
    places = [("amenity", "post_office", 0, 0), ("shop", "convenience", 2, 2)]
    places.append(("amenity", "clinic", 4, 4))
    facilities = [
        f'<node id="{900 + n}" version="1" lon="{LON + i * STEP:.6f}" lat="{LAT + j * STEP:.6f}">'
        f'<tag k="{key}" v="{value}"/><tag k="name" v="设施{n}"/></node>'
        for n, (key, value, i, j) in enumerate(places)
    ]
    body = "\n".join([*nodes, *facilities, *ways, extra])
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n{body}\n</osm>\n'
