"""The plan's scorecard: every target beside what is known of it, and what is not.

Unknown is unknown, never 0 and never met: with reports missing, a target is met only if it is met
in the worst case, and missed only if it is missed in the best.
"""

from __future__ import annotations

from lifecircle.plan.cards import (
    card_from_records,
    card_records,
    priorities,
    roll_up,
    scorecard,
    scorecard_table,
    with_priorities,
)
from lifecircle.plan.verdict import empty_scorecard

__all__ = [
    "card_from_records",
    "card_records",
    "empty_scorecard",
    "priorities",
    "roll_up",
    "scorecard",
    "scorecard_table",
    "with_priorities",
]
