"""What the county's file may ask for beside the verdicts: all that helps to decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    Field,
    model_validator,
)

from lifecircle.config.sources import (
    Ledger,
    Part,
    PopulationConfig,
)


class TimeConfig(Part):
    """Moments of the week at which coverage is judged by opening hours.

    Parameters
    ----------
    moments
        Such as ``"工作日18:30"``, ``"weekend 10:00"`` or ``"Sa 09:00"``.
    """

    moments: tuple[str, ...] = ()


class SupplyConfig(Part):
    """A kind whose supply per 1,000 residents is measured; as for `lifecircle.supply`.

    Parameters
    ----------
    kind
        A kind that the standard requires.
    minutes
        Longest walk.
    method
        All within it alike, near ones more, or chosen among.
    capacity
        Column of the facilities that says what each offers; by default each counts 1.
    demand
        ``persons``, or a group that the units report, such as ``elderly``.
    """

    kind: str
    minutes: float = Field(default=15.0, gt=0, le=600.0)
    method: Literal["2sfca", "e2sfca", "3sfca"] = "2sfca"
    capacity: str | None = None
    demand: str = "persons"


class SitingConfig(Part):
    """A kind for which sites are proposed; as for `lifecircle.propose_sites`.

    Parameters
    ----------
    kind
        A kind that the standard requires.
    count
        How many sites at most.
    objective
        Most residents newly covered, fewest sites, least walking, or shortest worst walk.
    share
        Share of the residents to be covered (lscp, pcenter).
    capacity
        Residents that a new site can serve at most (mclp, lscp).
    candidates
        ``"nodes"`` or ``"idle"``; not used where there is a `file`.
    file
        Candidates as a table or layer of points.
    time_limit
        Seconds for the search.
    """

    kind: str
    count: int = Field(default=5, ge=1)
    objective: Literal["mclp", "lscp", "pmedian", "pcenter"] = "mclp"
    share: float | None = Field(default=None, gt=0, le=1)
    capacity: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    candidates: Literal["nodes", "idle"] = "nodes"
    file: Ledger | None = None
    time_limit: float = Field(default=60.0, gt=0)


# Nobody walks faster than 15 km/h; the limits of a profile hold for those that are drawn.
_WalkSpeed = Annotated[float, Field(le=250.0, allow_inf_nan=False)]
_SnapLimit = Annotated[float, Field(le=20_000.0, allow_inf_nan=False)]


_USUAL_M_MIN = 75.0  # of an adult, within the practice of 60 to 80


class ConfidenceConfig(Part):
    """The sweep that tells robust gaps from sensitive ones: ranges that settings are drawn from.

    See `lifecircle.gap_confidence`.

    Parameters
    ----------
    settings
        How many settings beside the county's own; 0: no sweep.
    seed
        The same seed gives the same settings.
    speed_m_min
        Walking speed, m/min; Chinese practice is 60 to 80.
    snap_limit_m
        How far a place may lie from its road, m. Ours.
    robust
        Share of all settings in which a gap must persist to be robust, 0 to 1.
    population
        Other sources of residents, each as ``[population]`` has one. A county with a raster and
        totals is looked at by the raster as it is and fitted to them in any case.
    """

    settings: int = Field(default=0, ge=0, le=1000)
    seed: int = 1
    speed_m_min: tuple[_WalkSpeed, _WalkSpeed] = (60.0, 80.0)
    snap_limit_m: tuple[_SnapLimit, _SnapLimit] = (200.0, 1000.0)
    robust: float = Field(default=0.9, gt=0, le=1)
    population: tuple[PopulationConfig, ...] = ()

    def speeds(self, own_m_min: float) -> tuple[float, float]:
        """Give the range of speeds around a profile's own.

        Parameters
        ----------
        own_m_min
            Its speed, m/min.

        Returns
        -------
        low, high
            As the file has them. Where it has none, 60 and 80 m/min for who walks 75, and in
            proportion for whoever walks faster or slower (ours).
        """
        low, high = self.speed_m_min
        if "speed_m_min" in self.model_fields_set:
            return low, high
        return low * own_m_min / _USUAL_M_MIN, high * own_m_min / _USUAL_M_MIN

    @model_validator(mode="after")
    def _rising(self) -> ConfidenceConfig:
        for name in ("speed_m_min", "snap_limit_m"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name}: give two numbers above 0, the lower first")
        return self


class Tolerances(Part):
    """By how much a figure may differ from the known one and still agree with it.

    Parameters
    ----------
    residents, facilities, roads
        As a share of the known figure: 0.02 is 2 %. The defaults are ours.
    """

    residents: float = Field(default=0.02, ge=0, le=1)
    facilities: float = Field(default=0.0, ge=0, le=1)
    roads: float = Field(default=0.1, ge=0, le=1)


class ReconcileConfig(Part):
    """Figures that are known, to hold what was read against.

    Parameters
    ----------
    residents
        Residents of the whole county, by the census or a yearbook.
    facilities
        Kind -> how many there officially are.
    road_km
        Official length of the county's roads, km.
    source
        Where these figures are from; shown beside them.
    tolerance
        How far a figure may be from them.
    """

    residents: float | None = Field(default=None, gt=0)
    facilities: Mapping[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    road_km: float | None = Field(default=None, gt=0)
    source: str = ""
    tolerance: Tolerances = Tolerances()
