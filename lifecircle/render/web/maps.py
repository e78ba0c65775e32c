"""The offline map: a folium map whose page holds all that it needs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Final

import folium

from lifecircle.render.mappable import Mappable, check_assessment
from lifecircle.render.web.before import check_same_cells
from lifecircle.render.web.contents import page_data
from lifecircle.render.web.page import map_html, offline_map
from lifecircle.standards import Lang

_RIDDEN: Final[Mapping[Lang, tuple[tuple[str, str], ...]]] = {
    "zh": (("步行", "出行"),),
    "en": (
        (r"\bminutes on foot\b", "minutes of travel"),
        (r",? on foot\b", ""),
        (r"\b[Ww]alks\b", "trips"),
        (r"\bWalk(ing)?\b", "Travel"),
        (r"\bwalk(ing)?\b", "travel"),
    ),
}
"""What the page says of walks -> what it says of travel."""


def coverage_map(
    assessment: Mappable, *, lang: Lang = "zh", before: Mappable | None = None
) -> folium.Map:
    """Draw the interactive map of an assessment; it needs no network, in a file or a notebook.

    Parameters
    ----------
    assessment
        Tables in one metric CRS, with the county's config and standard.
    lang
        What the page starts with, ``"zh"`` or ``"en"``; it carries both, and the reader switches.
    before
        Another run of the same cells (as before a plan, or by another standard). The map then has
        a slider: the cells' indicator before to its left, that of `assessment` to its right.

    Returns
    -------
    folium.Map
        Shown by a notebook, saved by ``save``, or turned into text by `map_html`. Everything that
        the page needs is inside it.

    Raises
    ------
    TableError
        A table breaks its schema, or names a kind or unit that is not there; or the cells of
        `before` are others: in ids, CRS, or bounds by more than a metre.
    CRSError
        Geometry is not in one metric CRS.

    Notes
    -----
    Streets, borders, isochrones and gaps are simplified by at most 2 m for display; figures come
    from the tables alone. Minutes are rounded up to a tenth, scores and shares down, so that what
    is shown agrees with every threshold. A cell that a border cuts is drawn as cut. Beyond five
    million values (cells times kinds) minutes are rounded up to coarser steps, among which every
    threshold is, and the page says so: see `lifecircle.render.web.cellpack.precision_of`.
    Further folium layers may be added as long as they load nothing and need no jQuery:
    `folium.GeoJsonPopup`, not `folium.Popup`; `folium.CircleMarker`, not `folium.Icon`.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     coverage_map(county, lang="en").save(f"{folder}/map.html")
    ...     Path(folder, "map.html").stat().st_size > 500_000
    True
    """
    check_assessment(assessment)
    if before is not None:
        check_assessment(before)
        check_same_cells(assessment.cells, before.cells)
    rides = _somebody_rides(assessment)
    both: dict[Lang, dict[str, str]] = {
        "zh": ridden_words("zh") if rides else words("zh"),
        "en": ridden_words("en") if rides else words("en"),
    }
    title = both[lang]["title"].format(county=assessment.config.label(lang))
    data = page_data(assessment, lang, before=before)
    return offline_map(data, lang=lang, title=title, words=both)


def words(lang: Lang) -> dict[str, str]:
    """Give every string of the page in one language.

    Parameters
    ----------
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict

    Examples
    --------
    >>> words("en")["approval_none"]
    'For internal use only; not reviewed for publication'
    """
    text = (resources.files(__package__) / "templates" / "words.toml").read_text(encoding="utf-8")
    return {key: entry[lang] for key, entry in tomllib.loads(text).items()}


def ridden_words(lang: Lang) -> dict[str, str]:
    """Give every string of the page where somebody rides: it speaks of travel, not of walks.

    Parameters
    ----------
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    dict

    Examples
    --------
    >>> ridden_words("zh")["minutes_walk"], ridden_words("en")["none_reached"]
    ('出行分钟', 'None reached')
    """
    told = words(lang)
    for pattern, said in _RIDDEN[lang]:
        told = {key: re.sub(pattern, said, text) for key, text in told.items()}
    return told


def _somebody_rides(assessment: Mappable) -> bool:
    """Tell whether some residents do not walk: they ride, or are in a wheelchair."""
    walk = assessment.config.walk
    return any(one.vehicle or one.no_wheelchair_no for one in (walk, *walk.settings.values()))


__all__ = ["Mappable", "coverage_map", "map_html", "words"]
