"""How people were taken to move, in words: the same on every output, and nothing left unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecircle.config import CountyConfig, WalkConfig, WalkProfile, read_config
from lifecircle.config.profile import profiles
from lifecircle.render.walking_words import profile_words, walking_parts, walking_words
from lifecircle.standards import Lang

_DEMO = Path(__file__).parents[1] / "data" / "liechtenstein" / "county.toml"


def _county(**walk: Any) -> CountyConfig:
    county = read_config(_DEMO)
    return county.model_copy(update={"walk": WalkConfig.model_validate(walk)})


def _slope(share: float | None, *, given: bool = True) -> dict[str, Any]:
    return {"elevation": {"given": given, "counted": given, "known_share": share}}


def test_the_demo_without_elevation_says_so_in_both_languages() -> None:
    county = read_config(_DEMO)
    for run in (None, {}, _slope(None, given=False)):
        assert walking_words(county, run, "zh") == "成人步行，75 米/分钟；未提供高程，未计坡度"
        told = "adult on foot, 75 m/min; no elevation given, slope not counted"
        assert walking_words(county, run, "en") == told


def test_slope_that_counts_is_told_with_its_share_rounded_down() -> None:
    county = _county()
    assert walking_parts(county, _slope(0.98), "zh")[1] == "按高程计坡度（覆盖道路 98%）"
    assert "99%" in walking_words(county, _slope(0.9999), "en")
    assert "100%" in walking_words(county, _slope(1.0), "en")
    # A share in binary that falls short of its decimal by a hair is not rounded down once more.
    assert "29%" in walking_words(county, _slope(0.29), "en")


def test_a_wheelchair_names_what_it_cannot_use() -> None:
    wheelchair = _county(profile="wheelchair")
    assert walking_words(wheelchair, _slope(1.0), "zh") == (
        "轮椅，50 米/分钟；按高程计坡度（覆盖道路 100%）；"
        "禁行：台阶、陡于 1:12 的路段、标注轮椅不可通行的路段"
    )


def test_without_elevation_a_wheelchair_does_not_claim_to_shun_steep_ways() -> None:
    told = walking_words(_county(profile="wheelchair"), {}, "zh")
    assert "1:12" not in told
    assert "陡坡因坡度未计而未排除" in told
    told = walking_words(_county(profile="wheelchair"), {}, "en")
    assert "steep ways are not barred" in told


def test_a_setting_that_moves_otherwise_is_named_with_its_speed() -> None:
    county = _county(settings={"rural": "e-bike"})
    assert walking_parts(county, {}, "zh") == [
        "成人步行，75 米/分钟",
        "农村：电动自行车，15 公里/小时",
        "未提供高程，未计坡度",
        "电动自行车禁行：台阶",
    ]
    assert walking_parts(county, _slope(0.5), "en")[2] == (
        "slope counted by elevation (known for 50% of the roads), not for e-bike"
    )


def test_settings_of_one_profile_stand_together() -> None:
    county = _county(settings={"rural": "e-bike", "township": "e-bike"})
    assert walking_parts(county, {}, "zh")[1] == "乡镇、农村：电动自行车，15 公里/小时"


def test_homes_that_walk_across_country_are_told() -> None:
    county = _county(snap_limit_m=300, offroad_limit_m=2000, offroad_kph=3)
    told = walking_parts(county, {}, "zh")[-1]
    assert told == "距道路 300–2000 米的住处按 3 公里/小时直线走到道路"
    # A limit within the snap limit changes nothing, and nothing is said of it.
    assert len(walking_parts(_county(snap_limit_m=300, offroad_limit_m=200), {}, "zh")) == 2


def test_a_car_is_told_by_its_slowest_and_fastest_road() -> None:
    assert profile_words(WalkProfile(profile="car"), "zh") == "小汽车，按道路等级 10–50 公里/小时"
    told = walking_words(_county(profile="car"), _slope(1.0), "zh")
    assert "OSM 道路类型 footway、path 等 8 类" in told
    assert "；不计坡度；" in told


@pytest.mark.parametrize("name", list(profiles()))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_profile_can_be_told(name: str, lang: Lang) -> None:
    told = walking_words(_county(profile=name), _slope(0.5), lang)
    assert told.startswith(WalkProfile(profile=name).label(lang))
    assert "{" not in told
