"""What helps to decide as tables: the one place that names their files, columns and headings.

``assess`` writes them beside its other tables, and the commands ``supply`` and ``site`` write the
same; workbook and report show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.decided_words import decided_word
from lifecircle.render.tables.words import decided_file
from lifecircle.standards import Labelled, Lang
from lifecircle.tables import SCOPE_COUNTY
from lifecircle.tables.decisions import NOTHING, Confidence, Decisions, Moments, Sited, Supplied

FILES: Final[Mapping[str, str]] = {
    name: f"{name}.csv"
    for name in (
        "moments",
        "openings",
        "eight_hours",
        "supply",
        "supply_facilities",
        "sites",
        "sites_curve",
        "confidence",
        "confidence_coverage",
        "confidence_in_gaps",
        "confidence_settings",
        "completeness",
        "edge",
        "reconcile",
    )
}
"""Tables of what helps to decide -> their files; each is written where it was asked for."""

WALKS: Final = ("mean_minutes", "worst_minutes", "unreached", "person_minutes")
"""What only those objectives tell that look at walks beyond the limit."""

BY_COVER: Final = frozenset({"mclp", "lscp"})
"""Objectives that look at none."""

_LANGS: Final[tuple[Lang, ...]] = ("zh", "en")


def decisions_of(assessment: Mappable) -> Decisions:
    """Give what an assessment says beside its verdicts; nothing where it has none.

    Parameters
    ----------
    assessment
        ``decisions``, where it has them.
    """
    found = cast("Decisions", getattr(assessment, "decisions", None) or NOTHING)
    # Hours a day are counted wherever a ledger reports them; that alone is nothing asked for.
    if found.moments is not None and not found.moments.labels:
        found = replace(found, moments=None)
    # So are cells held against the units' own residents, which they agree with by their making.
    if len(found.reconciled) and not _tells(found.reconciled):
        found = replace(found, reconciled=pd.DataFrame())
    return found


def _tells(reconciled: pd.DataFrame) -> bool:
    """Tell whether anything differs, or is held against more than the units' own residents."""
    compared = reconciled[reconciled["verdict"] != "unknown"]
    own = (compared["known_from"] == "units") & (compared["verdict"] == "agrees")
    return bool((~own).any())


def decided_names(assessment: Mappable) -> list[str]:
    """Name the tables of all that was asked for.

    Parameters
    ----------
    assessment
        ``decisions``, where it has them.

    Returns
    -------
    list of str
        Keys of `FILES`, in their order: those that `decided_tables` gives.
    """
    found = decisions_of(assessment)
    sure = found.confidence
    there = {
        **dict.fromkeys(("moments", "openings", "eight_hours"), found.moments is not None),
        **dict.fromkeys(("supply", "supply_facilities"), bool(found.supplied)),
        **dict.fromkeys(("sites", "sites_curve"), bool(found.sited)),
        **dict.fromkeys(
            ("confidence", "confidence_coverage", "confidence_settings"), sure is not None
        ),
        "confidence_in_gaps": sure is not None and len(sure.in_gaps) > 0,
        "completeness": sure is not None and len(sure.completeness) > 0,
        "edge": sure is not None and len(sure.edge) > 0,
        "reconcile": len(found.reconciled) > 0,
    }
    return [name for name in FILES if there[name]]


def decided_tables(assessment: Mappable) -> dict[str, pd.DataFrame]:
    """Give the tables of all that was asked for.

    Parameters
    ----------
    assessment
        Checked tables, and ``decisions``.

    Returns
    -------
    dict
        Keys of `FILES`, in their order; columns by key, names beside keys. What was not asked for
        is not there.
    """
    found, kinds, zh = decisions_of(assessment), kinds_of(assessment), assessment.config.zh
    tables: dict[str, pd.DataFrame] = {}
    if found.moments is not None:
        tables |= _moment_tables(assessment, found.moments)
    if found.supplied:
        facilities = assessment.facilities
        tables["supply"] = _stacked(supply_table(one, kinds, zh) for one in found.supplied)
        tables["supply_facilities"] = _stacked(
            supply_facility_table(one, facilities, kinds) for one in found.supplied
        )
    if found.sited:
        tables["sites"] = _stacked(site_table(one, kinds) for one in found.sited)
        tables["sites_curve"] = _stacked(curve_table(one, kinds) for one in found.sited)
    if found.confidence is not None:
        tables |= _confidence_tables(assessment, found.confidence)
    if len(found.reconciled):
        tables["reconcile"] = reconciled_table(assessment, found.reconciled)
    return {name: _ordered(name, tables[name]) for name in decided_names(assessment)}


def supply_table(supplied: Supplied, kinds: Mapping[str, Labelled], county_zh: str) -> pd.DataFrame:
    """Give the supply of the county and its units, and what was asked for.

    Parameters
    ----------
    supplied
        One kind's supply.
    kinds
        What kinds are called, by key.
    county_zh
        What to call the county.

    Returns
    -------
    pandas.DataFrame
        One row per scope, the county first; supply per 1,000 persons, shares from 0 to 1.
    """
    table = supplied.units.rename_axis("scope").reset_index()
    names = table["unit_name"].astype(object)
    table["unit_name"] = names.mask(table["scope"] == SCOPE_COUNTY, county_zh)
    table = table.rename(columns={"supply": "supply_per_1000"})
    return _ordered("supply", _asked(table, supplied, kinds))


