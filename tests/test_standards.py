"""Standards: each value with clause and flag, one vocabulary, and what a county changed in it."""

import copy
import json
import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle import tables
from lifecircle.errors import ConfigError
from lifecircle.render.standards_text import (
    FLAG_WORDS,
    standard_text,
    standards_list,
    standards_table,
    width,
)
from lifecircle.standards import (
    SURENESS,
    Kind,
    Size,
    StandardChanges,
    clause,
    fold_word,
    read_standard,
    shared_kinds,
    standard_names,
    verdict_flag,
)

NAMES = ("gb50180-2018", "mofcom-15min", "shaoyang-2025", "tdt1063-2021")
FIRST_KINDS = [
    "post",
    "finance",
    "telecom",
    "supply_coop",
    "gas",
    "retail",
    "catering",
    "hair",
    "repair",
    "housekeeping",
    "express",
    "recycling",
    "farm_supplies",
    "community_centre",
    "clinic",
    "pharmacy",
    "elder_care",
    "nursery",
    "kindergarten",
    "school",
    "culture",
    "sport",
    "park",
    "toilets",
    "police",
    "fire_station",
    "shelter",
    "parking",
    "refuse",
]


def changed(**fields):
    return read_standard(StandardChanges.model_validate(fields))


def told(**fields):
    return [str(change) for change in changed(**fields).changes]


def faults(**fields):
    with pytest.raises(ConfigError) as caught:
        changed(**fields)
    return [str(fault) for fault in caught.value.faults]


def required(name, circle, kind):
    (found,) = [r for r in read_standard(name).for_circle(circle) if r.kind == kind]
    return found


class TestVocabulary:
    def test_no_word_belongs_to_two_kinds(self):
        owners = {}
        for key, kind in shared_kinds().items():
            for word in {fold_word(word) for word in (key, *kind.names())}:
                assert owners.setdefault(word, key) == key, word
        assert read_standard().words() == owners

    def test_no_kind_says_a_word_twice(self):
        for key, kind in shared_kinds().items():
            words = [fold_word(word) for word in kind.names()]
            assert len(set(words)) == len(words), key

    def test_looks_are_distinct(self):
        kinds = shared_kinds().values()
        assert len({kind.symbol for kind in kinds}) == len(kinds)
        assert len({kind.color for kind in kinds}) == len(kinds)

    def test_the_first_kinds_stay_first_and_their_own(self):
        assert list(shared_kinds())[: len(FIRST_KINDS)] == FIRST_KINDS
        assert all(not shared_kinds()[key].part_of for key in FIRST_KINDS)
        post = shared_kinds()["post"]
        assert (post.osm, post.color, post.symbol) == (("amenity=post_office",), "#1b7f5c", "邮")

    @pytest.mark.parametrize(
        ("word", "kind"),
        [
            ("村卫生室", "village_clinic"),
            ("社区卫生服务站", "health_station"),
            ("乡镇卫生院", "health_centre"),
            ("幸福院", "elder_day_care"),
            ("敬老院", "nursing_home"),
            ("农家书屋", "library"),
            ("综合性文化服务中心", "cultural_station"),
            ("村委会", "committee"),
            ("超市", "supermarket"),
            ("小卖部", "convenience_store"),
            ("农贸市场", "food_market"),
            ("信用社", "finance"),
            ("微型消防站", "micro_fire_station"),
            ("消防站", "fire_station"),
            ("社区服务中心（街道级）", "street_service_centre"),
            (" 社区 服务站 ", "service_station"),
            ("村级综合服务平台", "community_centre"),
            ("党群服务中心", "community_centre"),
            ("便民服务站", "service_station"),
            ("村部", "committee"),
            ("农商行", "finance"),
            ("惠农综合服务社", "supply_coop"),
            ("供销社", "supply_coop"),
            ("菜鸟驿站", "express"),
            ("长者食堂", "elder_care"),
            ("农家乐", "catering"),
            ("粉店", "catering"),
            ("村卫计室", "village_clinic"),
            ("芙蓉学校", "school"),
            ("文体广场", "sport"),
            ("警务室", "police_room"),
            ("派出所", "police"),
            ("POST  OFFICE", "post"),
            ("village_clinic", "village_clinic"),
        ],
    )
    def test_what_ledgers_call_it(self, word, kind):
        assert read_standard().words()[fold_word(word)] == kind

    @pytest.mark.parametrize(
        "word", ["幸福屋场", "美丽屋场", "红白理事会", "红白理事会场地", "儿童之家", "加油站"]
    )
    def test_what_names_no_service_is_left_to_the_county(self, word):
        assert fold_word(word) not in read_standard().words()

    @given(st.text())
    def test_folding_a_word_twice_changes_nothing(self, word):
        assert fold_word(fold_word(word)) == fold_word(word)

    def test_wider_kinds(self):
        standard = read_standard()
        assert standard.wider("convenience_store") == {"community_shop", "retail"}
        assert standard.wider("nine_year_school") == {"primary_school", "middle_school", "school"}
        assert standard.wider("post") == frozenset()
        assert standard.wider("hospital") == frozenset()
        with pytest.raises(KeyError):
            standard.wider("castle")

    def test_what_a_facility_serves(self):
        standard = read_standard()
        assert standard.serves("village_clinic") == ("clinic",)
        assert standard.serves("elder_day_care") == ("elder_day_care", "elder_care")
        assert standard.serves("post_parcels") == ("post", "express")
        assert standard.serves("hospital") == ()
        assert standard.serves("police_room") == ("police",)
        assert standard.serves("committee") == ()
        assert read_standard("mofcom-15min").serves("large_supermarket") == ("supermarket",)
        assert changed(exclude={"clinic": "x"}).serves("village_clinic") == ()

    def test_levels_do_not_contain_each_other(self):
        standard = read_standard("gb50180-2018")
        level = {}
        for r in standard.requirements:
            level.setdefault(r.kind, set()).add(r.circle)
        for kind in shared_kinds():
            for narrow in (kind, *standard.wider(kind)):
                for wide in standard.wider(narrow) & set(level):
                    assert level.get(narrow, level[wide]) == level[wide], (narrow, wide)


