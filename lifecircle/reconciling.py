"""What was read, held against what is known: residents, facilities, and the length of roads.

Nothing is fitted here (`lifecircle.reconcile` fits cells to totals): differences are told, and each
count of facilities can be followed by hand from the ledgers' rows to what is in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.config import Tolerances
from lifecircle.errors import ConfigError, Fault
from lifecircle.inventory import distinct
from lifecircle.measuring import Reading
from lifecircle.plan.siting import unit_positions
from lifecircle.reading import walk_area
from lifecircle.roadlength import lengths_within
from lifecircle.service import in_use
from lifecircle.standards import Standard
from lifecircle.standards.targets import Count
from lifecircle.tables import RECONCILED, RECONCILED_SUBJECTS, SCOPE_COUNTY, check

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_ROUNDING: Final = 1e-6  # of the known figure: sums of cells are no exact numbers
_DECIMALS: Final = 6  # of persons, for the same reason
_COUNTS: Final = ("ledger_rows", "far", "outside", "not_in_use", "elsewhere", "merged")
_INDEX: Final = ["subject", "scope", "key"]
_COLUMNS: Final = tuple(RECONCILED.columns)


def reconcile_known(reading: Reading) -> pd.DataFrame:
    """Hold residents, facilities and roads against known figures, by unit and for the county.

    Parameters
    ----------
    reading
        The county, as `lifecircle.measuring.read_county` gives it. Known figures are those of its
        file (``[reconcile]``), of its units (``residents``, ``road_km``, counts that communities
        report), and its ledgers' own rows.

    Returns
    -------
    DataFrame
        Per `lifecircle.tables.RECONCILED`: index (subject, scope, key).

        ``residents``: persons in the cells against the residents known. Key ``raster``: those of
        the raster before it was fitted to totals.

        ``facilities``: the key is a kind; narrower kinds count too, and an OSM object once.
        ``measured`` are those in use in the county's boundary, or in the unit; it is
        ``ledger_rows`` less ``far``, ``outside`` and ``not_in_use``, and ``elsewhere`` added. Units
        are told for kinds that a ledger files under units, or communities report. A ledger's row
        is filed under the unit that it names, or under that in which it stands.

        ``roads``: km of the walk network's roads (all classes but `lifecircle.roadlength.PATHS`;
        motorways are not in it) in the county's boundary and in each unit, cut at their borders.

    Raises
    ------
    ConfigError
        ``[reconcile] facilities`` names no kind.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle.config import read_config
    >>> from lifecircle.measuring import read_county
    >>> with warnings.catch_warnings(action="ignore"):
    ...     reading = read_county(read_config("data/liechtenstein/county.toml"))
    >>> reconcile_known(reading).loc[("residents", "county", "")].head(4).to_dict()
    {'measured': 36838.0, 'known': 36838.0, 'ratio': 1.0, 'verdict': 'agrees'}
    """
    official = _official(reading)
    parts = [
        *_residents(reading),
        *_facilities(reading, official),
        *_roads(reading),
    ]
    table = _judged(pd.concat(parts, ignore_index=True), reading.config.reconcile.tolerance)
    check(table, RECONCILED)
    return table


def _judged(table: pd.DataFrame, tolerance: Tolerances) -> pd.DataFrame:
    """Set what was measured beside what is known."""
    measured, known = (table[name].to_numpy(np.float64) for name in ("measured", "known"))
    allowed = table["subject"].map(tolerance.model_dump()).to_numpy(np.float64)
    ratio = np.divide(measured, known, out=np.full(len(table), np.nan), where=known > 0)
    margin = allowed * known + _ROUNDING * np.maximum(known, 1.0)
    cases = [np.isnan(known), measured < known - margin, measured > known + margin]
    verdict = np.select(cases, ["unknown", "low", "high"], "agrees")
    told = table.assign(ratio=ratio, verdict=verdict, tolerance=allowed)
    told["known_from"] = told["known_from"].where(~np.isnan(known)).astype("str")
    rank = told["subject"].map({name: n for n, name in enumerate(RECONCILED_SUBJECTS)})
    order = np.argsort(rank.to_numpy(), kind="stable")
    return told.iloc[order].set_index(_INDEX).reindex(columns=[*_COLUMNS])


def _rows(
    subject: str, units: pd.DataFrame, measured: Floats, known: Floats, county: float, source: str
) -> pd.DataFrame:
    """Give the row of the county, whose known figure may be the units' sum, and its units'."""
    official = not np.isnan(county)
    whole = county if official else float(known.sum())  # NaN where a unit's is not known
    return pd.DataFrame(
        {
            "subject": subject,
            "scope": [SCOPE_COUNTY, *units.index],
            "key": "",
            "measured": np.concatenate([[measured.sum()], measured]),
            "known": np.concatenate([[whole], known]),
            "known_from": ["official" if official else source, *[source] * len(units)],
        }
    )


# --- residents ----------------------------------------------------------------------------------


def _residents(reading: Reading) -> list[pd.DataFrame]:
    units, cells = reading.units, reading.cells
    unit = units.index.get_indexer(cells["unit_id"])
    persons = np.bincount(unit, cells["persons"], len(units)).astype(np.float64).round(_DECIMALS)
    known = units["residents"].to_numpy(np.float64, na_value=np.nan)
    county = reading.config.reconcile.residents or np.nan
    told = [_rows("residents", units, persons, known, county, "units")]
    raster = reading.raster_persons
    if raster is not None:
        before = raster.reindex(units.index, fill_value=0.0).to_numpy(np.float64)
        told.append(_rows("residents", units, before, known, county, "units").assign(key="raster"))
    return told


# --- facilities ---------------------------------------------------------------------------------


def _official(reading: Reading) -> Mapping[str, int]:
    given, known = reading.config.reconcile.facilities, reading.standards[0].known
    faults = [
        Fault(
            str(reading.config.path),
            f"reconcile.facilities: {kind!r} is no kind",
            f"use one of {', '.join(sorted(known))}",
        )
        for kind in given
        if kind not in known
    ]
    if faults:
        raise ConfigError(faults)
    return given


def _facilities(reading: Reading, official: Mapping[str, int]) -> list[pd.DataFrame]:
    standard, units = reading.standards[0], reading.units
    things = _things(reading)
    asked = {*official, *things["own"], *reading.kinds}
    reported = {
        how.kinds[0]: units[how.column].to_numpy(np.float64, na_value=np.nan)
        for how in (target.measure for target in standard.targets)
        if isinstance(how, Count) and len(how.kinds) == 1 and how.column in units.columns
    }
    asked |= {kind for kind, counts in reported.items() if not np.isnan(counts).all()}
    kinds = [kind for kind in standard.known if kind in asked]
    pairs = _by_kind(things, standard, kinds)
    county = _counted(pairs.assign(place=pairs["inside"] - 1, filed=0), kinds, 1)
    county["scope"] = SCOPE_COUNTY
    from_ledger = county["ledger_rows"].where(county["ledger_rows"] > 0)
    county["known"] = county["key"].map(official).astype("float64").fillna(from_ledger)
    county["known_from"] = np.where(county["key"].isin(list(official)), "official", "ledger")
    return [county, _by_unit(pairs, units, reported, kinds)]


def _things(reading: Reading) -> pd.DataFrame:
    """List every facility that is known: whether a ledger names it, and why it may not count.

    Columns: ``object``, ``own`` (its kind), ``ledger``, ``far``, ``used``, ``merged``, ``inside``
    (the county), ``place`` and ``filed`` (positions of units, -1 for none), ``named`` (whether its
    ledger files it under one).
    """
    units, places = reading.units, reading.inventory
    rows, far = _ledger_rows(reading)
    gone = rows[~rows.index.isin(places.index)]  # beyond the walks, or closed by a scenario
    both = pd.concat([places, gone.to_crs(places.crs)]) if len(gone) else places
    stands = unit_positions(both.drop(columns="unit_id", errors="ignore"), units)
    own = both["kind"].to_numpy(dtype=object)
    ids = zip(both.index.astype(str), own, strict=True)
    used = both.index.isin(in_use(places).index)
    named = both["unit_id"].notna() if "unit_id" in both.columns else False
    return pd.DataFrame(
        {
            "object": [name.removesuffix(f"#{kind}") for name, kind in ids],
            "own": own,
            "ledger": both.index.isin(rows.index),
            "far": both.index.isin(far),
            "used": used,
            "merged": both.index.isin(reading.merges.index),
            "inside": _inside(both, stands, reading).astype(np.intp),
            "place": stands,
            "filed": unit_positions(both, units),
            "named": named,
        }
    )


def _ledger_rows(reading: Reading) -> tuple[gpd.GeoDataFrame, pd.Index]:
    """Give the ledgers' rows under the ids that the inventory has, and which are left out as far.

    Ids are made unique among the rows that are not far, as `read_inventory` does it.
    """
    parts = [ledger.facilities for _, ledger in reading.ledgers]
    if not parts:
        return reading.inventory.iloc[:0], pd.Index([])
    area = walk_area(reading.boundary, reading.network.crs, reading.config, reading.standards)
    shapely.prepare(area)
    near = [np.asarray(shapely.intersects(area, part.geometry.to_numpy())) for part in parts]
    kept = distinct([part[mask] for part, mask in zip(parts, near, strict=True)])
    lost = [part[~mask] for part, mask in zip(parts, near, strict=True)]
    far = [
        part.set_axis(pd.Index([f"{n}:{i} far" for i in part.index], name="facility_id", dtype=str))
        for n, part in enumerate(lost, start=1)
    ]
    rows = gpd.GeoDataFrame(pd.concat([*kept, *far]), crs=4326)
    return rows, rows.index[len(rows) - sum(map(len, far)) :]


def _inside(facilities: gpd.GeoDataFrame, stands: Rows, reading: Reading) -> npt.NDArray[np.bool_]:
    """Tell which facilities stand in the boundary; in a unit where the county has none."""
    if reading.config.boundary is None:
        return np.asarray(stands >= 0)
    county = _boundary(reading)
    shapely.prepare(county)
    spots = shapely.point_on_surface(np.asarray(facilities.geometry))
    return np.asarray(shapely.intersects(county, spots))


def _boundary(reading: Reading) -> shapely.Geometry:
    lonlat = gpd.GeoSeries([reading.boundary], crs=4326)
    return lonlat.to_crs(reading.network.crs).iloc[0]


def _by_kind(things: pd.DataFrame, standard: Standard, kinds: list[str]) -> pd.DataFrame:
    """Give a row for every kind that a facility counts for, each object once a kind."""
    code, own = pd.factorize(things["own"])
    wider = [{kind, *standard.wider(kind)} for kind in own]
    counts = [[kind for kind in kinds if kind in names] for names in wider]
    row = np.repeat(np.arange(len(things)), [len(counts[number]) for number in code])
    pairs = things.iloc[row].assign(key=[kind for number in code for kind in counts[number]])
    # What a ledger says of an object comes before what OSM says, and what is in use before.
    pairs = pairs.sort_values(["ledger", "used"], ascending=False, kind="stable")
    return pairs.drop_duplicates(["object", "key"])


def _counted(pairs: pd.DataFrame, kinds: list[str], areas: int) -> pd.DataFrame:
    """Count what is in use in every area, and what the ledgers' rows filed there become.

    Of each pair ``place`` is the area that it stands in and ``filed`` that under which its ledger
    has it; -1 for none.
    """
    kind = pd.Index(kinds).get_indexer(pd.Index(pairs["key"]))
    place, filed, ledger, used, far = (
        pairs[name].to_numpy() for name in ("place", "filed", "ledger", "used", "far")
    )
    there = place == filed

    def count(at: Rows, which: npt.NDArray[np.bool_]) -> Floats:
        chosen = which & (at >= 0)
        numbers = np.bincount(kind[chosen] * areas + at[chosen], minlength=len(kinds) * areas)
        return numbers.astype(np.float64)

    return pd.DataFrame(
        {
            "subject": "facilities",
            "key": np.repeat(np.asarray(kinds, dtype=object), areas),
            "area": np.tile(np.arange(areas), len(kinds)),
            "measured": count(place, used),
            "ledger_rows": count(filed, ledger),
            "far": count(filed, ledger & far),
            "outside": count(filed, ledger & ~far & ~there),
            "not_in_use": count(filed, ledger & ~far & there & ~used),
            "elsewhere": count(place, used & ~(ledger & there)),
            "merged": count(filed, ledger & there & used & pairs["merged"].to_numpy()),
        }
    )


def _by_unit(
    pairs: pd.DataFrame, units: gpd.GeoDataFrame, reported: Mapping[str, Floats], kinds: list[str]
) -> pd.DataFrame:
    """Count by unit the kinds that a ledger files under units, or that communities report."""
    filed = set(pairs.loc[pairs["ledger"] & pairs["named"], "key"])
    told = [kind for kind in kinds if kind in filed or kind in reported]
    table = _counted(pairs[pairs["key"].isin(told)], told, len(units))
    unknown = np.full(len(units), np.nan)
    say = np.concatenate([reported.get(kind, unknown) for kind in told] or [unknown[:0]])
    listed = table["ledger_rows"].where(table["key"].isin(filed)).to_numpy(np.float64)
    table["known"] = np.where(np.isnan(say), listed, say)
    table["known_from"] = np.where(np.isnan(say), "filed", "reported")
    table["scope"] = units.index.take(table["area"].to_numpy(np.intp))
    return table[(table["measured"] > 0) | (table["known"] > 0) | (table["ledger_rows"] > 0)]


# --- roads --------------------------------------------------------------------------------------


def _roads(reading: Reading) -> list[pd.DataFrame]:
    units, network = reading.units, reading.network
    network = network.whole or network
    roads, others = lengths_within(network, np.asarray(units.geometry))
    known = np.full(len(units), np.nan)
    if "road_km" in units.columns:
        known = units["road_km"].to_numpy(np.float64, na_value=np.nan)
    county = reading.config.reconcile.road_km or np.nan
    table = _rows("roads", units, roads / 1000.0, known, county, "units")
    other = np.concatenate([[others.sum()], others]) / 1000.0
    if reading.config.boundary is not None:
        whole = lengths_within(network, np.array([_boundary(reading)], dtype=object))
        table.loc[0, "measured"], other[0] = (float(metres[0]) / 1000.0 for metres in whole)
    return [table.assign(other_km=other)]


__all__ = ["reconcile_known"]