def supply_facility_table(
    supplied: Supplied, facilities: gpd.GeoDataFrame, kinds: Mapping[str, Labelled]
) -> pd.DataFrame:
    """Give the facilities with their catchments, and where they are.

    Parameters
    ----------
    supplied, kinds
        As for `supply_table`.
    facilities
        Table per `lifecircle.tables.FACILITIES`, of which `supplied` tells.

    Returns
    -------
    pandas.DataFrame
        One row per facility; ``lon`` and ``lat`` in degrees (WGS 84).
    """
    at = facilities.geometry.reindex(supplied.facilities.index).representative_point().to_crs(4326)
    table = supplied.facilities.rename(columns={"ratio": "ratio_per_1000"})
    table = table.assign(lon=at.x.round(6), lat=at.y.round(6)).rename_axis("facility_id")
    return _ordered("supply_facilities", _asked(table.reset_index(), supplied, kinds))


def site_table(sited: Sited, kinds: Mapping[str, Labelled]) -> pd.DataFrame:
    """Give the proposed sites of one kind, ranked.

    Parameters
    ----------
    sited
        What was found; of mclp and lscp, which look at no walk beyond the limit, it is not told
        how far all walk.
    kinds
        What kinds are called, by key.

    Returns
    -------
    pandas.DataFrame
        One row per site; ``lon`` and ``lat`` in degrees (WGS 84).
    """
    table = pd.DataFrame(sited.sites.drop(columns=sited.sites.active_geometry_name))
    if sited.asked["objective"] in BY_COVER:
        table = table.drop(columns=[name for name in WALKS if name in table.columns])
    return _ordered("sites", _of_sited(table.rename_axis("rank").reset_index(), sited, kinds))


def curve_table(sited: Sited, kinds: Mapping[str, Labelled]) -> pd.DataFrame:
    """Give what each further site adds: residents, or person-minutes of pmedian.

    Parameters
    ----------
    sited, kinds
        As for `site_table`.

    Returns
    -------
    pandas.DataFrame
        One row per number of sites.
    """
    curve = sited.curve
    by_walking = sited.asked["objective"] == "pmedian"
    if by_walking:
        curve = curve / 60.0
    table = curve.rename_axis("count").reset_index()
    table["gain_in"] = "person_minutes" if by_walking else "persons"
    table = _worded(table, "gain_in")
    return _ordered("sites_curve", _of_sited(table, sited, kinds))


def gap_verdicts(assessment: Mappable) -> pd.Series | None:
    """Give how sure each gap is; None where no settings were swept.

    Parameters
    ----------
    assessment
        ``decisions``, where it has them.

    Returns
    -------
    pandas.Series or None
        Index ``gap_id``; ``robust``, ``sensitive`` or ``no_road``.
    """
    sure = decisions_of(assessment).confidence
    return None if sure is None else sure.gaps["verdict"].astype(object)


def kinds_of(assessment: Mappable) -> dict[str, Labelled]:
    """Give every kind that an assessment's standard knows, by key."""
    return {**assessment.standard.known, **assessment.standard.kinds}


# --- each table -------------------------------------------------------------------------------


def _moment_tables(assessment: Mappable, moments: Moments) -> dict[str, pd.DataFrame]:
    covered = moments.coverage.reset_index()
    judged = covered["persons"].where(covered["persons"] > 0)
    for which in ("any", "low", "high"):
        covered[f"share_{which}"] = covered[f"covered_{which}"] / judged
    covered["unit_name"] = scope_names_zh(assessment, covered["scope"])
    covered = _in_order(assessment, covered)
    covered = _labelled(covered, "circle", assessment.standard.circles)
    opened = moments.openings.reset_index()
    eight = moments.eight_hours.rename_axis("kind").reset_index()
    kinds = kinds_of(assessment)
    return {
        "moments": _named_moments(_labelled(covered, "kind", kinds), moments),
        "openings": _named_moments(_labelled(opened, "kind", kinds), moments),
        "eight_hours": _labelled(eight, "kind", kinds),
    }


def _named_moments(table: pd.DataFrame, moments: Moments) -> pd.DataFrame:
    order = {key: number for number, key in enumerate(moments.labels)}
    table = table.sort_values("moment", key=lambda keys: keys.map(order), kind="stable")
    for lang in _LANGS:
        names = {key: label[lang] for key, label in moments.labels.items()}
        table[f"moment_{lang}"] = table["moment"].map(names)
    return table


