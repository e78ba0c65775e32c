"""What can be drawn and written: the tables of an assessment, checked together."""

from __future__ import annotations

from typing import Protocol

import geopandas as gpd
import pandas as pd

from lifecircle.config import CountyConfig
from lifecircle.crs import require_metric
from lifecircle.errors import Fault, TableError
from lifecircle.standards import Standard
from lifecircle.tables import (
    ACCESS,
    CELLS,
    COVERAGE,
    FACILITIES,
    GAPS,
    ISOCHRONES,
    SCORES,
    UNIT_SCORES,
    UNITS,
    check,
    first,
)


class Mappable(Protocol):
    """What a map is drawn from; `lifecircle.Assessment` is one.

    An object may also have ``streets`` (LineStrings with a column ``highway``, the map's only
    background), ``generated`` (ISO date), ``run`` (what run.json holds) and ``decisions`` (what
    helps to decide, `lifecircle.tables.decisions.Decisions`).
    """

    @property
    def config(self) -> CountyConfig:
        """The county."""

    @property
    def standard(self) -> Standard:
        """What it is held against."""

    @property
    def facilities(self) -> gpd.GeoDataFrame:
        """`lifecircle.tables.FACILITIES`."""

    @property
    def units(self) -> gpd.GeoDataFrame:
        """`lifecircle.tables.UNITS`."""

    @property
    def cells(self) -> gpd.GeoDataFrame:
        """`lifecircle.tables.CELLS`."""

    @property
    def access(self) -> pd.DataFrame:
        """`lifecircle.tables.ACCESS`."""

    @property
    def isochrones(self) -> gpd.GeoDataFrame:
        """`lifecircle.tables.ISOCHRONES`."""

    @property
    def coverage(self) -> pd.DataFrame:
        """`lifecircle.tables.COVERAGE`."""

    @property
    def scores(self) -> pd.DataFrame:
        """`lifecircle.tables.SCORES`."""

    @property
    def unit_scores(self) -> pd.DataFrame:
        """`lifecircle.tables.UNIT_SCORES`."""

    @property
    def gaps(self) -> gpd.GeoDataFrame:
        """`lifecircle.tables.GAPS`."""


def check_assessment(assessment: Mappable) -> None:
    """Check all tables of an assessment, and that they agree in CRS, kinds and units.

    Parameters
    ----------
    assessment
        The tables.

    Raises
    ------
    TableError
        A table breaks its schema, or names a kind or unit that is not there.
    CRSError
        Geometry is not in one metric CRS.
    """
    crs = assessment.units.crs
    for frame, schema in (
        (assessment.units, UNITS),
        (assessment.facilities, FACILITIES),
        (assessment.cells, CELLS),
        (assessment.isochrones, ISOCHRONES),
        (assessment.gaps, GAPS),
        (assessment.access, ACCESS),
        (assessment.coverage, COVERAGE),
        (assessment.scores, SCORES),
        (assessment.unit_scores, UNIT_SCORES),
    ):
        check(frame, schema, crs=crs)
    require_metric(crs, "units")
    known = pd.Index(assessment.standard.kinds)
    units = assessment.units.index
    faults = [
        Fault(table, f"{column} names {first(strange)}, which is not in the {owner}", "add it")
        for table, column, names, among, owner in (
            ("facilities", "kind", assessment.facilities["kind"], known, "standard"),
            ("isochrones", "kind", assessment.isochrones["kind"], known, "standard"),
            ("gaps", "kind", assessment.gaps["kind"], known, "standard"),
            ("gaps", "unit_id", assessment.gaps["unit_id"], units, "units"),
            ("cells", "unit_id", assessment.cells["unit_id"], units, "units"),
        )
        if len(strange := pd.Index(names.unique()).difference(among))
    ]
    if faults:
        raise TableError(faults)
