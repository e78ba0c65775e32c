"""Which OSM ways a pedestrian may use, and what they are like: data and pure functions.

The rule starts from what China's streets need: most residents live inside walled quarters (小区,
单位大院) whose inner roads are mapped as private service ways, and many trunk roads (国道) are the
main street of the towns that they pass. It reads the tags ``highway``, ``foot``, ``access`` and
``motorroad`` and nothing else. The first line that holds decides.

==================================================  =======  =======================================
Way                                                 Walked?  Reason
==================================================  =======  =======================================
no ``highway`` tag                                  no       not a road or path
motorway and its links (高速公路)                   no       closed to pedestrians by law; fenced
proposed, planned, construction, abandoned, razed,  no       is not there yet, or no longer
disused, demolished, dismantled, no
rest_area, services, emergency_bay                  no       belong to the motorway
via_ferrata                                         no       a climb
``foot`` is no, use_sidepath or never               no       forbidden, or a footway runs beside it
bus_guideway, busway, raceway, escape               no       vehicles only; yes where ``foot`` says
                                                             so
any way with ``motorroad=yes`` (快速路)             no       closed like a motorway; yes where
                                                             ``foot`` says so
``access`` is no or military                        no       closed; yes where ``foot`` says so
everything else: trunk, primary ... residential,    yes      streets; a trunk road is walked along
living_street, unclassified, road and their links
service, driveways, alleys, ``access=private``,     yes      inner ways of quarters, walked by those
``foot=private``, destination, customers, permit             who live there
footway, path, pedestrian, steps, corridor,         yes      made for walking; lifts and platforms
elevator, platform                                           join footbridges (天桥) to the ground
track, cycleway, bridleway                          yes      walked in the countryside and in towns
any other value, also a misspelt one                yes      a wrong word is mostly a real road
==================================================  =======  =======================================

"``foot`` says so" means one of `FOOT_OPEN`. Tags that depend on the hour (``foot:conditional``) are
not read.

A node with a ``barrier`` tag blocks if ``foot`` is no (use_sidepath, never), or if ``access`` is no
or military and ``foot`` does not open it. Gates of quarters, also with ``access=private``,
bollards, stiles and toll booths let residents pass.

Of a walked way `TRAITS` say what a walk needs to know beside its class: steps, an unpaved surface,
a bridge or tunnel, a way closed to wheelchairs. They read the tags ``conveying``, ``surface``,
``tracktype``, ``bridge``, ``tunnel`` and ``wheelchair``; what is not tagged is not assumed, but for
the surface of a track.

The choice of every line is ours; OSM's own meaning of the tags is in the references.

References
----------
OpenStreetMap wiki: Key:highway, Key:access, Key:foot, Key:motorroad, Key:barrier, Key:surface,
Key:tracktype, Key:bridge, Key:tunnel, Key:wheelchair.
Boeing (2017), OSMnx, Computers, Environment and Urban Systems 65: its ``walk`` filter, which also
refuses cycleways, platforms and private service ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NEVER_WALKED: Final = frozenset(
    {
        "motorway",
        "motorway_link",
        "proposed",
        "planned",
        "construction",
        "abandoned",
        "razed",
        "disused",
        "demolished",
        "dismantled",
        "no",
        "rest_area",
        "services",
        "emergency_bay",
        "via_ferrata",
    }
)
"""Values of ``highway`` that are refused whatever else is tagged."""

VEHICLES_ONLY: Final = frozenset({"bus_guideway", "busway", "raceway", "escape"})
"""Values of ``highway`` that are refused unless ``foot`` opens them."""

FOOT_CLOSED: Final = frozenset({"no", "use_sidepath", "never"})
"""Values of ``foot`` that refuse a way and block a barrier."""

FOOT_OPEN: Final = frozenset(
    {
        "yes",
        "designated",
        "permissive",
        "official",
        "destination",
        "customers",
        "private",
        "permit",
        "residents",
    }
)
"""Values of ``foot`` that open what ``access``, ``motorroad`` or a vehicle road closes."""

ACCESS_CLOSED: Final = frozenset({"no", "military"})
"""Values of ``access`` that refuse a way and block a barrier."""

STEPS: Final = frozenset({"steps", "ladder"})
"""Values of ``highway`` that are climbed step by step."""

UNPAVED: Final = frozenset(
    {
        "unpaved",
        "clay",
        "compacted",
        "dirt",
        "earth",
        "fine_gravel",
        "grass",
        "gravel",
        "ground",
        "ice",
        "mud",
        "pebblestone",
        "rock",
        "salt",
        "sand",
        "shells",
        "snow",
        "soil",
        "stepping_stones",
        "woodchips",
    }
)
"""Values of ``surface`` that are not paved: loose, soft or rough ground.

