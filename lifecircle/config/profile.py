"""How people move: speed, steps, slope, what is barred, and how far a place may lie from a road."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from lifecircle.errors import ConfigError, Fault
from lifecircle.standards import Lang
from lifecircle.tables import SETTINGS

DEFAULT: Final = "adult"
"""The profile of a county whose file names none."""


@cache
def profiles() -> Mapping[str, Mapping[str, Any]]:
    """Give the named profiles, as ``profiles.toml`` holds them.

    Returns
    -------
    mapping
        Key -> its values; ``note_en`` says how surely each of them is known.

    Examples
    --------
    >>> list(profiles())[:4]
    ['adult', 'elderly', 'with-child', 'wheelchair']
    """
    text = files("lifecircle.config").joinpath("profiles.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


_JOINING: Final = (
    "snap_limit_m",
    "offroad_limit_m",
    "offroad_kph",
    "islet_m",
    "islet_detour_m",
)
_FASTEST_ON_FOOT: Final = 15.0
_Kph = Annotated[float, Field(ge=0.5, le=130.0, allow_inf_nan=False)]


class WalkProfile(BaseModel):
    """How people move along the roads, and how far a place may lie from one.

    Values that are not given are those of the named ``profile``.

    Parameters
    ----------
    profile
        ``adult``, ``elderly``, ``with-child``, ``wheelchair``, ``bicycle``, ``e-bike`` or ``car``.
    zh, en
        What it is called on outputs.
    speed_kph
        Speed on the level, km/h. 4.5 km/h is 75 m/min; Chinese practice is 60 to 80 m/min.
    speeds_kph
        OSM class of road -> another speed there.
    access_kph
        Speed between a place and its road, straight; ``speed_kph`` by default.
    steps_factor, unpaved_factor
        Seconds on steps and on unpaved ways as a multiple of seconds on the level for the same
        mapped length.
    slope
        Whether slope counts where the elevation is known (`lifecircle.network.slope`).
    steepest
        Ways that rise more than this along some stretch, as a ratio, are barred.
    no_steps, no_wheelchair_no, barred
        Whether steps, and ways mapped as ``wheelchair=no``, are barred; OSM classes that are.
    vehicle
        Whether the profile rides: it then joins the nearest road that it may use. On foot or in a
        wheelchair one starts from the nearest road of all; if that is barred, one cannot start.
    snap_limit_m
        A place further than this from every road is off the network, m.
    offroad_limit_m, offroad_kph
        A place beyond ``snap_limit_m`` and within this distance is joined to its nearest road
        across country, straight and at this speed, and flagged; 0: none is.
    islet_m
        A connected piece of network shorter than this in all is an islet, m.
    islet_detour_m
        A place leaves an islet for a connected road that is at most this much further, m.
    note_zh, note_en
        How surely the values of the named profile are known.

    Examples
    --------
    >>> WalkProfile(speed_kph=4.8).metres_per_minute
    80.0
    >>> WalkProfile(profile="wheelchair").no_steps, WalkProfile(profile="wheelchair").label("zh")
    (True, '轮椅')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = DEFAULT
    # These are always filled in from the named profile; the defaults here never show.
    zh: str = ""
    en: str = ""
    speed_kph: _Kph = 4.5
    speeds_kph: Mapping[str, _Kph] = Field(default_factory=dict)
    access_kph: _Kph | None = None
    steps_factor: float = Field(default=2.0, ge=1.0, le=10.0)
    unpaved_factor: float = Field(default=1.0, ge=1.0, le=10.0)
    slope: bool = True
    steepest: float | None = Field(default=None, gt=0, le=1.0)
    no_steps: bool = False
    no_wheelchair_no: bool = False
    barred: tuple[str, ...] = ()
    vehicle: bool = False
    snap_limit_m: float = Field(default=1000.0, gt=0, le=20_000.0)
    offroad_limit_m: float = Field(default=0.0, ge=0, le=20_000.0)
    offroad_kph: float = Field(default=3.0, ge=0.5, le=15.0)
    islet_m: float = Field(default=2000.0, ge=0)
    islet_detour_m: float = Field(default=300.0, ge=0)
    note_zh: str = ""
    note_en: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_the_named(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        key = values.get("profile", DEFAULT)
        if key not in profiles():
            raise ValueError(f"profile {key!r} is not known; use one of {', '.join(profiles())}")
        return {**profiles()[key], **values}

    @model_validator(mode="after")
    def _on_foot(self) -> WalkProfile:
        if not self.vehicle and self.fastest_kph > _FASTEST_ON_FOOT:
            raise ValueError(f"speed_kph: nobody walks faster than {_FASTEST_ON_FOOT:g} km/h")
        return self

    @property
    def metres_per_second(self) -> float:
        """Speed on the level in m/s."""
        return self.speed_kph / 3.6

    @property
    def metres_per_minute(self) -> float:
        """Speed on the level in m/min."""
        return round(self.speed_kph * 1000.0 / 60.0, 9)

    @property
    def access_metres_per_second(self) -> float:
        """Speed of the straight way between a place and its road, m/s."""
        return (self.access_kph or self.speed_kph) / 3.6

    @property
    def furthest_m(self) -> float:
        """How far a place may lie from its road at most, m."""
        return max(self.snap_limit_m, self.offroad_limit_m)

    @property
    def fastest_kph(self) -> float:
        """Speed on the fastest class of road, km/h."""
        return max(self.speed_kph, *self.speeds_kph.values(), 0.0)

    def label(self, lang: Lang) -> str:
        """Give its name in one language."""
        return self.zh if lang == "zh" else self.en


def _named(value: object) -> object:
    return {"profile": value} if isinstance(value, str) else value


NamedProfile = Annotated[WalkProfile, BeforeValidator(_named)]
"""A profile by its name alone, or as a table."""


class WalkConfig(WalkProfile):
    """The county's profile, and others that are judged in the same run or in one setting.

    Parameters
    ----------
    also
        Further profiles, each judged by itself: names, or tables with ``profile`` and other values.
    settings
        Setting (``urban``, ``township``, ``rural``) -> profile of the residents there, such as
        ``rural = "e-bike"`` for a 30-minute circle that is ridden: a declared choice.

    Examples
    --------
    >>> [one.profile for one in WalkConfig(also=["elderly"]).judged()]
    ['adult', 'elderly']
    """

    also: tuple[NamedProfile, ...] = ()
    settings: Mapping[str, NamedProfile] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_settings(self) -> WalkConfig:
        unknown = sorted(set(self.settings) - set(SETTINGS))
        if unknown:
            raise ValueError(f"settings: {unknown[0]!r} is none of {', '.join(SETTINGS)}")
        names = [one.profile for one in (self, *self.also)]
        if len(set(names)) < len(names):
            raise ValueError("also: a profile stands twice; each may be judged once")
        return self

    def judged(self) -> tuple[WalkProfile, ...]:
        """Give the profiles to be judged each by itself, the county's own first.

        Returns
        -------
        tuple of WalkProfile
            All join places to roads as the county's own does, where they say nothing else.
        """
        return (self, *(self._joined(one) for one in self.also))

    def in_setting(self, setting: str | None) -> WalkProfile:
        """Give the profile of the residents of one setting."""
        own = self.settings.get(setting or "")
        return self if own is None else self._joined(own)

    def with_profiles(self, names: Sequence[str]) -> WalkConfig:
        """Give other profiles to be judged, of which the first becomes the county's own.

        Parameters
        ----------
        names
            Keys of `profiles`; under the name of a profile that the county has set values of, its
            values stay. Profiles by setting stay only where the first is the county's own.

        Returns
        -------
        WalkConfig

        Raises
        ------
        ConfigError
            A name is not known, or stands twice.

        Examples
        --------
        >>> slow = WalkConfig(speed_kph=3.9).with_profiles(["elderly", "adult"])
        >>> [(one.profile, one.speed_kph) for one in slow.judged()]
        [('elderly', 3.6), ('adult', 3.9)]
        """
        known = {one.profile: one for one in self.judged()}
        given = [
            known[name].model_dump(include=set(WalkProfile.model_fields))
            if name in known
            else {"profile": name, **{key: getattr(self, key) for key in _JOINING}}
            for name in names
        ]
        try:
            own = {"settings": self.settings} if names[0] == self.profile else {}
            return WalkConfig.model_validate({**given[0], "also": given[1:], **own})
        except ValidationError as error:
            told = [str(one["msg"]).removeprefix("Value error, ") for one in error.errors()]
            raise ConfigError([Fault("profile", text, "correct it") for text in told]) from error

    def _joined(self, profile: WalkProfile) -> WalkProfile:
        own = {
            name: getattr(self, name) for name in _JOINING if name not in profile.model_fields_set
        }
        return profile.model_copy(update=own)

    @property
    def fastest_of_all_kph(self) -> float:
        """Speed of the fastest of its profiles on its fastest class of road, km/h."""
        return max(one.fastest_kph for one in (self, *self.also, *self.settings.values()))
