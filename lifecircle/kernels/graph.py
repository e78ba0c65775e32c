"""Turning a street graph into chains between junctions, in an order that caches like."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lifecircle.kernels import kernel

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def hilbert_order(x: Floats, y: Floats, bits: int = 16) -> Longs:
    """Order points along a Hilbert curve, so that near points get near numbers.

    Parameters
    ----------
    x, y
        Coordinates, any unit.
    bits
        The curve runs over a grid of 2**bits by 2**bits cells.

    Returns
    -------
    ndarray
        Positions of the points in curve order; points of one cell keep their order.

    References
    ----------
    Hilbert (1891); the bitwise walk from the coarsest quadrant to the finest.

    Examples
    --------
    >>> hilbert_order(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])).tolist()
    [0, 3, 2, 1]
    """
    side = (1 << bits) - 1
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9) if len(x) else 1.0
    column = ((x - x.min(initial=np.inf)) / span * side).astype(np.int64)
    row = ((y - y.min(initial=np.inf)) / span * side).astype(np.int64)
    along = np.zeros(len(x), np.int64)
    quadrant = 1 << (bits - 1)
    while quadrant:
        right = (column & quadrant) > 0
        upper = (row & quadrant) > 0
        along += quadrant * quadrant * ((3 * right.astype(np.int64)) ^ upper.astype(np.int64))
        flip = ~upper & right
        mask = quadrant - 1
        column = np.where(flip, mask - (column & mask), column & mask)
        row = np.where(flip, mask - (row & mask), row & mask)
        column, row = np.where(upper, column, row), np.where(upper, row, column)
        quadrant >>= 1
    return np.argsort(along, kind="stable")


# Half-edges grouped by node: those of node i are half[ptr[i] : ptr[i + 1]], each the number of an
# edge times two, plus one where the node is the edge's second end. A loop is listed twice.
@kernel
def incidence(n: int, u: Ints, v: Ints) -> tuple[Longs, Longs]:
    """Group the ends of edges by node (compressed sparse rows)."""
    ptr = np.zeros(n + 1, np.int64)
    for e in range(len(u)):
        ptr[u[e] + 1] += 1
        ptr[v[e] + 1] += 1
    for i in range(n):
        ptr[i + 1] += ptr[i]
    position = ptr[:-1].copy()
    half = np.empty(2 * len(u), np.int64)
    for e in range(len(u)):
        half[position[u[e]]] = 2 * e
        position[u[e]] += 1
        half[position[v[e]]] = 2 * e + 1
        position[v[e]] += 1
    return ptr, half


# A chain is a run of edges between two junctions whose inner nodes all have degree two: walking in
# at one end, there is no choice until the other. First all chains that start at a node of another
# degree; then what is left are rings without any junction, each broken at its first node.
@kernel
def contract(ptr: Longs, half: Longs, u: Ints, v: Ints) -> tuple[Longs, Ints, Bools, Bools]:
    """Cut edges into chains.

    Returns chain starts (chain k is ``order[start[k] : start[k + 1]]``), the edges in chain order,
    whether each is walked from its second end to its first, and which nodes are junctions.
    """
    n = len(ptr) - 1
    m = len(u)
    junction = np.zeros(n, np.bool_)
    for i in range(n):
        junction[i] = ptr[i + 1] - ptr[i] != 2
    used = np.zeros(m, np.bool_)
    start = np.empty(m + 1, np.int64)
    order = np.empty(m, np.int32)
    backward = np.empty(m, np.bool_)
    filled = 0
    chains = 0
    for rings in (False, True):
        for i in range(n):
            if junction[i] == rings:
                continue
            for h in range(ptr[i], ptr[i + 1]):
                side = half[h]
                if used[side >> 1]:
                    continue
                junction[i] = True
                start[chains] = filled
                chains += 1
                while True:
                    edge = side >> 1
                    used[edge] = True
                    order[filled] = edge
                    backward[filled] = side & 1
                    filled += 1
                    node = u[edge] if side & 1 else v[edge]
                    if junction[node]:
                        break
                    first = half[ptr[node]]
                    side = first if first != (side ^ 1) else half[ptr[node] + 1]
    start[chains] = filled
    return start[: chains + 1].copy(), order[:filled], backward[:filled], junction


# Counting sort: how many there are of each, where each begins, then one pass to put them there.
@kernel
def group(code: Ints, groups: int) -> tuple[Longs, Longs]:
    """Give row starts and the positions of each code, in order (compressed sparse rows)."""
    ptr = np.zeros(groups + 1, np.int64)
    for i in range(len(code)):
        ptr[code[i] + 1] += 1
    for k in range(groups):
        ptr[k + 1] += ptr[k]
    position = ptr[:-1].copy()
    order = np.empty(len(code), np.int64)
    for i in range(len(code)):
        order[position[code[i]]] = i
        position[code[i]] += 1
    return ptr, order
