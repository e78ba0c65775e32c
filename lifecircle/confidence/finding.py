"""How sure the gaps are: settings drawn, each measured, and a verdict for every gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.confidence.completeness import FAR_M, THIN, completeness
from lifecircle.confidence.drawing import Ranges, draw_settings
from lifecircle.confidence.edge import edge_effect
from lifecircle.confidence.grounds import Ground, make_grounds
from lifecircle.confidence.joining import nearest_road
from lifecircle.confidence.sweeping import Found, Told, Tried, sweep
from lifecircle.confidence.varied import OWN, facility_sources, populations
from lifecircle.config import ConfidenceConfig
from lifecircle.errors import Fault, InputError
from lifecircle.kernels.graph import Bools, Floats
from lifecircle.measuring import Measurement
from lifecircle.standards import Standard
from lifecircle.tables.decisions import Confidence

PERSISTS: Final = 0.5
"""A gap persists in a setting if at least this share of its residents is still in a gap. Ours."""

UNMAPPED_M: Final = 200.0
"""Residents further than this from every mapped road live where none is mapped. Ours: in the demo
and in Las Palmas (100 m cells, both well mapped) nobody does, and 0.1 % live beyond 100 m."""

MOSTLY: Final = 0.5
"""A gap is a data gap if at least this share of its residents lives where no road is mapped."""


def gap_confidence(
    measured: Measurement,
    standard: Standard,
    gaps: gpd.GeoDataFrame,
    *,
    asked: ConfidenceConfig | None = None,
    told: Told | None = None,
) -> Confidence:
    """Find out how sure a county's gaps are, by a sweep over settings that nobody knows exactly.

    Walking speed, snap limit, source of residents and source of facilities are varied, as far as
    the county has several. A swept speed is that of a walker who is as much faster or slower
    everywhere: uphill, on steps, across country; vehicles keep their speed.

    Parameters
    ----------
    measured
        The county, as `lifecircle.measure` gives it.
    standard
        One of its ``standards``.
    gaps
        Its gaps by that standard, as `lifecircle.gaps` gives them.
    asked
        What to draw from; by default the county's own ``[confidence]``.
    told
        Told of each kind of facility as it begins: how many are done, and how many there are.

    Returns
    -------
    Confidence
        Everything of the first setting, 0, is the county's own.

    Raises
    ------
    InputError
        Faster walks are asked for than the area that was read allows; a source of residents is
        missing or wrong.

    Notes
    -----
    A gap *persists* in a setting if at least half (ours) of the residents of its area, by that
    setting's source, are still beyond the threshold; where nobody lives in it, it does not. It is
    *robust* if it persists in ``robust`` of all settings, else *sensitive*; and a *data gap*, no
    road being mapped, if at least half (ours) of its residents are off the network or live more
    than 200 m (ours) from every mapped road. A kind of which no facility is known at all
    (``facilities`` 0) lacks in every setting: that is robust only if there is none in fact.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import gaps, measure, read_config
    >>> from lifecircle.config import ConfidenceConfig
    >>> with warnings.catch_warnings(action="ignore"):  # it warns that no breakfast shop is mapped
    ...     county = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    >>> standard = county.standards[0]
    >>> lacking = gaps(county.cells, county.access, county.units, standard)
    >>> few = ConfidenceConfig(settings=3, speed_m_min=(60, 75))
    >>> gap_confidence(county, standard, lacking, asked=few).gaps["verdict"].iloc[0]
    'robust'
    """
    asked = measured.config.confidence if asked is None else asked
    speeds = _speeds(measured, standard, asked)
    homes, sources = populations(measured), facility_sources(measured)
    profile = measured.config.walk
    ranges = Ranges(
        profile.metres_per_minute,
        profile.snap_limit_m,
        speeds,
        asked.snap_limit_m,
        list(homes),
        list(sources),
    )
    settings = draw_settings(asked.settings, asked.seed, ranges)
    tried = Tried(
        settings["population"].to_numpy(dtype=object),
        settings["facilities"].to_numpy(dtype=object),
        settings["speed_m_min"].to_numpy() / profile.metres_per_minute,
        settings["snap_limit_m"].to_numpy(),
        sources,
        profile.metres_per_minute,
    )
    profiles = [network.profile for network in (measured.network, *measured.networks.values())]
    furthest = max(asked.snap_limit_m[1], *(one.furthest_m for one in profiles), 0.0)
    grounds = make_grounds(measured, standard, homes, gaps, furthest)
    found = sweep(grounds, tried, standard, gaps, told)
    own = [ground for ground in grounds if ground.population == OWN]
    share = _shares(found, standard)
    return Confidence(
        asked={**_ours(asked), **_tried(ranges, measured, sources)},
        settings=settings,
        gaps=_verdicts(found, gaps, measured, own, asked.robust),
        coverage=_over_settings(share, "share"),
        by_setting=_by_setting(share),
        edge=edge_effect(measured, standard, own),
        in_gaps=_over_settings(_lacking(found), "persons"),
        completeness=completeness(measured),
    )


def _speeds(
    measured: Measurement, standard: Standard, asked: ConfidenceConfig
) -> tuple[float, float]:
    """Give the range of speeds; what was read must hold the longest walk at the fastest."""
    profile, read = measured.config.walk, measured.reading
    if profile.vehicle:
        return profile.metres_per_minute, profile.metres_per_minute
    limits = [one.longest("minutes") for one in read.standards]
    swept = read.config.confidence
    own = read.config.walk.metres_per_minute
    swept_kph = swept.speeds(own)[1] * 0.06 if swept.settings else 0.0
    read_m = max(*limits, *read.config.isochrones.minutes, 0.0) * max(
        read.config.walk.fastest_kph, swept_kph
    )
    low, high = asked.speeds(profile.metres_per_minute)
    if standard.longest("minutes") * high * 0.06 > read_m * (1.0 + 1e-9):
        raise InputError(
            Fault(
                "[confidence] speed_m_min",
                f"at {high:g} m/min walks lead beyond the area that was read",
                "set [confidence] settings before measuring, or a lower speed",
            )
        )
    return low, high


def _shares(found: Found, standard: Standard) -> pd.DataFrame:
    """Give the share of residents covered: a row per requirement, a column per setting."""
    pairs = [(r.circle, r.kind) for r in standard.requirements]
    index = pd.MultiIndex.from_tuples(pairs, names=["circle", "kind"])
    total = np.where(found.judged > 0, found.judged, np.nan)
    share = pd.DataFrame(np.minimum(found.covered / total, 1.0), index)
    return share.dropna(how="all").sort_index()


def _by_setting(share: pd.DataFrame) -> pd.DataFrame:
    """Give the shares one under the other, setting by setting."""
    long = pd.concat({k: share[k] for k in share.columns}, names=["setting"])
    return pd.DataFrame({"share": long})


def _lacking(found: Found) -> pd.DataFrame:
    return pd.DataFrame(found.lacking).T.rename_axis("kind")


def _over_settings(values: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give what is in the county's own setting, and least, median and greatest of all."""
    return pd.DataFrame(
        {
            name: values[0] if len(values) else [],
            "low": values.min(axis=1),
            "median": values.median(axis=1),
            "high": values.max(axis=1),
        },
        index=values.index,
    )