class TestFiles:
    def test_all_are_there(self):
        assert set(NAMES) <= set(standard_names())

    @pytest.mark.parametrize("name", NAMES)
    def test_every_value_has_flag_and_source(self, name):
        standard = read_standard(name)
        values = [*standard.requirements, *standard.circles.values(), standard.community]
        values += [*standard.priorities.values(), *standard.targets]
        values += [size for r in standard.requirements for size in (r.floor_m2, r.land_m2) if size]
        assert all(value.flag in SURENESS and value.source.strip() for value in values)
        assert standard.source
        assert standard.zh
        assert set(standard.gap_kinds) <= set(standard.required())
        assert set(standard.circles) == {r.circle for r in standard.requirements}
        assert standard.changes == ()

    @pytest.mark.parametrize("name", NAMES)
    def test_nothing_unverified_is_called_confirmed(self, name):
        standard = read_standard(name)
        for r in standard.requirements:
            if r.flag == "confirmed":
                assert not any(word in r.source for word in ("unverified", "recalled")), r

    @pytest.mark.parametrize(
        ("circle", "kind", "limit", "unit", "flag"),
        [
            ("life_10", "primary_school", 500, "metres", "confirmed"),
            ("life_15", "middle_school", 1000, "metres", "confirmed"),
            ("life_5", "kindergarten", 300, "metres", "confirmed"),
            ("life_15", "health_centre", 1000, "metres", "unverified"),
            ("life_5", "health_station", 300, "metres", "unverified"),
            ("life_5", "cultural_station", 500, "metres", "unverified"),
            ("life_15", "cultural_centre", 1000, "metres", "unverified"),
            ("life_15", "sport_large", 1000, "metres", "unverified"),
            ("life_10", "sport_medium", 500, "metres", "unverified"),
            ("life_5", "sport_small", 300, "metres", "unverified"),
            ("life_15", "shopping_mall", 500, "metres", "unverified"),
            ("life_10", "shopping_mall", 500, "metres", "unverified"),
            ("life_10", "food_supply", 500, "metres", "unverified"),
            ("life_15", "post", 15, "minutes", "unverified"),
            ("life_10", "finance", 10, "minutes", "unverified"),
            ("life_5", "toilets", 5, "minutes", "unverified"),
        ],
    )
    def test_gb50180_radii(self, circle, kind, limit, unit, flag):
        r = required("gb50180-2018", circle, kind)
        assert (r.limit, r.unit, r.flag) == (limit, unit, flag)

    def test_gb50180_confirms_three_values_and_not_one_more(self):
        standard = read_standard("gb50180-2018")
        sure = {r.kind for r in standard.requirements if r.flag != "unverified"}
        assert sure == {"primary_school", "middle_school", "kindergarten"}
        assert {c.settings for c in standard.circles.values()} == {("urban",)}

    @pytest.mark.parametrize(
        ("circle", "kind", "field", "minimum", "maximum"),
        [
            ("life_5", "elder_day_care", "floor_m2", 350, 750),
            ("life_15", "nursing_home", "floor_m2", 3500, 17500),
            ("life_15", "street_service_centre", "floor_m2", 700, 1500),
            ("life_5", "service_station", "floor_m2", 600, 1000),
            ("life_10", "food_supply", "floor_m2", 750, 2500),
            ("life_5", "fitness_ground", "land_m2", 150, 750),
            ("life_10", "sport_medium", "land_m2", 1310, 2460),
            ("life_5", "toilets", "floor_m2", 30, 80),
            ("life_5", "recycling", "land_m2", 6, 10),
        ],
    )
    def test_gb50180_sizes(self, circle, kind, field, minimum, maximum):
        size = getattr(required("gb50180-2018", circle, kind), field)
        assert (size.minimum, size.maximum, size.flag) == (minimum, maximum, "unverified")

    def test_tdt1063(self):
        standard = read_standard("tdt1063-2021")
        limits = {r.kind: r.limit for r in standard.requirements}
        assert limits == {
            "elder_care": 5,
            "park": 5,
            "primary_school": 10,
            "food_supply": 10,
            "clinic": 15,
            "middle_school": 15,
            "culture": 15,
            "sport": 15,
            "football_pitch": 15,
        }
        assert {(r.unit, r.flag) for r in standard.requirements} == {("minutes", "secondary")}

    def test_mofcom(self):
        standard = read_standard("mofcom-15min")
        sure = {r.kind: r.limit for r in standard.requirements if r.flag == "confirmed"}
        eight = dict.fromkeys(("fast_food", "pharmacy", "laundry", "hair", "food_market"), 8)
        assert sure == {"convenience_store": 5, **eight}
        assert required("mofcom-15min", "convenience_15", "supermarket").flag == "ours"
        assert required("mofcom-15min", "convenience_15", "recycling").flag == "unverified"
        assert required("mofcom-15min", "convenience_15", "breakfast").flag == "ours"

    @pytest.mark.parametrize(
        ("kind", "clause"),
        [
            ("community_centre", "[3], [4]"),
            ("clinic", "box 5, action 8"),
            ("culture", "box 5, action 10"),
            ("toilets", "[4]"),
            ("police", "box 5, action 13"),
            ("elder_day_care", "box 5, action 3"),
            ("family_youth", "box 5, action 5"),
            ("employment_service", "box 5, action 7"),
            ("science_popularisation", "box 5, action 12"),
            ("legal_aid", "box 5, action 15"),
            ("shelter", "[13], box 5, action 16"),
            ("volunteer_station", "box 1, action 2"),
        ],
    )
    def test_each_service_has_its_own_clause(self, kind, clause):
        for circle in ("urban_life_15", "township_convenience"):
            found = [r for r in read_standard().for_circle(circle) if r.kind == kind]
            assert all(r.source.startswith(f"service: plan {clause}; ") for r in found)

    def test_every_service_that_the_plan_names_is_a_kind(self):
        named = """邮政 金融 电信 供销 燃气 电力 供水 广播电视 养老 托育
            维修 家政 餐饮 零售 美容美发
            物流配送 快递 再生资源回收 农产品收购 农资供应 社区综合服务设施 政务自助 村卫生室
            社区卫生服务站 社区卫生服务中心 日间照料 街道综合性养老机构 家长学校 青年之家 康复
            就业服务站 老年大学 综合性文化服务中心 健身场地 多功能运动场 智慧健身房 科普 警务室
            法律服务 应急避难场所 公园 广场 微型消防站 志愿服务站点 社工站 社会工作室 停车场
            垃圾处理 公共厕所 公益性殡葬 人民调解"""
        words = read_standard().words()
        assert [name for name in named.split() if fold_word(name) not in words] == []

    def test_shaoyang(self):
        standard = read_standard()
        assert {r.limit for r in standard.for_circle("urban_life_15")} == {15}
        rural = standard.for_circle("township_convenience")
        assert {(r.limit, r.flag) for r in rural} == {(30, "unverified")}
        assert required("shaoyang-2025", "fitness_15", "sport").flag == "confirmed"
        urban = {r.kind for r in standard.for_circle("urban_life_15")}
        assert {"power", "water", "broadcasting", "elder_day_care", "legal_aid"} <= urban
        # Named with a number for the city, or as tasks: the scorecard's, not the circle's.
        assert not {"senior_university", "social_work", "funeral"} & set(standard.required())
        assert standard.priorities["resettlement"].weight == 2.0
        assert {p.flag for p in standard.priorities.values()} == {"ours"}
        assert all(key in tables.UNITS.columns for key in standard.priorities)