def _confidence_tables(assessment: Mappable, sure: Confidence) -> dict[str, pd.DataFrame]:
    kinds, circles = kinds_of(assessment), assessment.standard.circles
    gaps = assessment.gaps
    beside = gaps[["kind", "unit_id", "rank", "persons"]].reindex(sure.gaps.index)
    table = beside.join(sure.gaps).rename_axis("gap_id").reset_index()
    table["unit_name"] = scope_names_zh(assessment, table["unit_id"])
    order = {key: n for n, key in enumerate(decided_file()["words"]["verdict"])}
    table = table.assign(_order=table["verdict"].map(order))
    table = table.sort_values(["_order", "persons"], ascending=[True, False], kind="stable")
    table = _worded(table.drop(columns="_order"), "verdict")
    covered = _in_order(assessment, sure.coverage.reset_index())
    covered = _labelled(covered, "circle", circles)
    tables = {
        "confidence": _labelled(table, "kind", kinds),
        "confidence_coverage": _labelled(covered, "kind", kinds),
        "confidence_settings": sure.settings.rename_axis("setting").reset_index(),
    }
    if len(sure.in_gaps):
        lacking = sure.in_gaps.rename_axis("kind").reset_index()
        tables["confidence_in_gaps"] = _labelled(lacking, "kind", kinds)
    if len(sure.completeness):
        mapped = sure.completeness.rename_axis("unit_id").reset_index()
        tables["completeness"] = mapped.assign(
            unit_name=scope_names_zh(assessment, mapped["unit_id"])
        )
    if len(sure.edge):
        edge = _labelled(_in_order(assessment, sure.edge.reset_index()), "circle", circles)
        tables["edge"] = _labelled(edge, "kind", kinds)
    return tables


def reconciled_table(assessment: Mappable, reconciled: pd.DataFrame) -> pd.DataFrame:
    """Give known figures beside what was read, with names beside their keys.

    Parameters
    ----------
    assessment
        Units, config and standard name what the rows speak of.
    reconciled
        Table per `lifecircle.tables.RECONCILED`.
    """
    table = reconciled.reset_index()
    table["scope_name"] = scope_names_zh(assessment, table["scope"])
    raster = Labelled(**{lang: decided_word("key", "raster", lang) for lang in _LANGS})
    table = _labelled(table, "key", {"raster": raster, **kinds_of(assessment)})
    for name in ("subject", "verdict", "known_from"):
        table = _worded(table, name)
    return table


def _asked(table: pd.DataFrame, supplied: Supplied, kinds: Mapping[str, Labelled]) -> pd.DataFrame:
    """Say in each row what it is about: rows of several askings stand in one table."""
    table = table.assign(
        kind=supplied.kind,
        method=supplied.method,
        minutes=supplied.minutes,
        capacity_from=supplied.capacity or "",  # empty: each facility counts 1
        demand_from=supplied.demand,
    )
    return _labelled(table, "kind", kinds)


def _of_sited(table: pd.DataFrame, sited: Sited, kinds: Mapping[str, Labelled]) -> pd.DataFrame:
    table = table.assign(kind=sited.kind, objective=sited.asked["objective"])
    return _labelled(_worded(table, "objective"), "kind", kinds)


def _in_order(assessment: Mappable, table: pd.DataFrame) -> pd.DataFrame:
    """Put rows in the order of units and standard, the county first."""
    standard = assessment.standard
    order = {
        "scope": [SCOPE_COUNTY, *assessment.units.index],
        "circle": [*standard.circles],
        "kind": [*dict.fromkeys(r.kind for r in standard.requirements)],
    }
    ranks = [
        table[key].map({name: number for number, name in enumerate(names)})
        for key, names in order.items()
        if key in table
    ]
    return table.iloc[np.lexsort(ranks[::-1])]


# --- names ------------------------------------------------------------------------------------


def scope_names_zh(assessment: Mappable, scope: pd.Series) -> pd.Series:
    """Give the name of each scope: a unit's, or the county's in Chinese.

    Parameters
    ----------
    assessment
        Names its units.
    scope
        Unit ids, or ``"county"``.
    """
    names = {**assessment.units["name"].dropna().to_dict(), SCOPE_COUNTY: assessment.config.zh}
    return scope.map(names)


def _labelled(table: pd.DataFrame, column: str, labels: Mapping[str, Labelled]) -> pd.DataFrame:
    """Put the names of keys beside them; what has none keeps its key."""
    told = {
        f"{column}_{lang}": [
            labels[key].label(lang) if key in labels else key for key in table[column]
        ]
        for lang in _LANGS
    }
    return table.assign(
        **{name: pd.Series(v, table.index, dtype=object) for name, v in told.items()}
    )


def _worded(table: pd.DataFrame, column: str) -> pd.DataFrame:
    told = {
        f"{column}_{lang}": [
            None if pd.isna(key) else decided_word(column, key, lang) for key in table[column]
        ]
        for lang in _LANGS
    }
    return table.assign(
        **{name: pd.Series(v, table.index, dtype=object) for name, v in told.items()}
    )


def _ordered(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Put columns in their order; what nobody described comes last, so that nothing is lost."""
    known = [key for key in decided_file()["tables"][name]["columns"] if key in table.columns]
    others = [key for key in table.columns if key not in known]
    return table.reindex(columns=[*known, *others])


def _stacked(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([*tables], ignore_index=True)
