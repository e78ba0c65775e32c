"""What a reader should doubt: findings of the run, missing data, and what differs from the rule."""

from __future__ import annotations

import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.readers_shared import run_of
from lifecircle.render.tablewords import with_headings, word
from lifecircle.standards import Lang

_COLUMNS = ["issue", "about", "what", "count", "remedy"]


def problems_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give what is doubtful about data and standard, most serious first.

    Parameters
    ----------
    assessment
        Checked tables; ``run``, ``merges`` and ``scorecard`` where it has them.
    lang
        Language of headings and words.

    Returns
    -------
    pandas.DataFrame
        Kind of issue, what it is about, what was found, how many, and what to do.
    """
    rows = [
        {"issue": word("run_finding", lang), "what": str(finding)}
        for finding in run_of(assessment).get("warnings", [])
    ]
    return with_headings(pd.DataFrame(rows, columns=_COLUMNS), lang)