class TestVerdict:
    @pytest.mark.parametrize(
        ("passed", "met", "failed", "flag"),
        [
            (True, ["confirmed"], [], "confirmed"),
            (True, ["confirmed", "secondary"], [], "secondary"),
            (True, ["ours", "secondary"], [], "ours"),
            (True, ["unverified", "confirmed", "ours"], [], "unverified"),
            (False, [], ["unverified"], "unverified"),
            (False, ["confirmed"], ["unverified"], "unverified"),
            (False, ["unverified"], ["confirmed"], "confirmed"),
            (False, [], ["unverified", "ours"], "ours"),
            (False, [], ["ours", "secondary", "unverified"], "secondary"),
        ],
    )
    def test_by_hand(self, passed, met, failed, flag):
        assert verdict_flag(passed, met, failed) == flag

    @pytest.mark.parametrize(
        ("passed", "met", "failed"),
        [(True, [], []), (False, ["ours"], []), (True, ["ours"], ["ours"])],
    )
    def test_a_verdict_needs_what_it_says(self, passed, met, failed):
        with pytest.raises(ValueError, match="requirement"):
            verdict_flag(passed, met, failed)

    def test_one_order_of_sureness(self):
        assert SURENESS == tables.FLAGS
        assert set(FLAG_WORDS) == set(SURENESS)

    flags = st.lists(st.sampled_from(SURENESS), min_size=1)

    @given(flags, flags)
    def test_more_thresholds_make_a_pass_less_sure_and_a_fail_surer(self, some, more):
        rank = SURENESS.index
        both = [*some, *more]
        assert rank(verdict_flag(True, both, [])) >= rank(verdict_flag(True, some, []))
        assert rank(verdict_flag(False, [], both)) <= rank(verdict_flag(False, [], some))


