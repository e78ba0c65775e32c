"""Where the next facilities go: candidates, the sites chosen of them, and how good they can be.

(`lifecircle.plan.siting` is something else: the unit and the address of facilities that exist.)
"""

from lifecircle.siting.problem import SitingProblem
from lifecircle.siting.solving import OBJECTIVES, Objective, Siting, solve_siting

__all__ = ["OBJECTIVES", "Objective", "Siting", "SitingProblem", "solve_siting"]
