"""What the county's edge does: facilities beyond it, and residents for whom they decide."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.confidence.grounds import Ground
from lifecircle.confidence.sweeping import CLOSE, threshold, walks, with_way
from lifecircle.confidence.varied import from_osm
from lifecircle.config import WalkProfile
from lifecircle.indicator import within
from lifecircle.kernels.graph import Bools
from lifecircle.measuring import Measurement
from lifecircle.standards import Requirement, Standard
from lifecircle.tables import by_kind


def edge_effect(
    measured: Measurement, standard: Standard, grounds: Sequence[Ground]
) -> pd.DataFrame:
    """Measure what is owed to facilities beyond the county's boundary, in its own setting.

    Parameters
    ----------
    measured
        The county.
    standard
        Thresholds.
    grounds
        Its residents by its own source.

    Returns
    -------
    DataFrame
        Index (circle, kind):

        - ``limit``, ``limit_unit``; ``persons`` judged;
        - ``outside_facilities`` that are known beyond the boundary, and ``outside_known``: whether
          that is all there is, as far as OSM knows. False where neither a facility of the kind was
          read outside, nor OSM knows the kind and was read beyond the boundary: facilities outside
          are then not known, and coverage near the boundary may be too low;
        - ``nearest_outside``: residents whose nearest facility lies outside;
        - ``share`` of residents covered, ``cut_share`` if nothing outside were known;
        - ``rim_persons``: residents who live within a threshold's walk of the boundary, straight
          and on the level; ``rim_decided``: residents whom facilities outside alone cover;
          ``rim_lacking``: those at the rim who are not covered: a facility outside that nobody
          knows might serve them.
    """
    boundary = gpd.GeoSeries([measured.reading.boundary], crs=4326).to_crs(measured.network.crs)
    edge = _Edge(measured, grounds, boundary.iloc[0])
    rows = [edge.row(r, standard.circles[r.circle].settings) for r in standard.requirements]
    table = pd.DataFrame(rows).set_index(["circle", "kind"])
    return table[table["persons"] > 0].sort_index()


class _Edge:
    """A county with its boundary."""

    def __init__(
        self, measured: Measurement, grounds: Sequence[Ground], county: shapely.Geometry
    ) -> None:
        self._measured, self._grounds = measured, grounds
        facilities, self._cells = measured.facilities, measured.cells
        self._inside = np.asarray(facilities.geometry.intersects(county), dtype=np.bool_)
        self._kind = facilities["kind"].to_numpy(dtype=object)
        self._persons = self._cells["persons"].to_numpy(dtype=np.float64)
        self._setting = self._cells["setting"].to_numpy(dtype=object)
        self._homes = shapely.points(self._cells[["x", "y"]].to_numpy(dtype=np.float64))
        self._rim = shapely.boundary(county)
        shapely.prepare(self._rim)
        self._at_rim: dict[float, Bools] = {}

    def row(self, r: Requirement, settings: Sequence[str]) -> dict[str, object]:
        """Give the row of one requirement."""
        measured, cells = self._measured, self._cells
        beyond = (self._kind == r.kind) & ~self._inside
        meant = np.isin(self._setting, settings)
        near = within(measured.access, cells, r)
        nearest = by_kind(measured.access, "facility_id", cells.index)[r.kind]
        outside = pd.Series(nearest).isin(measured.facilities.index[beyond]).to_numpy()
        decided = self._decided(r, near) if beyond.any() else np.zeros(len(cells), np.bool_)
        at_rim = self._rims(r)

        def persons(some: Bools) -> float:
            return float(self._persons.sum(where=meant & some))

        total = persons(meant)
        covered, lost = persons(near), persons(decided)
        return {
            "circle": r.circle,
            "kind": r.kind,
            "limit": r.limit,
            "limit_unit": r.unit,
            "persons": total,
            "outside_facilities": int(beyond.sum()),
            "outside_known": bool(beyond.any()) or self._mapped(r.kind),
            "nearest_outside": persons(outside),
            "share": min(covered / total, 1.0) if total else np.nan,
            "cut_share": min((covered - lost) / total, 1.0) if total else np.nan,
            "rim_persons": persons(at_rim),
            "rim_decided": lost,
            "rim_lacking": persons(at_rim & ~near),
        }

    def _mapped(self, kind: str) -> bool:
        """Tell whether OSM was read beyond the boundary, and knows the kind."""
        osm = from_osm(self._measured.facilities)
        return bool((osm & ~self._inside).any() and (osm & (self._kind == kind)).any())

    def _decided(self, r: Requirement, near: Bools) -> Bools:
        """Tell whom nothing but facilities outside covers."""
        limit = threshold(r) + CLOSE
        cut = np.full(len(near), np.inf)
        for ground in self._grounds:
            at = ground.streets.network.profile.snap_limit_m
            inside = ground.served.counting(r.kind, self._inside)
            walk = walks(ground, ground.served.joined.at(at), inside, r.unit, limit)
            cut[ground.rows] = with_way(ground, walk, ground.joined.at(at), r.unit)
        return near & (cut > limit)

    def _rims(self, r: Requirement) -> Bools:
        """Tell who lives within a threshold's walk of the boundary, straight."""
        found = np.zeros(len(self._homes), np.bool_)
        for ground in self._grounds:
            profile = ground.streets.network.profile
            far = r.limit if r.unit == "metres" else r.limit * _fastest_m_min(profile)
            if far not in self._at_rim:
                self._at_rim[far] = np.asarray(shapely.dwithin(self._rim, self._homes, far))
            found[ground.rows] = self._at_rim[far][ground.rows]
        return found


def _fastest_m_min(profile: WalkProfile) -> float:
    return max(profile.speed_kph, *profile.speeds_kph.values(), 0.0) * 1000.0 / 60.0