class TestChanges:
    def test_a_threshold(self):
        asked = [{"circle": "urban_life_15", "kinds": ["post", "mediation"], "minutes": 10}]
        assert told(requirements=asked) == [
            "urban_life_15 / post: 15 min -> 10 min",
            "urban_life_15 / mediation: not required -> 10 min",
        ]
        (post, _) = changed(requirements=asked).changes
        assert post.label("zh") == "城市社区15分钟生活圈 / 邮政：15 分钟 → 10 分钟"
        assert post.label("en") == str(post)
        assert (post.before, post.after) == ("15 min", "10 min")
        r = changed(requirements=asked).for_circle("urban_life_15")[0]
        assert (r.flag, r.source) == ("ours", "the county's own file")

    def test_metres_weight_and_size(self):
        asked = {"circle": "urban_life_15", "kinds": ["post"], "metres": 800, "weight": 2}
        asked["floor_m2"] = {"minimum": 60}
        assert told(requirements=[asked]) == [
            "urban_life_15 / post: 15 min -> 800 m",
            "urban_life_15 / post, weight: 1 -> 2",
            "urban_life_15 / post, floor: none -> >= 60 m2",
        ]

    def test_what_an_override_leaves_unsaid_stays(self):
        asked = {"circle": "life_5", "kinds": ["health_station"], "metres": 300, "weight": 3}
        standard = changed(base="gb50180-2018", requirements=[asked])
        (r,) = [r for r in standard.for_circle("life_5") if r.kind == "health_station"]
        assert (r.weight, r.flag, r.floor_m2.minimum) == (3, "unverified", 120)
        assert [*map(str, standard.changes)] == ["life_5 / health_station, weight: 1 -> 3"]

    def test_only_the_source(self):
        asked = {"circle": "fitness_15", "kinds": ["sport"], "minutes": 15, "flag": "secondary"}
        (one,) = told(requirements=[{**asked, "source": "our decree"}])
        assert one == (
            "fitness_15 / sport, source: confirmed (plan box 5, action 11: 15 minutes on foot)"
            " -> secondary (our decree)"
        )

    def test_kinds_tags_and_words(self):
        own = {"post": {"osm": ["amenity=post_office", "shop=outpost"], "words": ["邮快驿站"]}}
        own["market"] = {"zh": "农贸市场", "en": "Market"}
        (tags, words, new) = told(kinds=own)
        assert tags == (
            "kind post, OSM tags: amenity=post_office -> amenity=post_office, shop=outpost"
        )
        assert words.endswith("post office, 邮快驿站")
        assert new == "kind market: none -> Market (农贸市场)"

    def test_words_are_added_unless_they_replace(self):
        kinds = {"clinic": {"words": ["健康小屋", "诊所"]}}
        words = changed(kinds=kinds).known["clinic"].words
        assert words == (*shared_kinds()["clinic"].words, "健康小屋")
        kinds["clinic"]["words_replace"] = True
        standard = changed(kinds=kinds)
        assert standard.known["clinic"].words == ("健康小屋", "诊所")
        assert "卫生所" not in standard.words()

    def test_a_countys_word_is_taken_from_the_shared_kind(self):
        standard = changed(kinds={"village_clinic": {"words": ["卫生所"]}})
        assert read_standard().words()["卫生所"] == "clinic"
        assert standard.words()["卫生所"] == "village_clinic"
        assert standard.own_words == {"卫生所": "village_clinic"}
        own = changed(kinds={"market": {"zh": "农贸市场", "en": "Market"}})
        assert own.words()["农贸市场"] == "market"

    def test_a_hospital_may_count_as_a_clinic(self):
        standard = changed(kinds={"hospital": {"part_of": ["clinic"]}})
        assert standard.serves("hospital") == ("clinic",)
        assert [*map(str, standard.changes)] == [
            "kind hospital, also counts for: none -> clinic",
        ]

    def test_circles_and_replacing_all(self):
        circle = {"zh": "近", "en": "Near", "settings": ["urban"], "flag": "ours", "source": "x"}
        asked = [{"circle": "near", "kinds": ["post", "gas"], "minutes": 5}]
        own = {"circles": {"near": circle}, "requirements": asked, "replace": True}
        assert told(base="tdt1063-2021", **own) == [
            "circle walk_5: 2 services -> not required",
            "circle walk_10: 2 services -> not required",
            "circle walk_15: 5 services -> not required",
            "circle near: none -> post 5 min, gas 5 min",
            "gaps of: elder_care, park, primary_school, food_supply, clinic -> none",
        ]
        wide = {**read_standard().circles["fitness_15"].model_dump(), "settings": ["township"]}
        assert told(circles={"fitness_15": wide}) == [
            "circle fitness_15, settings: urban -> township"
        ]

    def test_exclusions_gaps_share_and_priorities(self):
        assert told(
            exclude={"gas": "piped", "water": "piped", "hair": "none", "funeral": "elsewhere"},
            gap_kinds=["post"],
            community_share=0.9,
            priorities={"resettlement": 3, "old_quarter": 1.5, "has_5g": 1.2, "mediation": 1},
        ) == [
            "kinds gas, water: judged -> excluded: piped",
            "kind hair: judged -> excluded: none",
            "gaps of: post, retail, clinic -> post",
            "share of residents that makes a community covered: 0.8 -> 0.9",
            "priority of resettlement: 2 -> 3",
            "priority of has_5g: 1 -> 1.2",
        ]

    def test_a_class_that_no_ledger_tells_of_and_a_gap_without_a_threshold(self):
        with pytest.raises(ConfigError) as caught:
            changed(priorities={"flood_prone": 5}, gap_kinds=["post", "hospital"])
        assert [fault.what for fault in caught.value.faults] == [
            "'flood_prone' is no class that communities report",
            "no requirement says how near 'hospital' should be",
        ]

    def test_what_is_not_judged_is_no_target_either(self):
        standard = changed(exclude={"elder_day_care": "city runs it", "community_centre": "none"})
        targets = {target.key: target for target in standard.targets}
        reasons = {key: target.exclude for key, target in targets.items() if target.exclude}
        assert reasons == {
            "centre_urban": "none",
            "centre_rural": "none",
            "day_care_urban": "city runs it",
        }
        assert "target day_care_urban, excluded: none -> city runs it" in standard.changes

    def test_a_target_says_the_threshold_in_force_and_whose_it_is(self):
        own = {"circle": "urban_life_15", "kinds": ["community_centre"], "minutes": 20}
        before, after = (
            {target.key: target for target in standard.targets}["centre_urban"]
            for standard in (read_standard(), changed(requirements=[own]))
        )
        assert "居民在15分钟内走到" in before.note_zh
        assert before.flag == "confirmed"
        assert "居民在20分钟内走到" in after.note_zh
        assert (after.flag, after.source.partition(";")[0]) == ("ours", "the county's own file")
        assert told(requirements=[own]) == ["urban_life_15 / community_centre: 15 min -> 20 min"]
        standard = changed(priorities={"resettlement": 3, "old_quarter": 1.5})
        assert standard.priorities["resettlement"].source == "the county's own file"
        assert "plan" in standard.priorities["old_quarter"].source

    def test_targets(self):
        assert told(targets={"centre_area": {"value": 50}}) == [
            "target centre_area, value: 43 -> 50"
        ]
        assert told(targets={"centre_area": {"exclude": "no ledger yet"}}) == [
            "target centre_area, excluded: none -> no ledger yet"
        ]

    def test_a_change_is_text_and_a_record(self):
        (change,) = changed(community_share=0.5).changes
        assert json.loads(json.dumps([change])) == [str(change)]
        for other in (pickle.loads(pickle.dumps(change)), copy.deepcopy(change)):  # noqa: S301
            assert (other, other.after_zh) == (change, "0.5")
        with pytest.raises(AttributeError):
            change.after = "1"
        record = changed(community_share=0.5).model_dump(mode="json")["changes"]
        assert record[0]["before"] == "0.8"

    @settings(deadline=None, max_examples=40)
    @given(
        limits=st.lists(st.sampled_from([5.0, 10.0, 15.0, 30.0]), min_size=1, max_size=8),
        weights=st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=8, max_size=8),
        share=st.sampled_from([0.5, 0.8, 1.0]),
        weight=st.floats(1, 9),
    )
    def test_an_override_and_its_inverse_are_no_change(self, limits, weights, share, weight):
        base = read_standard()
        before = base.for_circle("urban_life_15")[: len(limits)]

        def own(limits, weights, share, weight):
            asked = [
                {"circle": r.circle, "kinds": [r.kind], "minutes": limit, "weight": w}
                for r, limit, w in zip(before, limits, weights, strict=False)
            ]
            return {
                "requirements": asked,
                "community_share": share,
                "priorities": {"old_quarter": weight},
            }

        there = changed(**own(limits, weights, share, weight))
        moved = sum(limit != 15.0 for limit in limits) + (share != 0.8) + (weight != 1.5)
        moved += sum(w != 1.0 for w in weights[: len(limits)])
        assert len(there.changes) == moved
        back = changed(**own([15.0] * len(limits), [1.0] * len(limits), 0.8, 1.5))
        assert back.changes == ()
        assert back == base

    @pytest.mark.parametrize("name", NAMES)
    def test_the_standard_itself_as_an_override_is_no_change(self, name):
        base = read_standard(name)
        asked = [
            {
                "circle": r.circle,
                "kinds": [r.kind],
                r.unit: r.limit,
                **r.model_dump(exclude={"circle", "kind", "limit", "unit"}),
            }
            for r in base.requirements
        ]
        own = {
            "circles": {key: circle.model_dump() for key, circle in base.circles.items()},
            "kinds": {key: kind.model_dump() for key, kind in base.known.items()},
            "gap_kinds": base.gap_kinds,
        }
        for replace in (False, True):
            again = changed(base=name, requirements=asked, replace=replace, **own)
            assert again == base

    def test_the_same_county_by_another_standard(self):
        own = StandardChanges.model_validate(
            {
                "kinds": {"clinic": {"words": ["健康小屋"]}},
                "circles": {"near": {**read_standard().circles["fitness_15"].model_dump()}},
                "requirements": [{"circle": "near", "kinds": ["post"], "minutes": 5}],
                "exclude": {"finance": "none"},
                "gap_kinds": ["post"],
                "community_share": 0.7,
                "priorities": {"old_quarter": 2},
                "targets": {"centre_area": {"value": 50}},
                "replace": True,
            }
        )
        assert own.on("shaoyang-2025") == own
        other = own.on("gb50180-2018")
        kept = {"base", "kinds", "exclude", "community_share", "priorities"}
        assert other.model_fields_set == kept
        assert other == StandardChanges(
            base="gb50180-2018",
            **{name: getattr(own, name) for name in kept - {"base"}},
        )
        standard = read_standard(other)
        assert "finance" not in standard.required()
        assert standard.words()["健康小屋"] == "clinic"
        for name in NAMES:
            assert read_standard(own.on(name)).key == name


