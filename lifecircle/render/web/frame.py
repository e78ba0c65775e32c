"""What every map says of itself: approval, sources with dates, standard, speed, CRS, findings."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol, cast

import pandas as pd

from lifecircle.config import CountyConfig, datasets
from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.findingwords import read_finding
from lifecircle.render.walking_words import walking_words
from lifecircle.standards import Lang, clause

TIANDITU_TILES: Final = (
    "https://t{s}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    "&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
)
"""Tiles of 天地图 in EPSG:3857: ``layer`` vec, cva, img or cia; ``s`` 0 to 7; ``z`` up to 18."""


class Labelled(Protocol):
    """Whatever has a name in both languages."""

    def label(self, lang: Lang) -> str:
        """Give the name in one language."""


def frame_data(assessment: Mappable) -> dict[str, Any]:
    """Gather what every map says of itself: approval, sources, standard, speed, CRS, findings.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    dict
        A text that differs by language is ``{"zh": ..., "en": ...}``.
    """
    config, standard = assessment.config, assessment.standard
    crs = assessment.units.crs
    code = crs.to_epsg()
    return {
        "notice": {"zh": config.notice_zh, "en": config.notice_en},
        "approval": config.map.approval_number,
        "producer": config.map.producer,
        "tianditu": _tianditu(config.map.tianditu_key),
        "generated": str(getattr(assessment, "generated", "") or ""),
        "crs": crs.name + (f" (EPSG:{code})" if code else ""),
        **_walking(assessment),
        "snapLimit": config.walk.snap_limit_m,
        "standard": both(standard),
        "standardSource": clauses(standard.source),
        "community": {
            "share": standard.community.share,
            "flag": standard.community.flag,
            "source": clauses(standard.community.source),
        },
        "changes": [both(change) for change in standard.changes],
        "findings": _findings(assessment),
        "placed": pd.Series(_run(assessment).get("population_placed_by", {}), dtype=object)
        .value_counts()
        .to_dict(),
        "datasets": dataset_lines(config),
    }


def _walking(assessment: Mappable) -> dict[str, Any]:
    """Tell how people were taken to move, and in which settings otherwise."""
    walk, told = assessment.config.walk, _run(assessment)
    frame: dict[str, Any] = {
        "walking": {
            "zh": walking_words(assessment.config, told, "zh"),
            "en": walking_words(assessment.config, told, "en"),
        },
        "profile": both(walk),
    }
    if walk.settings:
        frame["otherSettings"] = list(walk.settings)
    return frame


def _tianditu(key: str) -> dict[str, str] | None:
    """Where the tiles of the optional basemap are; no host's name is in the page without a key."""
    return {"tiles": TIANDITU_TILES, "key": key} if key else None


def _findings(assessment: Mappable) -> list[dict[str, str]]:
    """Tell what the run found in both languages; a sentence without Chinese is twice the same."""
    kinds = {**assessment.standard.kinds, **assessment.standard.known}
    found = []
    for sentence in map(str, _run(assessment).get("warnings", [])):
        told = read_finding(sentence, "zh", kinds)
        zh = "：".join(part for part in (told.about, told.what) if part)
        found.append({"zh": f"{zh}（{told.remedy}）" if told.remedy else zh, "en": sentence})
    return found


def _run(assessment: Mappable) -> dict[str, Any]:
    return cast("dict[str, Any]", getattr(assessment, "run", None) or {})


def dataset_lines(config: CountyConfig) -> list[dict[str, Any]]:
    """One line per source: what it was used for, and where, when and under which licence it is."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    for key, data in datasets(config).items():
        if key.startswith("report."):  # a template for the report holds no data
            continue
        uses = [re.split(r"[.\[]", key)[0]]
        if key == "roads.osm" and config.facilities.osm is True:
            uses.append("facilities")
        if uses == ["units"] and config.population.totals:
            uses.append("population")
        known = lines.setdefault((data.source or data.path.name, data.date, data.licence), [])
        known += [use for use in uses if use not in known]
    return [
        {"uses": uses, "source": source, "date": date, "licence": licence}
        for (source, date, licence), uses in lines.items()
    ]


def both(labelled: Labelled) -> dict[str, str]:
    """Give a label in both languages.

    Parameters
    ----------
    labelled
        A kind, circle, standard, county or change.

    Returns
    -------
    dict
        ``{"zh": ..., "en": ...}``.
    """
    return {"zh": labelled.label("zh"), "en": labelled.label("en")}


def clauses(source: str) -> dict[str, str]:
    """Give a source or clause of a standard in both languages.

    Parameters
    ----------
    source
        As the standard has it.

    Returns
    -------
    dict
        ``{"zh": ..., "en": ...}``; what is known in one language only is twice the same.

    Examples
    --------
    >>> clauses("plan [14]")["zh"]
    '方案任务[14]'
    """
    return {"zh": clause(source, "zh"), "en": clause(source, "en")}
