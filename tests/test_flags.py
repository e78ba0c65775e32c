"""How surely a verdict is known: by hand, with thresholds of every flag."""

import geopandas as gpd
import numpy as np
import pandas as pd
from handmade import cells_at, units_of

from lifecircle.gap import gaps
from lifecircle.indicator import coverage
from lifecircle.record import undersized
from lifecircle.score import scores, unit_scores
from lifecircle.standards import StandardChanges, read_standard

CELLS = cells_at([(0, 0), (200, 0), (400, 0), (600, 0)], persons=[10.0, 20.0, 30.0, 40.0])


def standard():
    """Post within 5 min (confirmed) and retail within 5 min (unverified)."""
    return read_standard(
        StandardChanges.model_validate(
            {
                "replace": True,
                "circles": {
                    "town": {
                        "zh": "城",
                        "en": "Town",
                        "settings": ["urban"],
                        "flag": "ours",
                        "source": "test",
                    }
                },
                "requirements": [
                    {"circle": "town", "kinds": [kind], "minutes": 5, "flag": flag, "source": "t"}
                    for kind, flag in (("post", "confirmed"), ("retail", "unverified"))
                ],
                "gap_kinds": ["post", "retail"],
            }
        )
    )


def access(post, retail):
    index = pd.MultiIndex.from_product([["post", "retail"], range(4)]).swaplevel()
    index.names = ["cell_id", "kind"]
    minutes = np.array([*post, *retail], float)
    return pd.DataFrame({"seconds": minutes * 60.0, "facility_id": None}, index=index)


#           both reached, retail lacks, post lacks, both lack
MEASURED = access(post=[1, 1, 9, 9], retail=[1, 9, 1, 9])


def test_a_lack_is_as_sure_as_the_surest_threshold_missed():
    table = scores(CELLS, MEASURED, standard())
    assert table["complete"].tolist() == [True, False, False, False]
    # Complete: only as sure as the least sure. Lacking: the surest missed threshold is enough.
    assert table["flag"].tolist() == ["unverified", "unverified", "confirmed", "confirmed"]


def test_the_residents_whose_verdict_is_unverified():
    table = unit_scores(scores(CELLS, MEASURED, standard()), CELLS, units_of("a"))
    assert table.loc[("county", "town"), "unverified_share"] == 0.3  # 10 + 20 of 100
    assert table.loc[("a", "town"), "unverified_share"] == 0.3


def test_coverage_and_gaps_carry_the_flag():
    covered = coverage(CELLS, MEASURED, units_of("a"), standard())
    assert covered.loc[("county", "town", "post", "population"), "flag"] == "confirmed"
    assert covered.loc[("county", "town", "retail", "population"), "flag"] == "unverified"
    found = gaps(CELLS, MEASURED, units_of("a"), standard())
    assert found.groupby("kind")["flag"].unique().map(list).to_dict() == {
        "post": ["confirmed"],
        "retail": ["unverified"],
    }


def test_gaps_say_why_a_unit_comes_first():
    units = units_of("a", priority=2.0).assign(priority_reasons="易地搬迁集中安置社区")
    found = gaps(CELLS, MEASURED, units, standard())
    assert found["priority_reasons"].unique().tolist() == ["易地搬迁集中安置社区"]
    assert gaps(CELLS, MEASURED, units_of("a"), standard())["priority_reasons"].isna().all()


def test_facilities_smaller_than_the_standard_wants_are_told():
    places = gpd.GeoDataFrame(
        {"kind": ["health_station"] * 3, "floor_m2": [100.0, 130.0, None]},
        geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]),
        crs=4546,
    )
    (finding,) = undersized(places, read_standard("gb50180-2018"))
    assert finding == (
        "health_station: 1 of 2 facilities whose floor area is known measure less than 120 m2 "
        "(unverified); coverage counts them all the same"
    )
    assert undersized(places, read_standard()) == []