class TestFaults:
    def test_all_faults_at_once(self):
        found = faults(
            kinds={"post": {"colour": "red"}, "shop_x": {"zh": "店"}},
            requirements=[
                {"circle": "nowhere", "kinds": ["castle", "shop_x"], "minutes": 5},
                {"circle": "nowhere", "kinds": ["castle"], "minutes": 6},
            ],
            exclude={"moat": "dry"},
            gap_kinds=["tower"],
            targets={"centre_area": {"value": -1}},
        )
        wanted = [
            "[standard.kinds.post]: colour",
            "[standard.kinds.shop_x]: en",
            "circle 'nowhere' requires 'castle' twice",
            "unknown circle 'nowhere'",
            "requirement names unknown kind 'castle'",
            "exclude: unknown kind 'moat'",
            "gap_kinds: unknown kind 'tower'",
            "[standard.targets.centre_area]: value",
        ]
        assert [sum(text in fault for fault in found) for text in wanted] == [1] * len(wanted)
        assert len(found) == len(wanted)

    def test_families(self):
        (ring,) = faults(kinds={"retail": {"part_of": ["convenience_store"]}})
        assert "retail" in ring
        assert "part_of runs in a circle" in ring
        (unknown,) = faults(kinds={"post": {"part_of": ["castle"]}})
        assert "unknown kind 'castle'" in unknown
        (itself,) = faults(kinds={"post": {"part_of": ["post"]}})
        assert "post -> post" in itself

    def test_words(self):
        (key,) = faults(kinds={"clinic": {"words": ["ＰＯＳＴ"]}})
        assert "'post' already means 'post'" in key
        (twice,) = faults(kinds={"clinic": {"words": ["小屋"]}, "library": {"words": ["小 屋"]}})
        assert "'小屋' already means 'clinic'" in twice
        (blank,) = faults(kinds={"clinic": {"words": [" "]}})
        assert "blank" in blank
        (flag,) = faults(kinds={"clinic": {"words_replace": "yes"}})
        assert "words_replace" in flag
        (text,) = faults(kinds={"clinic": {"words": "小屋"}})
        assert "words" in text

    def test_sizes_and_weights(self):
        for size in ({}, {"minimum": 5, "maximum": 4}, {"minimum": float("nan")}):
            with pytest.raises(ValueError, match=r"minimum|finite"):
                Size.model_validate(size)
        with pytest.raises(ValueError, match="greater than or equal to 1"):
            StandardChanges.model_validate({"priorities": {"resettlement": 0.5}})

    def test_an_unknown_standard(self):
        with pytest.raises(ConfigError, match="unknown standard 'gb-9999'"):
            read_standard("gb-9999")

    def test_nothing_left(self):
        everything = dict.fromkeys(read_standard("tdt1063-2021").required(), "none")
        (fault,) = faults(base="tdt1063-2021", exclude=everything)
        assert "no requirement is left" in fault


