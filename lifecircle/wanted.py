"""What a county's file asks for beside the verdicts, checked before any long work begins."""

from __future__ import annotations

from collections.abc import Iterator

from lifecircle.config import CountyConfig
from lifecircle.errors import ConfigError, Fault, InputError
from lifecircle.moment import parse_moment
from lifecircle.standards import Standard


def check_wanted(config: CountyConfig, standard: Standard) -> None:
    """Check that what is asked for can be given.

    Parameters
    ----------
    config
        The county: its ``[walk]``, ``[[supply]]``, ``[[siting]]``, ``[time]``, ``[reconcile]``.
    standard
        What it is held against first.

    Raises
    ------
    ConfigError
        All faults: kinds that the standard does not require or know, moments that cannot be read.

    Examples
    --------
    >>> from lifecircle.config import read_config
    >>> from lifecircle.standards import read_standard
    >>> county = read_config("data/liechtenstein/county.toml")
    >>> check_wanted(county, read_standard(county.standard))
    """
    faults = list(wanted_faults(config, standard))
    if faults:
        raise ConfigError(faults)


def wanted_faults(config: CountyConfig, standard: Standard) -> Iterator[Fault]:
    """Find what is asked for and cannot be given.

    Parameters
    ----------
    config, standard
        As for `check_wanted`.

    Yields
    ------
    Fault
    """
    where, required = str(config.path), standard.required()
    yield from _walk_faults(config, where)
    for name, kinds in (
        ("supply", [asked.kind for asked in config.supply]),
        ("siting", [asked.kind for asked in config.siting]),
    ):
        for number, kind in enumerate(kinds):
            if kind not in required:
                what = f"{name}[{number}].kind: {standard.key} does not require {kind!r}"
                yield Fault(where, what, f"use one of {', '.join(required)}")
    for kind in config.reconcile.facilities:
        if kind not in standard.known:
            what = f"reconcile.facilities: {kind!r} is no kind"
            yield Fault(where, what, f"use one of {', '.join(sorted(standard.known))}")
    for number, text in enumerate(config.time.moments):
        try:
            parse_moment(text)
        except InputError as error:
            for fault in error.faults:
                yield Fault(where, f"time.moments[{number}]: {fault.what}", fault.remedy)


def _walk_faults(config: CountyConfig, where: str) -> Iterator[Fault]:
    walk = config.walk
    for profile in (*walk.judged(), *map(walk.in_setting, walk.settings)):
        if 0 < profile.offroad_limit_m <= profile.snap_limit_m:
            what = "offroad_limit_m: is not above snap_limit_m, up to which people walk as usual"
            yield Fault(where, f"walk.{what}", "raise it, or lower snap_limit_m")
            return
