"""What `pack_array` packed, read back number by number, as its docstring says: slow and plain."""

from __future__ import annotations

import base64
import zlib

import numpy as np


def unpack(pack: dict, north: np.ndarray | None = None) -> np.ndarray:
    """Give the numbers of a pack as an array of its type."""
    width = int(pack["type"][1])
    raw = zlib.decompress(base64.b64decode(pack["z"]), -15)
    assert len(raw) == pack["count"] * pack["planes"]
    numbers = [
        sum(raw[plane * pack["count"] + i] << (8 * plane) for plane in range(pack["planes"]))
        for i in range(pack["count"])
    ]
    if pack["type"] == "f4":
        return np.array(numbers, dtype="<u4").view("<f4")
    signed = pack["type"].startswith("i")
    if pack["predictor"] != "none" or signed:
        numbers = [n // 2 if n % 2 == 0 else -(n + 1) // 2 for n in numbers]
    if pack["predictor"] == "none":
        return np.array(numbers, dtype=pack["type"])
    bits, out = 8 * width, []
    for i, miss in enumerate(numbers):
        w = out[i - 1] if i else 0
        expected = w
        if pack["predictor"] == "plane" and north[i] > 0:
            n, m = out[north[i]], out[north[i] - 1]
            if m >= max(w, n):
                expected = min(w, n)
            elif m <= min(w, n):
                expected = max(w, n)
            else:
                expected = w + n - m
        number = (expected + miss) % (1 << bits)
        out.append(number - (1 << bits) if signed and number >= 1 << (bits - 1) else number)
    return np.array(out, dtype=pack["type"])


def unpack_rings(pack: dict) -> list[list[np.ndarray]]:
    """Read rings as the page does: per feature a list of (n, 2) arrays in m of EPSG:3857."""
    steps = iter(np.column_stack([unpack(pack["dx"]), unpack(pack["dy"])]).astype(float))
    starts = iter(np.column_stack([unpack(pack["x"]), unpack(pack["y"])]).astype(float))
    lengths = iter(unpack(pack["length"]))
    features = []
    for count in unpack(pack["rings"]):
        rings = []
        for _ in range(count):
            points = [next(starts)]
            points += [next(steps) for _ in range(next(lengths) - 1)]
            rings.append(np.cumsum(points, axis=0) / 10.0)
        features.append(rings)
    return features
