"""The plan's scorecard: every target beside what is known of it, and what is not.

Unknown is unknown, never 0 and never met: with reports missing, a target is met only if it is met
in the worst case, and missed only if it is missed in the best.
"""

from __future__ import annotations

from lifecircle.plan.cards import (
    card_records,
    priorities,
    scorecard,
    scorecard_table,
    with_priorities,
)
from lifecircle.plan.cities import Counts, counts_from_records, roll_up
from lifecircle.plan.verdict import empty_scorecard

__all__ = [
    "Counts",
    "card_records",
    "counts_from_records",
    "empty_scorecard",
    "priorities",
    "roll_up",
    "scorecard",
    "scorecard_table",
    "with_priorities",
]
