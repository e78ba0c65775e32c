"""Moments of the week in one county: whom what is open then covers, and the 8-hours rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

import geopandas as gpd
import pandas as pd

from lifecircle.bysetting import access_by_setting, setting_groups
from lifecircle.errors import ConfigError, Fault, InputError
from lifecircle.kernels.graph import Longs
from lifecircle.measuring import Measurement
from lifecircle.moment import Moment, coverage_at, eight_hours, openings, parse_moment
from lifecircle.network import WalkNetwork
from lifecircle.place import Places
from lifecircle.plan.siting import unit_positions
from lifecircle.service import in_use
from lifecircle.standards import Standard
from lifecircle.tables import MOMENTS
from lifecircle.tables.decisions import Moments


def moments_of(
    measured: Measurement, standard: Standard, moments: Sequence[str] | None = None
) -> Moments | None:
    """Measure coverage by opening hours at some moments, and count who is open 8 hours a day.

    Parameters
    ----------
    measured
        The county, as `lifecircle.measure` gives it.
    standard
        One of its ``standards``.
    moments
        Such as ``"工作日18:30"``; those of the county's file by default.

    Returns
    -------
    Moments or None
        None where nothing is asked and no facility reports its hours. What covers residents may
        lie beyond the county; counted are facilities in use of its units alone: ``openings`` under
        the kinds that the standard requires of them, ``eight_hours`` under their own.

    Raises
    ------
    ConfigError
        Something is no moment; all are named.

    Examples
    --------
    >>> from lifecircle import measure, read_config
    >>> county = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    >>> found = moments_of(county, county.standards[0], ["工作日18:30"])
    >>> found.openings.loc[("weekday 18:30", "retail")].to_dict()
    {'open': 1, 'closed': 0, 'unknown': 16}
    """
    texts = measured.config.time.moments if moments is None else moments
    asked = _read(texts, str(measured.config.path))
    facilities = measured.facilities[measured.facilities["kind"].isin(standard.required())]
    known = _of_units(in_use(measured.inventory), measured.units)
    if not (asked or _reports(known)):
        return None
    return Moments(
        labels={moment.key: {"zh": moment.zh, "en": moment.en} for moment in asked},
        coverage=_covered(measured, standard, asked, facilities),
        openings=openings(asked, _of_units(facilities, measured.units)),
        eight_hours=eight_hours(known, standard),
    )


def _covered(
    measured: Measurement, standard: Standard, asked: list[Moment], facilities: gpd.GeoDataFrame
) -> pd.DataFrame:
    if not asked:
        index = pd.MultiIndex.from_tuples([], names=MOMENTS.index)
        return pd.DataFrame(index=index, columns=[*MOMENTS.columns])
    return coverage_at(
        asked,
        facilities,
        measured.cells,
        access_of(measured),
        measured.units,
        standard,
        access=_of_kinds(measured.access, set(standard.required())),
    )


def access_of(measured: Measurement) -> Callable[[gpd.GeoDataFrame], pd.DataFrame]:
    """Give what measures the walks of a county's residents to some facilities.

    Parameters
    ----------
    measured
        The county; residents move as they did when it was measured, setting by setting.

    Returns
    -------
    callable
        Takes facilities per `lifecircle.tables.FACILITIES` and gives their access table, of the
        kinds among them.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    >>> posts = measured.facilities[measured.facilities["kind"] == "post"]
    >>> seconds = access_of(measured)(posts)["seconds"]
    >>> bool(seconds.equals(measured.access["seconds"].loc[seconds.index]))
    True
    """
    cells = measured.cells

    @cache
    def homes() -> tuple[list[tuple[WalkNetwork, Longs]], list[Places]]:
        groups = setting_groups(measured.network, measured.networks, cells)
        return groups, [on.snap(cells.iloc[rows]) for on, rows in groups]

    def access(facilities: gpd.GeoDataFrame) -> pd.DataFrame:
        groups, places = homes()
        return access_by_setting(
            groups,
            facilities,
            cells,
            kinds=list(facilities["kind"].unique()),
            by_metres=measured.reading.by_metres,
            cell_places=places,
        )

    return access


def _read(texts: Iterable[str], where: str) -> list[Moment]:
    moments, faults = [], []
    for number, text in enumerate(texts):
        try:
            moments.append(parse_moment(text))
        except InputError as error:
            faults += [
                Fault(where, f"time.moments[{number}]: {fault.what}", fault.remedy)
                for fault in error.faults
            ]
    if faults:
        raise ConfigError(faults)
    return moments


def _of_units(facilities: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the facilities that belong to some unit, as the scorecard has it."""
    return facilities[unit_positions(facilities, units) >= 0]


def _reports(facilities: gpd.GeoDataFrame) -> bool:
    """Tell whether some facility says when it is open, or how long."""
    told = [name for name in ("hours", "hours_per_day") if name in facilities.columns]
    return bool(facilities[told].notna().any(axis=None))


def _of_kinds(access: pd.DataFrame, kinds: set[str]) -> pd.DataFrame:
    if kinds.issuperset(access.index.unique("kind")):
        return access
    return access[access.index.get_level_values("kind").isin(kinds)]


__all__ = ["access_of", "moments_of"]
