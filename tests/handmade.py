"""Small inputs whose results a person can work out by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CRS = "EPSG:4546"


def lattice_tables(size: int = 5, step: float = 100.0):
    """Nodes (i, j) of a square lattice of streets, `step` metres apart; id = 10 * i + j."""
    i, j = np.divmod(np.arange(size * size), size)
    nodes = pd.DataFrame({"x": i * step, "y": j * step}, index=10 * i + j)
    across = [(10 * a + b, 10 * (a + 1) + b) for a in range(size - 1) for b in range(size)]
    up = [(10 * a + b, 10 * a + b + 1) for a in range(size) for b in range(size - 1)]
    return nodes, pd.DataFrame(across + up, columns=["u", "v"])


def facilities_at(places, kind="post", crs=CRS):
    """Facilities f0, f1, ... of one kind (or a list of kinds) at (x, y) places."""
    kinds = [kind] * len(places) if isinstance(kind, str) else kind
    return gpd.GeoDataFrame(
        {"kind": kinds, "name": [f"设施{n}" for n in range(len(places))], "source": "hand"},
        index=pd.Index([f"f{n}" for n in range(len(places))], name="facility_id", dtype="str"),
        geometry=gpd.points_from_xy([p[0] for p in places], [p[1] for p in places]),
        crs=crs,
    )


def cells_at(places, persons=1.0, unit="a", setting="urban", side=100.0, crs=CRS):
    """Cells 0, 1, ... around (x, y) places."""
    x = np.array([p[0] for p in places], float)
    y = np.array([p[1] for p in places], float)
    half = side / 2.0
    return gpd.GeoDataFrame(
        {
            "unit_id": unit,
            "setting": setting,
            "persons": persons,
            "residential_m2": side * side,
            "x": x,
            "y": y,
        },
        index=pd.RangeIndex(len(places), name="cell_id"),
        geometry=shapely.box(x - half, y - half, x + half, y + half),
        crs=crs,
    )


def units_of(ids, setting="urban", priority=1.0, crs=CRS):
    """Units side by side, each 1 km wide."""
    return gpd.GeoDataFrame(
        {
            "name": [f"单元{i}" for i in ids],
            "setting": setting,
            "residents": np.nan,
            "priority": priority,
        },
        index=pd.Index(list(ids), name="unit_id", dtype="str"),
        geometry=[shapely.box(1000.0 * n, 0, 1000.0 * (n + 1), 1000) for n in range(len(ids))],
        crs=crs,
    )
