"""At a moment: what is open at 18:30 on a weekday or at the weekend, and whom it then covers.

A facility whose hours are not known makes a range: it counts as closed at the low end of it, and
as open at the high end. Nothing is guessed in between.
"""

from __future__ import annotations

from lifecircle.moment.asked import Moment, parse_moment
from lifecircle.moment.covering import coverage_at
from lifecircle.moment.opening import eight_hours, openings

__all__ = ["Moment", "coverage_at", "eight_hours", "openings", "parse_moment"]
