"""What `pack_array` packed, read back number by number, as its docstring says: slow and plain."""

from __future__ import annotations

import zlib

import numpy as np

from lifecircle.render.web.packing import DIGITS


def raw_bytes(text: str) -> bytes:
    """Give the bytes that `to_text` spelled, and the zeros that filled up the last four."""
    numbers = (text[at : at + 5] for at in range(0, len(text), 5))
    return b"".join(
        sum(DIGITS.index(sign) * 85 ** (4 - i) for i, sign in enumerate(five)).to_bytes(4, "big")
        for five in numbers
    )


def stream(pack: dict) -> bytes:
    """Give the inflated stream of a pack."""
    return zlib.decompressobj(-15).decompress(raw_bytes(pack["z"]))


def unpack(pack: dict, north: np.ndarray | None = None) -> np.ndarray:
    """Give the numbers of a pack as an array of its type."""
    width = int(pack["type"][1])
    raw = stream(pack)
    if pack["halves"] is None:
        pairs, spread = 0, pack["count"]
    else:
        pairs, spread = -(-pack["count"] // 2), pack["halves"]
    assert len(raw) == pairs + spread * pack["planes"]
    numbers = [
        sum(raw[pairs + plane * spread + i] << (8 * plane) for plane in range(pack["planes"]))
        for i in range(spread)
    ]
    if pairs:
        halves = [half for pair in raw[:pairs] for half in (pair % 16, pair // 16)][: pack["count"]]
        longer = iter(numbers)
        numbers = [half if half < 15 else next(longer) for half in halves]
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