Those that the wiki lists as unpaved, and the common ``clay``, ``soil`` and ``stepping_stones``.
Setts, cobblestones, wood, metal and grass pavers are paved. Of a list (``gravel;asphalt``) the
first is taken.
"""

TRAITS: Final = ("steps", "unpaved", "bridge", "wheelchair_no")
"""What a way may be beside its class: columns of segments, and bits of `traits`, lowest first."""


def is_walkable(tags: Mapping[str, str]) -> bool:
    """Tell whether people walk along a way.

    Parameters
    ----------
    tags
        The way's tags; all but ``highway``, ``foot``, ``access`` and ``motorroad`` are ignored.

    Returns
    -------
    bool
        By the table above.

    Examples
    --------
    >>> is_walkable({"highway": "service", "access": "private"})
    True
    >>> is_walkable({"highway": "trunk", "motorroad": "yes"})
    False
    """
    highway = tags.get("highway")
    if highway is None or highway in NEVER_WALKED:
        return False
    foot = tags.get("foot")
    if foot in FOOT_CLOSED:
        return False
    if foot in FOOT_OPEN:
        return True
    closed = highway in VEHICLES_ONLY or tags.get("motorroad") == "yes"
    return not closed and tags.get("access") not in ACCESS_CLOSED


def is_blocked(tags: Mapping[str, str]) -> bool:
    """Tell whether a node is a barrier that people cannot pass.

    Parameters
    ----------
    tags
        The node's tags; without ``barrier`` it never blocks.

    Returns
    -------
    bool
        True where the ways through the node are cut.

    Examples
    --------
    >>> is_blocked({"barrier": "gate", "foot": "no"})
    True
    >>> is_blocked({"barrier": "lift_gate", "access": "private"})
    False
    """
    if tags.get("barrier") is None:
        return False
    foot = tags.get("foot")
    if foot in FOOT_CLOSED:
        return True
    return foot not in FOOT_OPEN and tags.get("access") in ACCESS_CLOSED


def is_steps(tags: Mapping[str, str]) -> bool:
    """Tell whether a way is climbed step by step, so that it takes longer than the level.

    Parameters
    ----------
    tags
        The way's tags. Escalators (``conveying`` other than no) carry people and are not steps.

    Returns
    -------
    bool
        True for steps and ladders.

    Examples
    --------
    >>> is_steps({"highway": "steps"}), is_steps({"highway": "steps", "conveying": "yes"})
    (True, False)
    """
    return tags.get("highway") in STEPS and tags.get("conveying") in {None, "no"}


def is_unpaved(tags: Mapping[str, str]) -> bool:
    """Tell whether a way is not paved, so that wheels and prams go badly and rain softens it.

    Parameters
    ----------
    tags
        The way's tags. ``surface`` decides; without it a track (``highway=track``) is unpaved
        unless ``tracktype=grade1``, and no other way is.

    Returns
    -------
    bool
        True for the surfaces of `UNPAVED`, and for tracks whose surface nobody tagged.

    Examples
    --------
    >>> is_unpaved({"highway": "path", "surface": "gravel"}), is_unpaved({"highway": "path"})
    (True, False)
    >>> is_unpaved({"highway": "track"}), is_unpaved({"highway": "track", "tracktype": "grade1"})
    (True, False)
    """
    surface = tags.get("surface")
    if surface is not None:
        return surface in UNPAVED or surface.partition(";")[0].strip() in UNPAVED
    return tags.get("highway") == "track" and tags.get("tracktype") != "grade1"


def is_bridge(tags: Mapping[str, str]) -> bool:
    """Tell whether a way leaves the ground, so that a terrain model does not show its height.

    Parameters
    ----------
    tags
        The way's tags: ``bridge`` or ``tunnel`` other than no. A passage through a building is a
        tunnel, as surface models show the roof; ``covered`` ways (arcades, 风雨廊) are not.

    Returns
    -------
    bool
        True for bridges and tunnels.

    Examples
    --------
    >>> is_bridge({"highway": "footway", "bridge": "viaduct"}), is_bridge({"covered": "yes"})
    (True, False)
    """
    return tags.get("bridge") not in {None, "no"} or tags.get("tunnel") not in {None, "no"}


def is_barred_to_wheelchairs(tags: Mapping[str, str]) -> bool:
    """Tell whether somebody found that a wheelchair cannot pass a way.

    Parameters
    ----------
    tags
        The way's tags: ``wheelchair=no``. ``limited`` is passed with help, and ways without the
        tag are not known to be closed.

    Returns
    -------
    bool
        True where the tag says no.

    Examples
    --------
    >>> is_barred_to_wheelchairs({"highway": "footway", "wheelchair": "no"})
    True
    """
    return tags.get("wheelchair") == "no"


def traits(tags: Mapping[str, str]) -> int:
    """Give what a way is beside its class, in one byte.

    Parameters
    ----------
    tags
        The way's tags.

    Returns
    -------
    int
        A sum of 1 steps, 2 unpaved, 4 bridge or tunnel, 8 closed to wheelchairs: bits of `TRAITS`.

    Examples
    --------
    >>> traits({"highway": "steps", "surface": "earth"}), traits({"highway": "primary"})
    (3, 0)
    """
    return (
        is_steps(tags)
        | is_unpaved(tags) << 1
        | is_bridge(tags) << 2
        | is_barred_to_wheelchairs(tags) << 3
    )
