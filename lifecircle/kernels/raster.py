"""Isochrones on a raster: its points snapped to streets, their times, and the outlines drawn.

A raster is ``nx`` columns by some rows of points, ``step`` metres apart. The *canvas* is the same
raster with a rim of one more point on each side, as one flat array of rows ``stride`` long: points
of the rim are never inside, so every outline closes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lifecircle.kernels import kernel
from lifecircle.kernels.graph import Bools, Floats, Ints, Longs, group
from lifecircle.kernels.places import _distance2

# Nearer than this to an outline counts as inside, so that no outline runs through a point itself
# and none touches another; seconds (or metres, where these stand for seconds).
NEAR: Final = 1e-3


# The nearest street of every point of a strip of rows. Each segment offers itself to all points in
# its bounding box, widened by the limit; that is quicker than to search from each point, as
# neighbours are reached in turn. Islets are kept apart and settled in the end: one loses against a
# connected street that is at most `detour` further. The same rule as `lifecircle.kernels.places`.
@kernel
def near_streets(
    ax: Floats,
    ay: Floats,
    bx: Floats,
    by: Floats,
    islet: Bools,
    x0: float,
    y0: float,
    step: float,
    nx: int,
    first_row: int,
    rows: int,
    limit: float,
    detour: float,
) -> tuple[Longs, Ints, Floats, Floats]:
    """Give number (in the whole raster), segment, fraction and metres of points that have any."""
    nearest2 = np.full((2, rows * nx), np.inf)
    who = np.full((2, rows * nx), -1, np.int32)
    wide = limit + 1e-6
    south = y0 + first_row * step
    for k in range(len(ax)):
        j0 = max(int(np.ceil((min(ay[k], by[k]) - wide - south) / step)), 0)
        j1 = min(int(np.floor((max(ay[k], by[k]) + wide - south) / step)), rows - 1)
        i0 = max(int(np.ceil((min(ax[k], bx[k]) - wide - x0) / step)), 0)
        i1 = min(int(np.floor((max(ax[k], bx[k]) + wide - x0) / step)), nx - 1)
        if i1 < i0:
            continue
        kept2 = nearest2[int(islet[k])]
        kept = who[int(islet[k])]
        dx = bx[k] - ax[k]
        dy = by[k] - ay[k]
        length2 = dx * dx + dy * dy
        scale = 0.0 if length2 == 0.0 else 1.0 / length2
        for j in range(j0, j1 + 1):
            py = y0 + (first_row + j) * step - ay[k]
            for i in range(i0, i1 + 1):
                px = x0 + i * step - ax[k]
                t = (px * dx + py * dy) * scale
                t = min(max(t, 0.0), 1.0)
                ex = px - t * dx
                ey = py - t * dy
                d2 = ex * ex + ey * ey
                p = j * nx + i
                if d2 < kept2[p]:
                    kept2[p] = d2
                    kept[p] = k
    found = 0
    for p in range(rows * nx):
        main, side = np.sqrt(nearest2[0, p]), np.sqrt(nearest2[1, p])
        if side < main and main > min(limit, side + detour):
            who[0, p] = who[1, p]
            main = side
        if main > limit:
            who[0, p] = -1
        found += who[0, p] >= 0
    number = np.empty(found, np.int64)
    segment = np.empty(found, np.int32)
    fraction = np.empty(found)
    metres = np.empty(found)
    found = 0
    for p in range(rows * nx):
        k = who[0, p]
        if k < 0:
            continue
        j = first_row + p // nx
        d2, t = _distance2(x0 + (p % nx) * step, y0 + j * step, ax[k], ay[k], bx[k], by[k])
        number[found] = j * nx + p % nx
        segment[found] = k
        fraction[found] = t
        metres[found] = np.sqrt(d2)
        found += 1
    return number, segment, fraction, metres


# Chains that a search came to: those of the junctions it touched, and those of the sources.
@kernel
def reached_chains(
    ptr: Longs, half_chain: Ints, touched: Ints, source_chain: Ints, mark: Bools
) -> Ints:
    """List each chain once; ``mark`` is all False before and after."""
    room = len(source_chain)
    for x in touched:
        room += ptr[x + 1] - ptr[x]
    chains = np.empty(room, np.int32)
    count = 0
    for k in source_chain:
        if not mark[k]:
            mark[k] = True
            chains[count] = k
            count += 1
    for x in touched:
        for h in range(ptr[x], ptr[x + 1]):
            k = half_chain[h]
            if not mark[k]:
                mark[k] = True
                chains[count] = k
                count += 1
    for i in range(count):
        mark[chains[i]] = False
    return chains[:count].copy()


# The time field: at each point the least of the ways by both ends of its chain and, on the chains
# of the sources, straight along the chain; then the point's own access leg. Later than `latest` is
# left as it was, infinite. On the way, the box of the points inside is found for every limit.
@kernel
def paint(
    canvas: Floats,
    stride: int,
    chains: Ints,
    best: Floats,
    chain_a: Ints,
    chain_b: Ints,
    chain_seconds: Floats,
    p_ptr: Longs,
    p_at: Longs,
    p_ahead: Floats,
    p_back: Floats,
    p_access: Floats,
    s_chain: Ints,
    s_ahead: Floats,
    s_back: Floats,
    s_access: Floats,
    widest: float,
    limits: Floats,
    latest: float,
) -> Longs:
    """Fill the canvas; give first and last row and column of what is inside, by limit."""
    boxes = np.empty((len(limits), 4), np.int64)
    boxes[:, 0] = boxes[:, 2] = np.int64(1) << 62
    boxes[:, 1] = boxes[:, 3] = -1
    for i in range(len(chains) + len(s_chain)):
        s = i - len(chains)
        k = chains[i] if s < 0 else s_chain[s]
        by_a = best[chain_a[k]]
        by_b = best[chain_b[k]] + chain_seconds[k]
        for z in range(p_ptr[k], p_ptr[k + 1]):
            if s < 0:
                t = min(by_a + p_back[z], by_b - p_ahead[z])
            elif s_ahead[s] >= p_ahead[z]:
                t = s_ahead[s] - p_ahead[z] + s_access[s]
            else:
                t = p_back[z] - s_back[s] + s_access[s]
            t += p_access[z]
            if t > latest or t >= canvas[p_at[z]]:
                continue
            canvas[p_at[z]] = t
            if p_access[z] - widest >= NEAR:
                continue
            row = p_at[z] // stride
            column = p_at[z] - row * stride
            for n in range(len(limits)):
                if t - limits[n] < NEAR:
                    boxes[n, 0] = min(boxes[n, 0], row)
                    boxes[n, 1] = max(boxes[n, 1], row)
                    boxes[n, 2] = min(boxes[n, 2], column)
                    boxes[n, 3] = max(boxes[n, 3], column)
    return boxes


@kernel
def wipe(canvas: Floats, chains: Ints, p_ptr: Longs, p_at: Longs) -> None:
    """Make the points of the chains infinite again."""
    for k in chains:
        for z in range(p_ptr[k], p_ptr[k + 1]):
            canvas[p_at[z]] = np.inf


@kernel
def _root(parent: Ints, run: int) -> int:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@kernel
def _join(parent: Ints, one: int, other: int) -> None:
    a, b = _root(parent, one), _root(parent, other)
    parent[max(a, b)] = min(a, b)


# A point's level is the worse of how late it is (seconds over the limit) and how far beside the
# street (seconds over the drawn access leg), capped outside; inside is below zero. Outlines are
# its zero lines (marching squares, Lorensen and Cline 1987): wherever two neighbours differ, a
# vertex stands between them by linear interpolation, and each square of four points leads from
# vertex to vertex with the inside on the left. Where the two points inside a square lie across,
# they belong together if the square's mean is inside. Row by row, runs of points inside are joined
# to pieces (union-find); of the rings around a piece, the one met first, from below, is its outer
# ring and all others are its holes.
@kernel
def outline(
    canvas: Floats,
    beside: Floats,
    stride: int,
    box: Longs,
    x0: float,
    y0: float,
    step: float,
    limit: float,
    outside: float,
) -> tuple[Floats, Longs, Longs]:
    """Give vertices, first vertex of each ring, first ring of each polygon."""
    r0, r1, c0 = box[0] - 1, box[1] + 1, box[2] - 1
    width = box[3] + 2 - c0
    below, here = np.full(width, outside), np.full(width, outside)
    side_below, side_here = np.empty(width, np.int32), np.empty(width, np.int32)
    room = 4 * (width + r1 - r0) + 64
    xy = np.empty((room, 2))
    after = np.empty(room, np.int32)
    piece = np.empty(room, np.int32)
    parent = np.empty(room, np.int32)
    vertices = 0
    runs = 0  # numbered as they begin: the latest of a row is the one that the scan is in
    runs_below = 0
    for row in range(r0, r1 + 1):
        if vertices + 2 * width > len(after):
            xy = np.concatenate((xy, np.empty_like(xy)))
            after = np.append(after, np.empty_like(after))
            piece = np.append(piece, np.empty_like(piece))
        if runs + width > len(parent):
            parent = np.append(parent, np.empty_like(parent))
        base = row * stride + c0
        for i in range(width):
            level = min(max(canvas[base + i] - limit, beside[base + i]), outside)
            here[i] = -NEAR if abs(level) < NEAR else level
        run_below = runs_below - 1
        runs_below = runs
        west = east = -1
        nw = sw = False  # the first column is outside
        for i in range(1, width):
            ne, se = here[i] < 0.0, below[i] < 0.0
            if ne == nw and se == sw and ne == se:
                continue
            if ne and not nw:
                parent[runs] = runs
                runs += 1
            if se and not sw:
                run_below += 1
            run = runs - 1
            if ne and se and not (nw and sw):
                _join(parent, run, run_below)
            west, east = east, -1
            if ne != se:
                xy[vertices, 0] = x0 + (c0 + i) * step
                xy[vertices, 1] = y0 + (row - here[i] / (here[i] - below[i])) * step
                piece[vertices] = run if ne else run_below
                east = vertices
                vertices += 1
            if ne != nw:
                xy[vertices, 0] = x0 + (c0 + i - here[i] / (here[i] - here[i - 1])) * step
                xy[vertices, 1] = y0 + row * step
                piece[vertices] = run
                side_here[i] = vertices
                vertices += 1
            south, north = side_below[i], side_here[i]
            if sw == ne and se == nw and sw != se:
                together = below[i - 1] + below[i] + here[i - 1] + here[i] < 0.0
                if together:
                    _join(parent, run, run_below)
                if sw:
                    after[south] = east if together else west
                    after[north] = west if together else east
                else:
                    after[east] = north if together else south
                    after[west] = south if together else north
            else:
                # Round the square against the clock, the line comes in where inside turns to
                # outside and leaves where outside turns to inside.
                start = south if sw and not se else east if se and not ne else north
                start = west if nw and not sw else start
                end = south if se and not sw else east if ne and not se else north
                end = west if sw and not nw else end
                after[start] = end
            nw, sw = ne, se
        below, here = here, below
        side_below, side_here = side_here, side_below
    return _rings(xy[:vertices], after[:vertices], piece[:vertices], parent[:runs])


@kernel
def _rings(xy: Floats, after: Ints, piece: Ints, parent: Ints) -> tuple[Floats, Longs, Longs]:
    """Follow each ring, and put those of one piece after one another, the outer one first."""
    vertices = len(after)
    seen = np.zeros(vertices, np.bool_)
    start = np.empty(vertices // 4 + 1, np.int32)
    size = np.empty(vertices // 4 + 1, np.int32)
    polygon = np.empty(vertices // 4 + 1, np.int32)
    number = np.full(len(parent), -1, np.int32)
    rings = 0
    polygons = 0
    for first in range(vertices):
        if seen[first]:
            continue
        root = _root(parent, piece[first])
        if number[root] < 0:
            number[root] = polygons
            polygons += 1
        start[rings] = first
        polygon[rings] = number[root]
        size[rings] = 1
        v = first
        while not seen[v]:
            seen[v] = True
            size[rings] += 1
            v = after[v]
        rings += 1
    of_polygon, order = group(polygon[:rings], polygons)
    of_ring = np.zeros(rings + 1, np.int64)
    points = np.empty((vertices + rings, 2))
    filled = 0
    for r in range(rings):
        v = start[order[r]]
        for _ in range(size[order[r]]):
            points[filled, 0] = xy[v, 0]
            points[filled, 1] = xy[v, 1]
            filled += 1
            v = after[v]
        of_ring[r + 1] = filled
    return points, of_ring, of_polygon
