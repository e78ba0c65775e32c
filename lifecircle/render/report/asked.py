"""What the standard asks of a county, and of whom: thresholds and settings in words."""

from __future__ import annotations

from lifecircle.render.mappable import Mappable
from lifecircle.render.report.text import plain, report_words
from lifecircle.render.tables.readers_shared import judged_settings, limit_words
from lifecircle.standards import Lang
from lifecircle.tables import SETTINGS


def judged_part(assessment: Mappable) -> tuple[int, float, int, float, tuple[str, ...]]:
    """Tell how many units and residents some circle judges, and whom none does.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    tuple
        Units and residents judged; units and residents of settings without a circle; these
        settings.
    """
    settings = judged_settings(assessment)
    units, cells = assessment.units["setting"], assessment.cells
    persons = cells["persons"].groupby(cells["setting"].isin(settings)).sum()
    inside = units.isin(settings)
    others = tuple(s for s in SETTINGS if (units[~inside] == s).any())
    many = int(inside.sum())
    return (
        many,
        float(persons.get(True, 0.0)),
        len(units) - many,
        float(persons.get(False, 0.0)),
        others,
    )


def unverified_words(assessment: Mappable, circle: str, lang: Lang) -> str:
    """Say how many of a circle's thresholds are unverified; nothing where none is.

    Parameters
    ----------
    assessment
        Tells the standard.
    circle
        Key of the circle.
    lang
        Language.
    """
    asked = assessment.standard.for_circle(circle)
    unsure = sum(r.flag == "unverified" for r in asked)
    if not unsure:
        return ""
    text = report_words(lang)["limits_all_unsure" if unsure == len(asked) else "limits_unsure"]
    return text.format(count=len(asked), unsure=unsure)


def limit_lines(assessment: Mappable, kind: str, lang: Lang) -> list[str]:
    """Give the thresholds of one kind, circle by circle, with what is unverified.

    Parameters
    ----------
    assessment
        Tells the standard.
    kind
        Key of the kind.
    lang
        Language.
    """
    text, standard = report_words(lang), assessment.standard
    return [
        text["limit_of"].format(
            circle=plain(standard.circles[r.circle].label(lang)),
            limit=limit_words(r.limit, r.unit, lang),
            unsure=text["limit_mark"] if r.flag == "unverified" else "",
        )
        for r in standard.requirements
        if r.kind == kind
    ]


def settings_without(assessment: Mappable, kind: str) -> tuple[str, ...]:
    """Give the settings among the units for which no circle asks for a kind.

    Parameters
    ----------
    assessment
        Checked tables.
    kind
        Key of the kind.
    """
    aside = set(assessment.units["setting"]) - judged_settings(assessment, kind)
    return tuple(setting for setting in SETTINGS if setting in aside)
