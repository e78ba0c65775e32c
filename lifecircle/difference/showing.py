"""What the map of a comparison shows, gathered from two runs and their difference."""

from __future__ import annotations

from typing import Any, Final, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.difference.facilities import compare_facilities
from lifecircle.difference.notes import Differing
from lifecircle.difference.pairing import requirements
from lifecircle.difference.runs import Run
from lifecircle.difference.tables import Difference, walk_to
from lifecircle.render.walking_words import walking_of
from lifecircle.render.web.changes import Changes, Topic
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY

_LANGS: Final[tuple[Lang, Lang]] = ("zh", "en")
_FIGURES: Final = ("covered_before", "total_before", "covered_after", "total_after")
_NO_LAYERS: Final = {
    "zh": "成果中没有 layers.gpkg，未显示设施",
    "en": "Without layers.gpkg of both runs, facilities are not shown",
}


def shown(difference: Difference) -> Changes:
    """Gather what the map shows.

    Parameters
    ----------
    difference
        What `lifecircle.difference.compare_runs` found.
    """
    before, after, pairing = difference.before, difference.after, difference.pairing
    known = np.zeros(len(after.cells), np.bool_)
    known[pairing.after] = True
    topics = _topics(difference)
    units, figures = _figures(difference, topics)
    facilities = None
    notes = [*pairing.notes]
    if before.facilities is None or after.facilities is None:
        notes.append(_NO_LAYERS)
    else:
        facilities = _facilities(before.facilities, after.facilities, topics)
    outline = after.record.get("outline")
    config = after.record.get("config", {})
    return Changes(
        county=_named(config),
        runs=(_told(before), _told(after)),
        approval=str(config.get("map", {}).get("approval_number") or ""),
        sources=_sources(before, after),
        cells=_cells(difference),
        known=known,
        walks=_walks(difference, topics),
        topics=topics,
        same_grid=pairing.same_grid,
        units=units,
        figures=figures,
        outlines=_outlines(after, units),
        border=shapely.from_wkt(outline, on_invalid="ignore") if outline else None,
        facilities=facilities,
        notes=notes,
    )


def _facilities(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, topics: list[Topic]
) -> gpd.GeoDataFrame:
    """Compare facilities of the kinds that both runs asked for; others stand as they are."""
    asked = [{topic.kind for topic in topics if topic.judged[side]} for side in (0, 1)]
    both = asked[0] & asked[1]
    one, two = (table[table["kind"].isin(both)] for table in (before, after))
    lone = [
        table[table["kind"].isin(kinds - both)]
        for table, kinds in zip((before, after), asked, strict=True)
    ]
    return compare_facilities(pd.concat([one, *lone]), pd.concat([two, *lone]))


def _named(labels: dict[str, Any]) -> dict[str, str]:
    zh, en = str(labels.get("zh") or ""), str(labels.get("en") or "")
    name = str(labels.get("name") or labels.get("key") or "")
    return {"zh": zh or name or en, "en": en or zh or name}


def _told(run: Run) -> dict[str, Any]:
    """Say which run this is."""
    record, config = run.record, run.record.get("config", {})
    scenario = record.get("scenario")
    notice = {"zh": config.get("notice_zh", ""), "en": config.get("notice_en", "")}
    return {
        "county": _named(config),
        "standard": _named(record["standard"]),
        "scenario": _named(scenario) if scenario else None,
        "generated": str(record.get("generated") or ""),
        "moves": {lang: walking_of(record, lang) for lang in get_args(Lang)},
        "residents": float(run.cells["persons"].sum()),
        "notice": {"zh": notice["zh"] or notice["en"], "en": notice["en"] or notice["zh"]},
        "dates": sorted({str(d["date"]) for d in _inputs(run) if d.get("date")}),
    }


def _inputs(run: Run) -> list[dict[str, Any]]:
    return [each for each in run.record.get("inputs", {}).values() if isinstance(each, dict)]


def _sources(*runs: Run) -> list[str]:
    """Name every source of both runs once, with its date and licence."""
    lines = [
        " ".join(str(each[key]) for key in ("source", "date", "licence") if each.get(key))
        for run in runs
        for each in _inputs(run)
    ]
    return [*dict.fromkeys(line for line in lines if line)]