def _verdicts(
    found: Found,
    gaps: gpd.GeoDataFrame,
    measured: Measurement,
    own: Sequence[Ground],
    robust: float,
) -> pd.DataFrame:
    """Judge every gap."""
    persists = found.still >= PERSISTS * found.people
    persists &= found.people > 0
    share = persists.mean(axis=1)
    unmapped = _unmapped(measured, own, len(gaps))
    verdict = np.where(share >= robust - 1e-12, "robust", "sensitive")
    known = measured.facilities["kind"].value_counts()
    return pd.DataFrame(
        {
            "verdict": np.where(unmapped >= MOSTLY, "no_road", verdict),
            "share": share,
            "unmapped_share": unmapped,
            "facilities": gaps["kind"].map(known).fillna(0).to_numpy(dtype=np.int64),
        },
        index=gaps.index,
    )


def _unmapped(measured: Measurement, own: Sequence[Ground], count: int) -> Floats:
    """Give the share of each gap's residents who live where no road is mapped."""
    far, people = np.zeros(count), np.zeros(count)
    for ground in own:
        limit = min(UNMAPPED_M, ground.streets.network.profile.furthest_m)
        cells = measured.cells.iloc[ground.rows]
        x, y = (cells[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
        off = nearest_road(measured.reading.network, x, y, limit).off_network
        for gap, cell in ground.members.values():
            weight = ground.persons[cell]
            people += np.bincount(gap, weight, minlength=count)
            far += np.bincount(gap, weight * off[cell], minlength=count)
    return np.divide(far, people, out=np.zeros(count), where=people > 0)


def _ours(asked: ConfidenceConfig) -> dict[str, Any]:
    """Record what was asked for, and this project's own choices."""
    return {
        "settings": asked.settings,
        "seed": asked.seed,
        "robust": asked.robust,
        "persists": PERSISTS,
        "unmapped_m": UNMAPPED_M,
        "far_from_road_m": FAR_M,
        "thin": THIN,
    }


def _tried(ranges: Ranges, measured: Measurement, sources: Mapping[str, Bools]) -> dict[str, Any]:
    """Record what was varied, and of which kinds the facilities."""
    every = [np.flatnonzero(~counted) for counted in sources.values()]
    kinds = measured.facilities["kind"].iloc[np.concatenate(every)]
    return {
        "own_speed_m_min": ranges.own_speed_m_min,
        "own_snap_limit_m": ranges.own_snap_limit_m,
        "speed_m_min": list(ranges.speed_m_min),
        "snap_limit_m": list(ranges.snap_limit_m),
        "populations": list(ranges.populations),
        "facilities": list(ranges.facilities),
        "facilities_varied": sorted(kinds.unique()),
    }
