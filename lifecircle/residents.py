"""Where a county's residents live: its raster, its units' totals, or one fitted to the other."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from lifecircle.config import PopulationConfig
from lifecircle.dwelling import dwelling_evidence
from lifecircle.errors import warn
from lifecircle.network import WalkNetwork
from lifecircle.population import cells_from_raster, cells_from_totals, persons_within, reconcile
from lifecircle.sources.osm import OsmExtract
from lifecircle.sources.raster import read_population

_FEW: Final = 0.001  # of the residents: rounding of borders, not worth a warning. Ours.


def place_residents(
    settings: PopulationConfig,
    units: gpd.GeoDataFrame,
    boundary: BaseGeometry,
    extract: OsmExtract | None,
    network: WalkNetwork,
) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """Place the residents of a county, as its file says.

    Parameters
    ----------
    settings
        A raster, totals, or both.
    units
        Table per `lifecircle.tables.UNITS` in the network's CRS.
    boundary
        The county in lon/lat.
    extract
        Residential land and buildings, where they are known.
    network
        Streets to place residents along.

    Returns
    -------
    cells, people
        Table per `lifecircle.tables.CELLS`; what went in, by name: all residents (``in``), and
        which of a raster's are in no unit; where it was fitted to totals also ``raster_by_unit``, a
        Series of what it had in each unit.
    """
    residential = None if extract is None else extract.residential.to_crs(network.crs)
    if settings.raster is not None:
        county = gpd.GeoSeries([boundary], crs=4326).to_crs(network.crs)
        united = gpd.GeoSeries([units.union_all()], crs=network.crs)
        both = county.union(united).iloc[0]
        raster = read_population(settings.raster.path, both, network.crs)
        cells = cells_from_raster(raster, units, residential=residential, boundary=county.iloc[0])
        people = {
            "in": float(persons_within(raster, county)[0]),
            "in_no_unit": float(persons_within(raster, county.difference(united))[0]),
            "beyond_boundary": float(persons_within(raster, united.difference(county))[0]),
        }
        if people["beyond_boundary"] > _FEW * people["in"]:
            warn(
                f"units reach beyond the boundary, with {people['beyond_boundary']:,.0f} residents "
                "there that are assessed too; correct their borders if that is not meant"
            )
        if not settings.totals:
            return cells, people
        counted = cells.groupby("unit_id")["persons"].sum().reindex(units.index, fill_value=0.0)
        wanted = float(units["residents"].fillna(counted).sum())
        record = {"in": wanted, **{f"raster_{name}": count for name, count in people.items()}}
        return reconcile(cells, units), {**record, "raster_by_unit": counted}
    evidence = dwelling_evidence(
        units,
        streets=network.streets(),
        buildings=None if extract is None else extract.buildings.to_crs(network.crs),
        residential=residential,
    )
    cells = cells_from_totals(units, evidence, residential=residential, cell_m=settings.cell_m)
    return cells, {"in": float(units["residents"].sum())}
