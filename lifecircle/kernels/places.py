"""Places beside the network: snapping them to streets, and reading times at them.

A place is (segment, fraction along it, metres beside it). By its segment it lies on a chain: the
walk from the chain's first end to it takes ``ahead`` seconds, and the walk back ``back`` seconds.
With the whole chain's ``chain_ahead`` and ``chain_back`` this gives all four walks between a place
and the ends of its chain, also where the two directions differ.
"""

from __future__ import annotations

import numpy as np

from lifecircle.kernels import kernel
from lifecircle.kernels.graph import Bools, Floats, Ints, Longs


@kernel
def _distance2(
    x: float, y: float, ax: float, ay: float, bx: float, by: float
) -> tuple[float, float]:
    dx = bx - ax
    dy = by - ay
    length2 = dx * dx + dy * dy
    t = 0.0 if length2 == 0.0 else ((x - ax) * dx + (y - ay) * dy) / length2
    t = min(1.0, max(0.0, t))
    ex = x - ax - t * dx
    ey = y - ay - t * dy
    return ex * ex + ey * ey, t


# Squares of a grid, each with the segments that come near it: a segment is listed in a square of
# its bounding box if it passes the square's middle within half a diagonal.
@kernel
def index_segments(
    ax: Floats,
    ay: Floats,
    bx: Floats,
    by: Floats,
    x0: float,
    y0: float,
    side: float,
    nx: int,
    ny: int,
) -> tuple[Longs, Ints]:
    """List the segments of each grid square (compressed sparse rows)."""
    ptr = np.zeros(nx * ny + 1, np.int64)
    listed = np.empty(0, np.int32)
    position = ptr
    reach2 = side * side * 0.5000001
    for fill in (False, True):
        if fill:
            for c in range(nx * ny):
                ptr[c + 1] += ptr[c]
            listed = np.empty(ptr[-1], np.int32)
            position = ptr[:-1].copy()
        for k in range(len(ax)):
            i0 = max(int((min(ax[k], bx[k]) - x0) / side), 0)
            i1 = min(int((max(ax[k], bx[k]) - x0) / side), nx - 1)
            j0 = max(int((min(ay[k], by[k]) - y0) / side), 0)
            j1 = min(int((max(ay[k], by[k]) - y0) / side), ny - 1)
            few = i1 - i0 + j1 - j0 < 2
            for j in range(j0, j1 + 1):
                for i in range(i0, i1 + 1):
                    if not few:
                        middle_x = x0 + (i + 0.5) * side
                        middle_y = y0 + (j + 0.5) * side
                        d2, _ = _distance2(middle_x, middle_y, ax[k], ay[k], bx[k], by[k])
                        if d2 > reach2:
                            continue
                    c = j * nx + i
                    if fill:
                        listed[position[c]] = k
                        position[c] += 1
                    else:
                        ptr[c + 1] += 1
    return ptr, listed


# The nearest point on a street. Rings of squares around the place are searched outward until no
# square left can hold anything nearer. Islets (small disconnected pieces) lose against a connected
# street that is at most `detour` further. Equal distances go to the lower segment number.
@kernel
def snap(
    x: Floats,
    y: Floats,
    ax: Floats,
    ay: Floats,
    bx: Floats,
    by: Floats,
    islet: Bools,
    ptr: Longs,
    listed: Ints,
    x0: float,
    y0: float,
    side: float,
    nx: int,
    ny: int,
    limit: float,
    detour: float,
) -> tuple[Ints, Floats, Floats, Bools]:
    """Give each place's segment (-1: none within the limit), fraction, metres, and if it moved."""
    n = len(x)
    segment = np.full(n, -1, np.int32)
    fraction = np.zeros(n)
    metres = np.full(n, np.inf)
    moved = np.zeros(n, np.bool_)
    for q in range(n):
        ci = int(np.floor((x[q] - x0) / side))
        cj = int(np.floor((y[q] - y0) / side))
        rim = min(
            min(x[q] - x0 - ci * side, x0 + (ci + 1) * side - x[q]),
            min(y[q] - y0 - cj * side, y0 + (cj + 1) * side - y[q]),
        )
        any_d2 = np.inf
        any_k = -1
        any_t = 0.0
        main_d2 = np.inf
        main_k = -1
        main_t = 0.0
        bound = limit
        r = 0
        while r == 0 or (r - 1) * side + rim <= bound:
            for j in range(max(cj - r, 0), min(cj + r, ny - 1) + 1):
                step = 1 if j in (cj - r, cj + r) else max(2 * r, 1)
                for i in range(ci - r, ci + r + 1, step):
                    if i < 0 or i >= nx:
                        continue
                    for p in range(ptr[j * nx + i], ptr[j * nx + i + 1]):
                        k = listed[p]
                        d2, t = _distance2(x[q], y[q], ax[k], ay[k], bx[k], by[k])
                        if d2 < any_d2 or (d2 == any_d2 and k < any_k):
                            any_d2 = d2
                            any_k = k
                            any_t = t
                        if not islet[k] and (d2 < main_d2 or (d2 == main_d2 and k < main_k)):
                            main_d2 = d2
                            main_k = k
                            main_t = t
            bound = min(limit, min(np.sqrt(main_d2), np.sqrt(any_d2) + detour))
            r += 1
        if main_k >= 0 and np.sqrt(main_d2) <= min(limit, np.sqrt(any_d2) + detour):
            moved[q] = main_k != any_k and islet[any_k]
            any_d2 = main_d2
            any_k = main_k
            any_t = main_t
        if any_k >= 0 and np.sqrt(any_d2) <= limit:
            segment[q] = any_k
            fraction[q] = any_t
            metres[q] = np.sqrt(any_d2)
    return segment, fraction, metres, moved


# The time at a place is the least of: by the chain's first end, by its second end, and straight
# along the chain to a source on the same chain; then its own access leg. `ahead` and `back` of the
# places are oriented for walking *to* the sources; for walking *from* them the caller swaps them.
@kernel
def gather(
    chain: Ints,
    ahead: Floats,
    back: Floats,
    access: Floats,
    chain_a: Ints,
    chain_b: Ints,
    chain_ahead: Floats,
    best: Floats,
    label: Ints,
    source_ptr: Longs,
    source_ahead: Floats,
    source_back: Floats,
    source_access: Floats,
    source_label: Ints,
) -> tuple[Floats, Ints]:
    """Give each place's seconds to the nearest source and its label (inf, -1: none)."""
    n = len(chain)
    seconds = np.full(n, np.inf)
    nearest_label = np.full(n, -1, np.int32)
    for i in range(n):
        k = chain[i]
        if k < 0:
            continue
        a = chain_a[k]
        b = chain_b[k]
        t = best[a] + back[i]
        who = label[a]
        by_b = best[b] + (chain_ahead[k] - ahead[i])
        if by_b < t or (by_b == t and label[b] < who):
            t = by_b
            who = label[b]
        for s in range(source_ptr[k], source_ptr[k + 1]):
            if source_ahead[s] >= ahead[i]:
                straight = source_ahead[s] - ahead[i] + source_access[s]
            else:
                straight = back[i] - source_back[s] + source_access[s]
            if straight < t or (straight == t and source_label[s] < who):
                t = straight
                who = source_label[s]
        if t < np.inf:
            seconds[i] = t + access[i]
            nearest_label[i] = who
    return seconds, nearest_label
