"""How sure the gaps are: a sweep over what nobody knows exactly, the edge, and completeness."""

from __future__ import annotations

from lifecircle.confidence.finding import gap_confidence

__all__ = ["gap_confidence"]
