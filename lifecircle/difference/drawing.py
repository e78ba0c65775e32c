"""The map of a comparison, for a notebook or a file."""

from __future__ import annotations

import folium

from lifecircle.difference.showing import shown
from lifecircle.difference.tables import Difference
from lifecircle.render.web.changes import changes_map
from lifecircle.standards import Lang


def difference_map(difference: Difference, *, lang: Lang = "zh") -> folium.Map:
    """Draw what changed between two runs; the map needs no network, in a file or a notebook.

    Parameters
    ----------
    difference
        What `compare_runs` found.
    lang
        What the page starts with, ``"zh"`` or ``"en"``; it carries both.

    Returns
    -------
    folium.Map
        Shown by a notebook, saved by ``save``: the map that `write_difference` writes.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import assess, compare_runs, read_config, run_of
    >>> county = read_config("data/liechtenstein/county.toml")
    >>> slow = county.model_copy(update={"walk": county.walk.with_profiles(["elderly"])})
    >>> with warnings.catch_warnings(action="ignore"):
    ...     runs = [run_of(assess(each), each.walk.profile) for each in (county, slow)]
    >>> difference_map(compare_runs(*runs)).get_name()
    'map_lifecircle'
    """
    return changes_map(shown(difference), lang=lang)
