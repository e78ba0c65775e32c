"""Shortest times over the junction graph: from many sources at once, and from one within a limit.

A graph is three arrays: the half-edges of junction i are ``ptr[i]:ptr[i + 1]``; each leads to the
junction ``to`` and takes ``seconds``. Times are float64 and never negative. A time is the least
left-to-right sum over all paths, which does not depend on the order of the search: so results are
the same to the last bit on every run, and equal to those of Dijkstra's algorithm.
"""

from __future__ import annotations

import numpy as np

from lifecircle.kernels import kernel
from lifecircle.kernels.graph import Floats, Ints, Longs


# Nearest source of every junction. A junction that was reached waits in one of a row of buckets of
# equal width; the lowest bucket is emptied first. Inside a bucket the order is free: a junction
# whose time falls enters again (Dial 1969; Meyer and Sanders 2003, delta-stepping). It waits once
# at most: each bucket is a list linked both ways through the junctions themselves (``following``,
# ``previous``), so that one whose time falls is taken out of its old bucket and hung into the new.
# Waiting times span at most the longest edge (or the latest source), so the row of buckets is a
# ring. Of sources equally near, the one of lowest label wins; without labels nobody asks.
@kernel
def nearest(
    ptr: Longs,
    to: Ints,
    seconds: Floats,
    sources: Ints,
    source_seconds: Floats,
    source_labels: Ints | None,
    cutoff: float,
    width: float,
    buckets: int,
) -> tuple[Floats, Ints]:
    """Give each junction's time to its nearest source, and that source's label (inf, -1: none)."""
    n = len(ptr) - 1
    best = np.full(n, np.inf)
    label = np.full(0 if source_labels is None else n, -1, np.int32)
    head = np.full(buckets, -1, np.int32)
    following = np.empty(n, np.int32)
    previous = np.empty(n, np.int32)
    waits_in = np.full(n, -1, np.int32)
    scale = 1.0 / width
    waiting = 0
    current = 0
    source = 0
    while True:
        if source < len(sources):  # first each source offers its time to its junction
            x = -1
            h0, h1 = source, source + 1
            at_x = 0.0
            if source_labels is not None:
                who = source_labels[source]
            source += 1
        else:  # then each junction of the lowest bucket to its neighbours
            if waiting == 0:
                break
            while head[current] < 0:
                current = current + 1 if current + 1 < buckets else 0
            x = head[current]
            after = following[x]
            head[current] = after
            if after >= 0:
                previous[after] = -1
            waits_in[x] = -1
            waiting -= 1
            at_x = best[x]
            if source_labels is not None:
                who = label[x]
            h0, h1 = ptr[x], ptr[x + 1]
        for h in range(h0, h1):
            if x < 0:
                y = sources[h]
                t = source_seconds[h]
            else:
                y = to[h]
                t = at_x + seconds[h]
            if t > best[y] or t > cutoff:
                continue
            if source_labels is None:
                if t == best[y]:
                    continue
            else:
                if t == best[y] and who >= label[y]:
                    continue
                label[y] = who
            best[y] = t
            bucket = int(t * scale) % buckets
            old = waits_in[y]
            if old == bucket:
                continue
            if old >= 0:
                before, after = previous[y], following[y]
                if before >= 0:
                    following[before] = after
                else:
                    head[old] = after
                if after >= 0:
                    previous[after] = before
                waiting -= 1
            after = head[bucket]
            following[y] = after
            previous[y] = -1
            if after >= 0:
                previous[after] = y
            head[bucket] = y
            waits_in[y] = bucket
            waiting += 1
    return best, label


# A binary heap by time; an entry that was overtaken is left in and skipped when it comes up. Only
# what a limited search touches is visited, so its cost does not grow with the network.
@kernel
def _push(keys: Floats, items: Ints, size: int, key: float, item: int) -> None:
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] <= key:
            break
        keys[i] = keys[parent]
        items[i] = items[parent]
        i = parent
    keys[i] = key
    items[i] = item


@kernel
def _pop(keys: Floats, items: Ints, size: int) -> None:
    last = size - 1
    key = keys[last]
    item = items[last]
    i = 0
    child = 1
    while child < last:
        if child + 1 < last and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i] = keys[child]
        items[i] = items[child]
        i = child
        child = 2 * i + 1
    keys[i] = key
    items[i] = item


