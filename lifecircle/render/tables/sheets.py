"""Tables of an assessment as spreadsheets hold them: with names, in the order of the standard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.matching import no_merges
from lifecircle.plan import empty_scorecard, scorecard_table
from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.decided import gap_verdicts
from lifecircle.render.tables.decided_words import decided_word
from lifecircle.standards import Labelled, Lang
from lifecircle.tables import DENOMINATORS, SCOPE_COUNTY


def coverage_table(assessment: Mappable) -> pd.DataFrame:
    """Give coverage with the names of units, circles and kinds.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row per scope, circle, kind and denominator, the county first, then as in the units and
        the standard; shares from 0 to 1. ``known_facilities``: where it is 0 the services count as
        not reached because none is known, which is not the same as none being there.
    """
    standard = assessment.standard
    order = {
        "scope": [SCOPE_COUNTY, *assessment.units.index],
        "circle": [*standard.circles],
        "kind": [*dict.fromkeys(r.kind for r in standard.requirements)],
        "denominator": [*DENOMINATORS],
    }
    table = assessment.coverage.reset_index()
    rank = {key: table[key].map({name: n for n, name in enumerate(order[key])}) for key in order}
    table = table.iloc[np.lexsort([*rank.values()][::-1])].reset_index(drop=True)
    table.insert(1, "unit_name", _scope_names(assessment, table["scope"]))
    known = assessment.facilities["kind"].value_counts()
    table["known_facilities"] = table["kind"].map(known).fillna(0).astype(int)
    table = _with_labels(table, "circle", standard.circles)
    return _with_labels(table, "kind", standard.kinds)


def score_table(assessment: Mappable) -> pd.DataFrame:
    """Give the scores of the county and its units, with names, setting and residents.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row per scope and circle.
    """
    table, units = assessment.unit_scores.reset_index(), assessment.units
    table.insert(1, "unit_name", _scope_names(assessment, table["scope"]))
    table.insert(2, "setting", units["setting"].reindex(table["scope"]).to_numpy())
    table.insert(3, "residents", units["residents"].reindex(table["scope"]).to_numpy())
    table.loc[table["scope"] == SCOPE_COUNTY, "residents"] = units["residents"].sum(min_count=1)
    table = _with_labels(table, "circle", assessment.standard.circles)
    return _with_labels(table, "worst_kind", assessment.standard.kinds)


def standards_comparison(judged: Sequence[Mappable]) -> pd.DataFrame:
    """Set the county's figures by several profiles and standards side by side.

    Parameters
    ----------
    judged
        Assessments of one county, each by another profile or standard.

    Returns
    -------
    pandas.DataFrame
        One row per profile, standard, circle and kind: its threshold, how surely that is known, and
        the shares of residents, residential land and communities within it; a row without kind
        tells of the whole circle: the residents for whom it is complete.
    """
    parts = []
    for assessment in judged:
        standard = assessment.standard
        county = coverage_table(assessment)
        county = county[county["scope"] == SCOPE_COUNTY]
        wide = county.pivot_table(
            index=["circle", "kind"], columns="denominator", values="share", sort=False
        ).add_prefix("share_of_")
        one = county.drop_duplicates(["circle", "kind"]).set_index(["circle", "kind"])
        names = ["circle_zh", "circle_en", "kind_zh", "kind_en", "limit", "limit_unit", "flag"]
        names.append("known_facilities")
        services = one[names].join(wide).reset_index()
        scored = assessment.unit_scores  # a county whose settings no circle is meant for has no row
        whole = scored[scored.index.get_level_values("scope") == SCOPE_COUNTY].reset_index()
        whole = whole.rename(columns={"complete_share": "share_of_population"})
        whole = _with_labels(whole, "circle", standard.circles)
        whole = whole[["circle", "circle_zh", "circle_en", "share_of_population"]]
        both = pd.concat([whole, services], ignore_index=True)
        both = both.sort_values(
            "circle", key=lambda s: s.map(_rank(standard.circles)), kind="stable"
        )
        walk = assessment.config.walk
        both.insert(0, "profile", walk.profile)
        both.insert(1, "profile_zh", walk.zh)
        both.insert(2, "profile_en", walk.en)
        both.insert(3, "metres_per_minute", round(walk.metres_per_minute, 1))
        both.insert(4, "standard", standard.key)
        both.insert(5, "standard_zh", standard.zh)
        parts.append(both)
    return pd.concat(parts, ignore_index=True)


def _rank(keys: Iterable[str]) -> dict[str, int]:
    return {key: number for number, key in enumerate(keys)}


def plan_table(assessment: Mappable) -> pd.DataFrame:
    """Give the scorecard of the plan's targets with names; empty where the standard has none.

    Parameters
    ----------
    assessment
        Checked tables; ``scorecard`` where it has one.

    Returns
    -------
    pandas.DataFrame
        One row per scope and target, the county first.
    """
    card = getattr(assessment, "scorecard", None)
    names = assessment.units["name"].dropna()
    return scorecard_table(
        empty_scorecard() if card is None else card, {**names, SCOPE_COUNTY: assessment.config.zh}
    )


def merge_table(assessment: Mappable) -> pd.DataFrame:
    """Give what stood in a ledger and in OSM and was taken once, as the ledger has it.

    Parameters
    ----------
    assessment
        Checked tables; ``merges`` where it has them.

    Returns
    -------
    pandas.DataFrame
        One row per merge.
    """
    merges = getattr(assessment, "merges", None)
    return (no_merges() if merges is None else merges).reset_index()


def gap_table(assessment: Mappable) -> pd.DataFrame:
    """Give the gaps with names and where their residents live, by kind and rank.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row per gap; ``lon`` and ``lat`` in degrees (WGS 84): where its residents live most
        densely, or a point inside it where the gaps do not say; ``verdict`` where the settings were
        swept: how sure the gap is.
    """
    gaps = assessment.gaps
    inside = gap_points(gaps).to_crs(4326)
    table = pd.DataFrame(gaps.drop(columns=gaps.active_geometry_name)).assign(
        lon=inside.x.round(6), lat=inside.y.round(6)
    )
    order = pd.Index(assessment.standard.kinds).get_indexer(pd.Index(table["kind"]))
    table = table.iloc[np.lexsort((table["rank"], order))].reset_index()
    names = assessment.units["name"].reindex(table["unit_id"]).to_numpy()
    table.insert(_after(table, "unit_id"), "unit_name", names)
    nearest = assessment.facilities["name"].reindex(table["nearest_facility_id"]).to_numpy()
    table.insert(_after(table, "nearest_facility_id"), "nearest_facility_name", nearest)
    verdicts = gap_verdicts(assessment)
    if verdicts is not None:
        told = verdicts.reindex(table["gap_id"]).to_numpy()
        at = _after(table, "rank")
        table.insert(at, "verdict", told)
        langs: tuple[Lang, ...] = ("en", "zh")
        for lang in langs:
            named = [None if pd.isna(key) else decided_word("verdict", key, lang) for key in told]
            table.insert(at + 1, f"verdict_{lang}", pd.Series(named, table.index, dtype=object))
    return _with_labels(table, "kind", assessment.standard.kinds)


def gap_points(gaps: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Give a point for each gap: where its residents live most densely, else one inside it.

    Parameters
    ----------
    gaps
        `lifecircle.tables.GAPS`; ``x`` and ``y`` are optional there.

    Returns
    -------
    geopandas.GeoSeries
        Points in the CRS of the gaps, with their index.

    Examples
    --------
    >>> import shapely
    >>> shape = [shapely.box(0, 0, 4, 2)]
    >>> gaps = gpd.GeoDataFrame({"x": [3.0], "y": [1.5]}, geometry=shape, crs=32632)
    >>> gap_points(gaps)[0].wkt, gap_points(gaps.drop(columns=["x", "y"]))[0].wkt
    ('POINT (3 1.5)', 'POINT (2 1)')
    """
    inside = gaps.geometry.representative_point()
    if not {"x", "y"} <= {*gaps.columns}:
        return inside
    x, y = gaps["x"].to_numpy(float), gaps["y"].to_numpy(float)
    known = np.isfinite(x) & np.isfinite(y)
    lived = gpd.GeoSeries(gpd.points_from_xy(x, y), index=gaps.index, crs=gaps.crs)
    return inside.where(~known, lived)


def _scope_names(assessment: Mappable, scope: pd.Series) -> pd.Series:
    names = assessment.units["name"].astype(object)
    known = pd.concat([names, pd.Series({SCOPE_COUNTY: assessment.config.zh}, dtype=object)])
    return scope.map(known)


def _with_labels(table: pd.DataFrame, column: str, labels: Mapping[str, Labelled]) -> pd.DataFrame:
    at = _after(table, column)
    for shift, lang in enumerate(("zh", "en")):
        names = {key: getattr(label, lang) for key, label in labels.items()}
        table.insert(at + shift, f"{column}_{lang}", table[column].map(names))
    return table


def _after(table: pd.DataFrame, column: str) -> int:
    return list(table.columns).index(column) + 1
