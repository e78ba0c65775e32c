"""The text that goes with an export: where it comes from, who may see it, what each field means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyproj
from pydantic import ValidationError

from lifecircle.config import CountyConfig, WalkConfig
from lifecircle.render.gis.run import FinishedRun
from lifecircle.render.gis.vector import Written
from lifecircle.render.gis.words import clean, word
from lifecircle.render.tables.words import word as table_word
from lifecircle.render.walking_words import walking_words
from lifecircle.standards import Lang, clause


def readme(
    run: FinishedRun,
    written: Sequence[Written],
    *,
    format: str,  # noqa: A002 - as the command line calls it
    crs: pyproj.CRS,
    encoding: str,
    lang: Lang,
) -> str:
    """Tell of an export what its reader must know.

    Parameters
    ----------
    run
        The run that it was made from.
    written
        Its layers.
    format, crs, encoding
        What it was written as.
    lang
        Language.

    Returns
    -------
    str
        Plain text: title, use, date, standard, sources with licences, coordinate system, contents,
        and every field. What nobody stated has no line.
    """

    def say(key: str, **values: object) -> str:
        return word(key, lang, "readme", **values)

    own = f"{run.crs.name} ({_code(run.crs)})"
    text = format + (f", {encoding.upper()}" if format == "shp" else "")
    lines = [say("title", county=run.label(lang)), "", say("use", approval=approval(run, lang))]
    for key, told in _stated(run, lang).items():
        lines += [say(key, text=told)] if told else []
    lines += [say("crs", text=f"{crs.name} ({_code(crs)})"), say("own_crs", text=own)]
    lines.append(say("format", text=text))
    if format == "shp" and encoding == "gbk":
        lines.append(say("gbk"))
    lines += ["", say("sources")]
    lines += [f"  {line}" for line in _sources(run, lang)]
    lines += [say("attribution"), "", say("contents")]
    for layer in written:
        if len(layer.size) == 2:
            columns, rows = layer.size
            told = say("raster", file=layer.file, name=layer.name, columns=columns, rows=rows)
        else:
            told = say("layer", file=layer.file, name=layer.name, count=layer.size[0])
        lines.append(f"  {told}")
    missing = {"shp": "missing_shp", "cog": "missing_cog"}.get(format, "missing")
    lines += ["", say(missing), say("truth"), "", say("fields"), say("heads")]
    for layer in written:
        lines.append(f"[{layer.file}]")
        lines += [
            say("field", short=short, field=f.field, zh=f.zh, en=f.en, unit=f.unit)
            for short, f in layer.fields.items()
        ]
    return "\n".join(clean(line) for line in lines) + "\n"


def field_table(written: Sequence[Written], lang: Lang) -> pd.DataFrame:
    """Give the field dictionary of an export with the names that fields have in its files.

    Parameters
    ----------
    written
        Its layers.
    lang
        Language of the headings.

    Returns
    -------
    pandas.DataFrame
        File, name in the file, full name, meaning in both languages, unit.
    """
    name, full, first, second, unit = word("heads", lang, "readme").split("\t")
    rows = [
        (layer.file, short, f.field, *((f.zh, f.en) if lang == "zh" else (f.en, f.zh)), f.unit)
        for layer in written
        for short, f in layer.fields.items()
    ]
    heads = [table_word("file", lang) if lang == "en" else "文件", name, full, first, second, unit]
    return pd.DataFrame(rows, columns=heads, dtype=str)


def approval(run: FinishedRun, lang: Lang) -> str:
    """Give the map approval number of the county's file, or who may see it without one.

    Parameters
    ----------
    run
        The run.
    lang
        Language.
    """
    number = clean(str(_part(run.record, "config", "map").get("approval_number") or "")).strip()
    return table_word("approved", lang, number=number) if number else table_word("internal", lang)


def _stated(run: FinishedRun, lang: Lang) -> dict[str, str]:
    config, standard = _part(run.record, "config"), _part(run.record, "standard")
    software = _part(run.record, "software")
    named = str(standard.get(lang) or standard.get("key") or "")
    source = clause(str(standard.get("source") or ""), lang)
    return {
        "notice": str(config.get(f"notice_{lang}") or ""),
        "producer": str(_part(config, "map").get("producer") or ""),
        "date": str(run.record.get("generated") or "")[:10],
        "walking": _walking(run, lang),
        "standard": f"{named} ({source})" if named and source else named,
        "software": " ".join(
            part for part in ("lifecircle", str(software.get("lifecircle") or "")) if part
        ),
    }


def _walking(run: FinishedRun, lang: Lang) -> str:
    """Say how people were taken to move; nothing where the record does not tell."""
    told = _part(run.record, "config", "walk")
    try:
        walk = WalkConfig.model_validate(dict(told)) if told else None
    except ValidationError:  # of another version
        return ""
    if walk is None:
        return ""
    config = CountyConfig.model_construct(walk=walk, elevation=None)
    return walking_words(config, run.record, lang)


def _sources(run: FinishedRun, lang: Lang) -> list[str]:
    unstated = word("unstated", lang, "readme")
    told = []
    for data in _part(run.record, "inputs").values():
        known = {
            key: str(data.get(key) or unstated) for key in ("path", "source", "date", "licence")
        }
        told.append(word("source", lang, "readme", **known))
    return told


def _part(record: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Give a part of a record; nothing where it is not there."""
    for key in keys:
        found = record.get(key)
        record = found if isinstance(found, Mapping) else {}
    return record


def _code(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else "WKT"