class TestText:
    def test_the_table(self):
        table = standards_table()
        assert set(NAMES) <= set(table.index)
        assert (table[list(SURENESS)].sum(axis=1).round(9) == 1.0).all()
        # 26 thresholds, 3 of them confirmed, and 17 sizes, none of them sure.
        assert table.loc["gb50180-2018", "requirements"] == 26
        assert table.loc["gb50180-2018", "confirmed"] == pytest.approx(3 / 43)
        assert all(name in standards_list() for name in NAMES)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_it_shows_every_value_with_its_source(self, name, lang):
        standard = read_standard(name)
        text = standard_text(standard, lang)
        assert text.endswith("\n")
        for r in standard.requirements:
            assert f"({r.kind})" in text
            assert clause(r.source, lang) in text
        for target in standard.targets:
            assert target.label(lang) in text
        for note in standard.notes:
            assert note.label(lang) in text
        used = {r.flag for r in standard.requirements}
        assert all(FLAG_WORDS[flag][lang == "en"] in text for flag in used)

    def test_columns_are_straight_in_chinese(self):
        lines = standard_text(read_standard("gb50180-2018"), "zh").splitlines()
        start = lines.index("五分钟生活圈居住区 [life_5]") + 2
        table = lines[start : start + 11]
        column = width(table[0][: table[0].index("阈值")])
        for line, limit in zip(table[1:], ["300 米"] * 3 + ["500 米"], strict=False):
            assert width(line[: line.index(limit)]) == column

    @pytest.mark.parametrize(
        ("lang", "lines"),
        [
            (
                "zh",
                [
                    "100% 的社区（村）：≥ 43 平方米/百户",
                    "100% 的社区（村）：≥ 60% 占设施面积比例",
                    "80% 的村（含乡镇驻地）：有",
                    "全市合计：≥ 150 个",
                    "100% 的城市社区：≥ 80% 的居民步行可达",
                    "100% 的设施：≤ 50 米",
                    "约3个",
                ],
            ),
            (
                "en",
                [
                    "100% of communities: ≥ 43 m2 per 100 households",
                    "the city: ≥ 150 rooms",
                    "100% of urban communities: ≥ 80% of residents reach all",
                    "each county: ≥ 18 workers per 10 000 residents",
                ],
            ),
        ],
    )
    def test_targets_say_who_has_to_reach_what(self, lang, lines):
        text = standard_text(read_standard(), lang)
        assert [line for line in lines if line not in text] == []

    def test_what_the_county_changed(self):
        standard = changed(
            community_share=0.7,
            exclude={"gas": "管道燃气"},
            targets={"centre_area": {"exclude": "台账未建"}},
        )
        text = standard_text(standard, "zh")
        assert "本县对标准的调整" in text
        assert "社区达标的居民比例：0.8 → 0.7" in text
        assert "燃气 (gas): 管道燃气" in text
        assert "不评价: 台账未建" in text

    def test_width(self):
        assert width("a邮（e\u0301") == 6


def test_kind_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        shared_kinds()["post"].zh = "局"
    assert Kind(zh="a", en="b").names() == ("a", "b")


def test_every_source_of_the_standards_is_told_in_chinese():
    for name in standard_names():
        standard = read_standard(name)
        told = [r.source for r in standard.requirements]
        sizes = [size for r in standard.requirements for size in (r.floor_m2, r.land_m2) if size]
        told += [size.source for size in sizes]
        told += [circle.source for circle in standard.circles.values()]
        told += [priority.source for priority in standard.priorities.values()]
        told += [target.source for target in standard.targets]
        for text in [*told, standard.community.source, standard.source]:
            assert not re.search("[a-z]{2}|: |; |, ", clause(text)), text
            assert clause(text, "en") == text
    assert clause("the county's own file; plan goals") == "本县文件；方案目标表"
    assert clause("县政府常务会议 2025-3") == "县政府常务会议 2025-3"
