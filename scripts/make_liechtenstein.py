"""Make data/liechtenstein/units.geojson: municipalities from the OSM extract, joined with totals.

Run from the repository: python scripts/make_liechtenstein.py
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lifecircle.sources.osm import read_admin_areas

FOLDER = Path(__file__).parents[1] / "data" / "liechtenstein"
MUNICIPALITIES = 8  # admin_level


def main() -> None:
    """Join boundaries and totals by name, and write the units in lon/lat."""
    totals = pd.read_csv(FOLDER / "residents-2012.csv", dtype={"unit_id": str})
    areas = read_admin_areas(FOLDER / "liechtenstein-2013-08-03.osm.pbf", MUNICIPALITIES)
    units = areas[["name", "geometry"]].merge(totals, on="name", validate="one_to_one")
    if len(units) != len(totals):
        raise SystemExit("some municipality has no boundary in the extract")
    units = units.assign(priority=1.0).sort_values("unit_id")
    columns = ["unit_id", "name", "setting", "residents", "priority", "geometry"]
    units[columns].to_file(FOLDER / "units.geojson", driver="GeoJSON", COORDINATE_PRECISION=7)


if __name__ == "__main__":
    main()
