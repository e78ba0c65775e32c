"""How people were taken to move, in words: profile, speed, slope, what is barred; on every output.

The one place where an output takes it from: map, workbook, report, figures and layers say the same.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from lifecircle.config import CountyConfig, WalkConfig, WalkProfile
from lifecircle.standards import Lang
from lifecircle.tables import SETTINGS

_RIDDEN: Final[Mapping[Lang, tuple[tuple[str, str], ...]]] = {
    "zh": (("步行不可达", "不可达"), ("平均步行", "平均用时"), ("走到", "到达"), ("步行", "出行")),
    "en": ((" on foot", ""), ("[Ww]alking", "travel"), ("Walk", "Trip"), ("walk", "trip")),
}
_CLASSES_NAMED: Final = 2  # of barred classes of road, when there are many


def walking_words(config: CountyConfig, run: Mapping[str, Any] | None, lang: Lang) -> str:
    """Say how people were taken to move, in one line.

    Parameters
    ----------
    config
        The county; its ``walk`` is the profile that was measured.
    run
        What run.json holds; its ``elevation`` tells whether slope counted. Where it is missing, the
        county's file tells whether elevations were given.
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        `walking_parts`, joined.

    Examples
    --------
    >>> from lifecircle.config import read_config
    >>> county = read_config("data/liechtenstein/county.toml")
    >>> walking_words(county, {}, "zh")
    '成人步行，75 米/分钟；未提供高程，未计坡度'
    >>> sloped = {"elevation": {"given": True, "counted": True, "known_share": 0.98}}
    >>> walking_words(county, sloped, "en")
    'adult on foot, 75 m/min; slope counted by elevation (known for 98% of the roads)'
    """
    return _words(lang)["semicolon"].join(walking_parts(config, run, lang))


def walking_parts(config: CountyConfig, run: Mapping[str, Any] | None, lang: Lang) -> list[str]:
    """Say how people were taken to move, point by point, as far as there is something to say.

    Parameters
    ----------
    config, run, lang
        As for `walking_words`.

    Returns
    -------
    list of str
        Profile and speed, then those of single settings; whether slope counted; what is barred, per
        profile; homes that walk to their road across country.
    """
    return _parts(config.walk, run, lang, given=config.elevation is not None)


def walking_of(run: Mapping[str, Any], lang: Lang) -> str:
    """Say how people were taken to move in a finished run.

    Parameters
    ----------
    run
        What its run.json holds.
    lang
        ``"zh"`` or ``"en"``.

    Examples
    --------
    >>> walking_of({"config": {"walk": {"profile": "elderly"}}}, "zh")
    '老年人步行，60 米/分钟；未提供高程，未计坡度'
    """
    told = (run.get("config") or {}).get("walk") or {}
    known = {name: value for name, value in told.items() if name in WalkConfig.model_fields}
    walk = WalkConfig.model_validate(known)
    return _words(lang)["semicolon"].join(_parts(walk, run, lang, given=False))


def _parts(own: WalkConfig, run: Mapping[str, Any] | None, lang: Lang, *, given: bool) -> list[str]:
    settings = {name: own.in_setting(name) for name in SETTINGS if name in own.settings}
    everyone = {one.profile: one for one in (own, *settings.values())}
    sloped = _slope_counted(run, given=given)
    parts = [profile_words(own, lang), *_by_setting(settings, lang)]
    parts.append(_slope(everyone, run, lang, sloped=sloped))
    named = len(everyone) > 1
    parts += [_barred(one, lang, sloped=sloped, named=named) for one in everyone.values()]
    if own.offroad_limit_m > own.snap_limit_m:
        parts.append(
            _words(lang)["across"].format(
                near=f"{own.snap_limit_m:g}",
                far=f"{own.offroad_limit_m:g}",
                kph=f"{own.offroad_kph:g}",
            )
        )
    return [part for part in parts if part]


def profile_words(profile: WalkProfile, lang: Lang) -> str:
    """Name a profile with its speed on the level.

    Parameters
    ----------
    profile
        On foot in m/min, as Chinese standards have it; of what rides in km/h.
    lang
        Language.

    Examples
    --------
    >>> profile_words(WalkProfile(profile="elderly"), "zh")
    '老年人步行，60 米/分钟'
    >>> profile_words(WalkProfile(profile="e-bike"), "en")
    'e-bike, 15 km/h'
    """
    text, name = _words(lang), profile.label(lang)
    if not profile.vehicle:
        return text["on_foot"].format(name=name, metres=f"{round(profile.metres_per_minute, 1):g}")
    if not profile.speeds_kph:
        return text["riding"].format(name=name, kph=f"{round(profile.speed_kph, 1):g}")
    speeds = (profile.speed_kph, *profile.speeds_kph.values())
    low, high = f"{min(speeds):g}", f"{max(speeds):g}"
    return text["riding_by_class"].format(name=name, low=low, high=high)


def rides(config: CountyConfig) -> bool:
    """Tell whether some residents ride, so that not every time is a walk.

    Parameters
    ----------
    config
        The county.

    Examples
    --------
    >>> from lifecircle.config import read_config
    >>> rides(read_config("data/liechtenstein/county.toml"))
    False
    """
    everyone = (config.walk, *config.walk.settings.values())
    return any(profile.vehicle for profile in everyone)


def ridden(text: str, lang: Lang) -> str:
    """Give a text in words that hold for who rides as well: it speaks of travel, not of walks.

    Parameters
    ----------
    text
        A sentence or heading of an output.
    lang
        Its language.

    Examples
    --------
    >>> ridden("平均步行（分钟）", "zh"), ridden("Mean walk (min)", "en")
    ('平均用时（分钟）', 'Mean trip (min)')
    """
    for pattern, said in _RIDDEN[lang]:
        text = re.sub(pattern, said, text)
    return text


def _by_setting(settings: Mapping[str, WalkProfile], lang: Lang) -> list[str]:
    """Say who moves otherwise; settings of one profile together."""
    text = _words(lang)
    same: dict[str, list[str]] = {}
    for setting, profile in settings.items():
        same.setdefault(profile_words(profile, lang), []).append(text[setting])
    return [
        text["in_setting"].format(setting=text["and"].join(names), how=how)
        for how, names in same.items()
    ]


def _slope_counted(run: Mapping[str, Any] | None, *, given: bool) -> bool:
    """Tell whether elevations were given, so that a profile that counts slope did."""
    told = (run or {}).get("elevation") or {}
    return bool(told.get("given", given))


def _slope(
    everyone: Mapping[str, WalkProfile],
    run: Mapping[str, Any] | None,
    lang: Lang,
    *,
    sloped: bool,
) -> str:
    text = _words(lang)
    if not sloped:
        return text["slope_none"]
    level = [one.label(lang) for one in everyone.values() if not one.slope]
    if len(level) == len(everyone):
        return text["slope_off"]
    known = ((run or {}).get("elevation") or {}).get("known_share")
    told = (
        text["slope_counted"]
        if known is None
        # Rounded down: only all of the roads are 100 %.
        else text["slope_known"].format(share=f"{int(known * 100 + 1e-9)}")
    )
    if not level:
        return told
    names = text["slope_off_for"].format(names=text["and"].join(level))
    return told + text["comma"] + names


def _barred(profile: WalkProfile, lang: Lang, *, sloped: bool, named: bool) -> str:
    """Say what a profile may not use; that steep ways could not be told apart is said too."""
    text, barred = _words(lang), []
    if profile.no_steps:
        barred.append(text["bar_steps"])
    steep = profile.steepest is not None
    if profile.steepest is not None and sloped and profile.slope:
        barred.append(text["bar_steep"].format(run=f"{1.0 / profile.steepest:.3g}"))
    if profile.no_wheelchair_no:
        barred.append(text["bar_wheelchair"])
    if profile.barred:
        few = len(profile.barred) <= _CLASSES_NAMED + 1
        shown = profile.barred if few else profile.barred[:_CLASSES_NAMED]
        told = text["bar_class"] if few else text["bar_classes"]
        barred.append(told.format(names=text["and"].join(shown), count=len(profile.barred)))
    unknown = text["bar_steep_unknown"] if steep and not (sloped and profile.slope) else ""
    if not barred:
        return unknown
    line = text["barred_for" if named else "barred"].format(
        name=profile.label(lang), what=text["and"].join(barred)
    )
    return line + (text["brackets"].format(inside=unknown) if unknown else "")


@cache
def _words(lang: Lang) -> Mapping[str, str]:
    file = resources.files(__package__) / "templates" / "walking.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: entry[lang] for key, entry in entries.items()}