# Dijkstra's algorithm from one place (several entrances) within a limit. `best` is all inf before;
# `touched` tells which entries are not, so that the caller can restore it without a full sweep.
@kernel
def within(
    ptr: Longs,
    to: Ints,
    seconds: Floats,
    sources: Ints,
    source_seconds: Floats,
    cutoff: float,
    best: Floats,
    keys: Floats,
    items: Ints,
    touched: Ints,
) -> int:
    """Fill ``best`` up to the cutoff; return how many junctions ``touched`` lists."""
    size = 0
    count = 0
    for i in range(len(sources)):
        x = sources[i]
        if source_seconds[i] < best[x] and source_seconds[i] <= cutoff:
            if best[x] == np.inf:
                touched[count] = x
                count += 1
            best[x] = source_seconds[i]
            _push(keys, items, size, best[x], x)
            size += 1
    while size > 0:
        t = keys[0]
        x = items[0]
        _pop(keys, items, size)
        size -= 1
        if t > best[x]:
            continue
        for h in range(ptr[x], ptr[x + 1]):
            y = to[h]
            reached = t + seconds[h]
            if reached < best[y] and reached <= cutoff:
                if best[y] == np.inf:
                    touched[count] = y
                    count += 1
                best[y] = reached
                _push(keys, items, size, reached, y)
                size += 1
    return count


# All pairs (source, place) within a limit, row by row, never a dense row: a limited search from the
# source's entrances, then only the places on chains that touch a junction it reached, or that hold
# an entrance. Each chain is read once per source (``mark``). Places are listed by chain in ``p_*``.
@kernel
def pairs(
    ptr: Longs,
    to: Ints,
    seconds: Floats,
    half_chain: Ints,
    chain_a: Ints,
    chain_b: Ints,
    chain_ahead: Floats,
    s_ptr: Longs,
    s_chain: Ints,
    s_by_a: Floats,
    s_by_b: Floats,
    s_ahead: Floats,
    s_back: Floats,
    s_access: Floats,
    p_ptr: Longs,
    p_number: Ints,
    p_ahead: Floats,
    p_back: Floats,
    p_access: Floats,
    cutoff: float,
) -> tuple[Longs, Ints, Floats]:
    """Give row starts per source, place numbers and seconds."""
    n = len(ptr) - 1
    sources = len(s_ptr) - 1
    best = np.full(n, np.inf)
    most = np.max(np.diff(s_ptr)) if sources else 0
    keys = np.empty(len(to) + 2 * most + 1)
    items = np.empty(len(keys), np.int32)
    touched = np.empty(n, np.int32)
    mark = np.full(len(chain_a), -1, np.int32)
    ends = np.empty(2 * most, np.int32)
    end_seconds = np.empty(2 * most)
    rows = np.zeros(sources + 1, np.int64)
    number = np.empty(1024, np.int32)
    time = np.empty(1024)
    found = 0
    for s in range(sources):
        first = s_ptr[s]
        many = s_ptr[s + 1] - first
        for i in range(many):
            ends[2 * i] = chain_a[s_chain[first + i]]
            end_seconds[2 * i] = s_by_a[first + i]
            ends[2 * i + 1] = chain_b[s_chain[first + i]]
            end_seconds[2 * i + 1] = s_by_b[first + i]
        count = within(
            ptr,
            to,
            seconds,
            ends[: 2 * many],
            end_seconds[: 2 * many],
            cutoff,
            best,
            keys,
            items,
            touched,
        )
        for j in range(-many, count):
            h0 = 0 if j < 0 else ptr[touched[j]]
            h1 = 1 if j < 0 else ptr[touched[j] + 1]
            for h in range(h0, h1):
                k = s_chain[first - j - 1] if j < 0 else half_chain[h]
                if mark[k] == s:
                    continue
                mark[k] = s
                for z in range(p_ptr[k], p_ptr[k + 1]):
                    t = min(
                        best[chain_a[k]] + p_back[z],
                        best[chain_b[k]] + (chain_ahead[k] - p_ahead[z]),
                    )
                    if j < 0:
                        for i in range(first, first + many):
                            if s_chain[i] != k:
                                continue
                            if s_ahead[i] >= p_ahead[z]:
                                t = min(t, s_ahead[i] - p_ahead[z] + s_access[i])
                            else:
                                t = min(t, p_back[z] - s_back[i] + s_access[i])
                    t += p_access[z]
                    if t > cutoff:
                        continue
                    if found == len(number):
                        number = np.append(number, np.empty(found, np.int32))
                        time = np.append(time, np.empty(found))
                    number[found] = p_number[z]
                    time[found] = t
                    found += 1
        for j in range(count):
            best[touched[j]] = np.inf
        rows[s + 1] = found
    return rows, number[:found].copy(), time[:found].copy()