def _topics(difference: Difference) -> list[Topic]:
    """List requirements: those of the run after, then what only the run before asked for."""
    asked, wanted = difference.asked, requirements(difference.after)
    telling = {lang: Differing(asked, wanted, lang) for lang in _LANGS}
    columns = ["circle", "kind", "circle_zh", "circle_en", "kind_zh", "kind_en"]
    both = pd.concat([run.coverage[columns] for run in (difference.after, difference.before)])
    names = {
        (row["circle"], row["kind"]): row
        for row in both.drop_duplicates(["circle", "kind"]).astype("str").to_dict("records")
    }
    found = []
    for circle, kind in dict.fromkeys([*wanted, *asked]):
        one, two = asked.get((circle, kind)), wanted.get((circle, kind))
        limit, unit, settings, _ = two or one or (0.0, "minutes", (), 0.0)
        row = names.get((circle, kind), {})
        found.append(
            Topic(
                circle=circle,
                kind=kind,
                circle_label={lang: row.get(f"circle_{lang}", circle) for lang in _LANGS},
                kind_label={lang: row.get(f"kind_{lang}", kind) for lang in _LANGS},
                limit=float(limit),
                unit=str(unit),
                settings=tuple(settings),
                note={lang: telling[lang].requirement(circle, kind) for lang in _LANGS},
                judged=(one is not None, two is not None),
            )
        )
    return found


def _walks(
    difference: Difference, topics: list[Topic]
) -> dict[tuple[str, str], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Give the walks of both runs to kinds that both measured; cells as of the run after."""
    before, after, pairing = difference.before, difference.after, difference.pairing
    found = {}
    if not pairing.same_grid:
        return {}
    for kind, unit in dict.fromkeys((topic.kind, topic.unit) for topic in topics):
        try:
            old, new = (walk_to(run.cells, kind, unit) for run in (before, after))
        except KeyError:  # one of the runs did not measure it
            continue
        then = np.full(len(after.cells), np.nan)
        then[pairing.after] = old[pairing.before]
        found[kind, unit] = (then, new)
    return found


def _cells(difference: Difference) -> gpd.GeoDataFrame:
    after, pairing = difference.after.cells, difference.pairing
    persons = np.zeros(len(after))
    persons[pairing.after] = difference.before.cells["persons"].to_numpy(float)[pairing.before]
    shape = after.geometry.to_numpy()
    columns = {"unit_id": after["unit_id"].astype("str"), "setting": after["setting"].astype("str")}
    return gpd.GeoDataFrame(
        {**columns, "persons": after["persons"].to_numpy(float), "persons_before": persons},
        index=after.index,
        geometry=shape,
        crs=after.crs,
    )


def _figures(
    difference: Difference, topics: list[Topic]
) -> tuple[pd.Series, dict[str, npt.NDArray[np.float64]]]:
    """Give names of units, and figures of residents as arrays of topics times county and units."""
    runs = {"before": difference.before.coverage, "after": difference.after.coverage}
    both = pd.concat([runs["after"], runs["before"]])
    units = both.drop_duplicates("scope").set_index("scope")["unit_name"].astype("str")
    units = units[units.index != SCOPE_COUNTY]
    scopes = pd.Index([SCOPE_COUNTY, *units.index])
    keys = pd.MultiIndex.from_tuples([(each.circle, each.kind) for each in topics])
    out = {name: np.full((len(topics), len(scopes)), np.nan) for name in _FIGURES}
    for side, table in runs.items():
        rows = table[table["denominator"] == "population"]
        at = keys.get_indexer(pd.MultiIndex.from_frame(rows[["circle", "kind"]]))
        held = at >= 0
        place = scopes.get_indexer(pd.Index(rows["scope"]))[held]
        for name in ("covered", "total"):
            out[f"{name}_{side}"][at[held], place] = rows[name].to_numpy(dtype=float)[held]
    alike = np.array([not any(each.note.values()) for each in topics], bool)
    cells = difference.cells
    at = keys.get_indexer(pd.MultiIndex.from_frame(cells[["circle", "kind"]]))
    unit = scopes.get_indexer(pd.Index(cells["unit_id"]))
    for way in ("gained", "lost"):
        sums = np.zeros((len(topics), len(scopes)))
        way_rows = np.flatnonzero(cells["change"] == way)
        persons = cells["persons"].to_numpy(dtype=float)[way_rows]
        np.add.at(sums, (at[way_rows], unit[way_rows]), persons)
        sums[:, 0] = sums[:, 1:].sum(axis=1)
        told = alike & difference.pairing.same_grid
        out[way] = np.where(told[:, None], sums, np.nan)
    return units, out


def _outlines(run: Run, units: pd.Series) -> gpd.GeoSeries | None:
    """Give the units' outlines, in their order; None where the run has no such layer."""
    if run.units is None:
        return None
    table = run.units.set_axis(run.units.index.astype("str"))
    shapes = table.geometry.reindex(units.index)
    return gpd.GeoSeries(shapes.fillna(shapely.Polygon()), crs=run.units.crs)
