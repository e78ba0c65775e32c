"""What stands before the tables: what this is, when, by which standard, and how to read it."""

from __future__ import annotations

import importlib.metadata
from collections import Counter

import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.readers_shared import run_of
from lifecircle.render.tables.words import joined, texts, with_headings, word
from lifecircle.render.walking_words import profile_words, walking_words
from lifecircle.standards import Lang, clause
from lifecircle.tables import FLAGS


def notes_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give what a reader should know before the figures, point by point.

    Parameters
    ----------
    assessment
        Checked tables; ``generated`` and ``run`` where it has them.
    lang
        Language of headings and words; what the standard and the county file say in one
        language only stays as it is.

    Returns
    -------
    pandas.DataFrame
        Item and text. What nobody stated has no row.
    """
    config, standard = assessment.config, assessment.standard
    crs = assessment.units.crs
    code = crs.to_epsg()
    flags = Counter(requirement.flag for requirement in standard.requirements)
    counted = [f"{word(flag, lang)} {flags[flag]}" for flag in FLAGS if flags[flag]]
    approval = config.map.approval_number
    software = run_of(assessment).get("software", {})
    values = {
        "county": config.label(lang),
        "notice": config.notice_zh if lang == "zh" else config.notice_en,
        "approval": word("approved", lang, number=approval) if approval else word("internal", lang),
        "generated": str(getattr(assessment, "generated", "") or ""),
        "producer": config.map.producer,
        "standard": f"{standard.label(lang)} ({clause(standard.source, lang)})",
        "flags": joined(counted, lang),
        "community": word(
            "community",
            lang,
            share=f"{standard.community.share * 100:g}",
            flag=word(standard.community.flag, lang),
        ),
        "crs": crs.name + (f" (EPSG:{code})" if code else ""),
        "walk": word(
            "walk",
            lang,
            how=walking_words(config, run_of(assessment), lang),
            limit=f"{config.walk.furthest_m:g}",
        ),
        "also": word("semicolon", lang).join(profile_words(one, lang) for one in config.walk.also),
        "software": f"lifecircle {software.get('lifecircle') or _version()}",
    }
    rows = [
        {"item": item, "told": values.get(key, told)}
        for key, (item, told) in (
            (key, text.split("|", 1)) for key, text in texts("notes", lang).items()
        )
        if values.get(key, told)
    ]
    notes = [{"item": word("note_item", lang), "told": note.label(lang)} for note in standard.notes]
    return with_headings(pd.DataFrame([*rows, *notes], columns=["item", "told"]), lang)


def _version() -> str:
    return importlib.metadata.version("lifecircle")
