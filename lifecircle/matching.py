"""The same facility in a county's ledger and in OSM: found by kind, distance and name, merged."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from lifecircle.errors import CRSError, Fault, InputError
from lifecircle.names import Names
from lifecircle.tables import FACILITIES, check

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]

_NAMELESS: Final = 0.25  # ours: what a place without a name is worth beside one named alike
_RELATED: Final = 0.9  # ours: an equal kind comes before one of the same family
_PAIRS: Final = 4_000  # of one assignment problem; the solver's time grows with their square
_OWN: Final = ("kind", "source", "geometry")  # the ledger's own: never filled from elsewhere
_REASONS: Final = ("name", "similar", "part", "near")
_SAME_ID: Final = "id"  # told as "object", yet what the ledger's row lacks is filled in
_CHUNK: Final = 20_000  # ledger rows whose neighbours are held at once

_OSM_ID: Final = re.compile(r"([nwr]\d+)(?:#.+)?")


@dataclass(frozen=True)
class MatchRules:
    """When two entries are one facility. Every default is ours: no source gives them.

    Parameters
    ----------
    near_m
        Within this, entries of the same kind are one where a name is lacking, and entries of the
        same family where the names are similar or one is a part of the other.
    far_m
        Within this, entries are one where the names are strongly similar: a ledger's coordinates
        are often those of the village committee.
    similar, strong
        The least similarity (`lifecircle.names.name_similarity`) for the one and the other.

    Raises
    ------
    InputError
        A distance is negative, or a threshold is out of order.

    Examples
    --------
    >>> MatchRules(near_m=500)
    Traceback (most recent call last):
    ...
    lifecircle.errors.InputError: match rules: near_m is 500, far_m is 300.0 -> give 0 <= near_m ...
    """

    near_m: float = 50.0
    far_m: float = 300.0
    similar: float = 0.85
    strong: float = 0.9

    def __post_init__(self) -> None:
        faults = []
        if not 0 <= self.near_m <= self.far_m < np.inf:
            what = f"near_m is {self.near_m}, far_m is {self.far_m}"
            faults.append(Fault("match rules", what, "give 0 <= near_m <= far_m, in metres"))
        if not 0 < self.similar <= self.strong <= 1:
            what = f"similar is {self.similar}, strong is {self.strong}"
            faults.append(Fault("match rules", what, "give 0 < similar <= strong <= 1"))
        if faults:
            raise InputError(faults)


def merge_facilities(
    ledger: gpd.GeoDataFrame,
    other: gpd.GeoDataFrame,
    *,
    family: Mapping[str, Collection[str]] | None = None,
    rules: MatchRules | None = MatchRules(),
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    r"""Merge a ledger with another source of the same facilities, such as OSM; the ledger wins.

    Parameters
    ----------
    ledger, other
        Tables per `lifecircle.tables.FACILITIES`, in one metric CRS.
    family
        Kind -> the wider kinds that it also counts as, all of them. Entries can be one facility
        if their kinds are equal, or one is in the other's family.
    rules
        Distances and similarities that decide; None: nothing but equal ids does.

    Returns
    -------
    facilities : GeoDataFrame
        All rows of the ledger in their order, then those of `other` that match none. Geometry,
        kind, name and source of a merged row are the ledger's; what else it lacks (NaN, or no such
        column) comes from the other entry, a lacking name too.
    merges : DataFrame
        Index ``facility_id`` of the ledger's row; ``other_id``, ``kind``, ``other_kind``,
        ``name``, ``other_name``, ``distance_m``, ``similarity`` (0 to 1; NaN where a name is
        lacking) and ``reason``: ``"name"`` (strongly similar), ``"similar"``, ``"part"`` (one
        name is a part of the other), ``"near"`` (a name is lacking), ``"object"`` (the ledger's
        row has the id of the other, which it corrects; or a further row of an OSM object merged
        already, of a kind that the ledger's row counts as too).

    Raises
    ------
    TableError
        A table breaks its schema.
    CRSError
        The tables are not in one metric CRS.

    Notes
    -----
    Each admissible pair is worth :math:`g = q\,e^{-d^2 / 2\sigma^2}`: a Gaussian error of position
    with :math:`\sigma` half the distance allowed (`near_m` or `far_m`), times :math:`q = (1 + s) /
    2` for similarity s, or 0.25 where a name is lacking, times 0.9 unless the kinds are equal. Of
    all assignments of ledger rows to objects, one to one, that of the largest sum is taken [1]_:
    branches of a chain pair right even where all are shifted alike, and no order of rows matters.
    An OSM object is one partner in all rows (``w1``, ``w1#clinic``) of kinds of one family; its
    rows of other kinds stay or match for themselves. Rows of equal ids are paired before all
    others, whatever their kinds, names and distance: so a layer of results that a bureau corrects
    and hands back replaces what it corrects.

    References
    ----------
    .. [1] Jonker, R. and Volgenant, A. (1987). A shortest augmenting path algorithm for dense and
       sparse linear assignment problems. Computing 38, 325-340.

    Examples
    --------
    >>> def table(ids, names, x):
    ...     columns = {"kind": "clinic", "name": names, "source": "hand"}
    ...     index = pd.Index(ids, name="facility_id")
    ...     return gpd.GeoDataFrame(columns, index, geometry=shapely.points(x, 0.0), crs=4546)
    >>> ledger = table(["a", "b"], ["长铺镇卫生院", "大溪村卫生室"], [0.0, 900.0])
    >>> osm = table(["n1", "n2"], ["绥宁县长铺镇中心卫生院", "平溪村卫生室"], [120.0, 930.0])
    >>> facilities, merges = merge_facilities(ledger, osm)
    >>> facilities.index.to_list()
    ['a', 'b', 'n2']
    >>> merges[["other_id", "distance_m", "similarity", "reason"]]
                other_id  distance_m  similarity reason
    facility_id
    a                 n1       120.0         1.0   name
    """
    _check(ledger, other)
    if other.geometry.name != ledger.geometry.name:
        other = other.rename_geometry(ledger.geometry.name)
    kinds = _Kinds.of(ledger["kind"], other["kind"], family or {})
    same = _of_one_id(ledger, other)
    pairs = same.iloc[:0] if rules is None else _candidates(ledger, other, kinds, rules)
    taken = pairs["row"].isin(same["row"]) | pairs["other"].isin(same["other"])
    pairs = pairs[~taken].reset_index(drop=True)
    partner = _objects(other.index, kinds.group[kinds.others])
    rank = np.argsort(np.argsort(other.index.astype("str").to_numpy(object), kind="stable"))
    row, two = pairs["row"].to_numpy(), pairs["other"].to_numpy()
    chosen = pairs.iloc[_assign(row, partner[two], pairs["worth"].to_numpy(), rank[two])]
    chosen = chosen if same.empty else pd.concat([same, chosen])
    chosen = _with_siblings(chosen, kinds.rows, kinds.others, partner, kinds.counts)
    rest = other.drop(other.index[chosen["other"]])
    filled = _filled(ledger, other, chosen)
    facilities = filled if rest.empty else pd.concat([filled, rest])
    return gpd.GeoDataFrame(facilities), _listing(ledger, other, chosen)


def no_merges() -> pd.DataFrame:
    """Give the table of merges of a county where nothing was merged.

    Examples
    --------
    >>> len(no_merges())
    0
    """
    numbers = dict.fromkeys(("distance_m", "similarity"), np.empty(0))
    texts = ("other_id", "kind", "other_kind", "name", "other_name", "reason")
    empty = {name: pd.Series(dtype="str") for name in texts} | numbers
    index = pd.Index([], dtype="str", name="facility_id")
    return pd.DataFrame(empty, index)[[*texts[:5], *numbers, "reason"]]


def duplicates(
    ledger: gpd.GeoDataFrame,
    *,
    family: Mapping[str, Collection[str]] | None = None,
    rules: MatchRules = MatchRules(),
) -> pd.DataFrame:
    """List pairs of one ledger, or of several set end to end, that look like one facility.

    Parameters
    ----------
    ledger
        Table per `lifecircle.tables.FACILITIES`, in a metric CRS.
    family
        As for `merge_facilities`.
    rules
        A pair is listed if it lies within ``near_m`` and its names are strongly similar.

    Returns
    -------
    DataFrame
        ``facility_id``, ``other_id`` (further down the ledger), ``kind``, ``other_kind``,
        ``name``, ``other_name``, ``distance_m``, ``similarity``; in the ledger's order. Rows of one
        OSM object are not listed.

    Raises
    ------
    TableError, CRSError
        As `merge_facilities`.

    Examples
    --------
    >>> columns = {"kind": "post", "name": ["长铺邮政所", "长铺镇邮政支局"], "source": "hand"}
    >>> index = pd.Index(["a", "b"], name="facility_id")
    >>> points = shapely.points([0.0, 9.0], 0.0)
    >>> ledger = gpd.GeoDataFrame(columns, index, geometry=points, crs=4546)
    >>> duplicates(ledger)[["facility_id", "other_id", "distance_m", "similarity"]]
      facility_id other_id  distance_m  similarity
    0           a        b         9.0         1.0
    """
    _check(ledger, ledger)
    kinds = _Kinds.of(ledger["kind"], ledger["kind"], family or {})
    near = MatchRules(rules.near_m, rules.near_m, rules.strong, rules.strong)
    pairs = _candidates(ledger, ledger, kinds, near)
    whole = _objects(ledger.index, np.zeros(len(ledger), np.int64))
    row, other = pairs["row"].to_numpy(), pairs["other"].to_numpy()
    alike = pairs["similarity"].to_numpy() >= rules.strong
    pairs = pairs[(row < other) & (whole[row] != whole[other]) & alike]
    pairs = pairs.sort_values(["row", "other"])
    return _listing(ledger, ledger, pairs).drop(columns="reason").reset_index()


@dataclass(frozen=True)
class _Kinds:
    """Kinds of both tables as numbers, and which of them may be one facility."""

    rows: Ints
    others: Ints
    related: Floats  # [kind, kind]: 1 equal, less in one family, 0 not
    counts: Bools  # [kind, wider kind]: the one counts as the other
    group: Ints  # kinds that families join

    @classmethod
    def of(
        cls, rows: pd.Series, others: pd.Series, family: Mapping[str, Collection[str]]
    ) -> _Kinds:
        """Give the kinds of two tables numbers."""
        known = sorted({*rows.unique(), *others.unique()})
        number = {kind: n for n, kind in enumerate(known)}
        counts = np.eye(len(known), dtype=bool)
        for kind in number.keys() & family.keys():
            for word in number.keys() & set(family[kind]):
                counts[number[kind], number[word]] = True
        related = np.where(counts | counts.T, _RELATED, 0.0)
        np.fill_diagonal(related, 1.0)
        group = connected_components(csr_array(counts), directed=False)[1]
        codes, others_codes = (v.map(number).to_numpy(np.int64) for v in (rows, others))
        return cls(codes, others_codes, related, counts, group.astype(np.int64))


def _check(ledger: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> None:
    check(ledger, FACILITIES, where="ledger")
    if ledger.crs is None or not ledger.crs.is_projected:
        raise CRSError(Fault("ledger", "is not in a metric coordinate system", "reproject it"))
    check(other, FACILITIES, crs=ledger.crs, where="other facilities")


def _of_one_id(ledger: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> pd.DataFrame:
    """Pair the rows of equal ids, as `_candidates` gives pairs."""
    at = other.index.get_indexer(ledger.index)
    row = np.flatnonzero(at >= 0)
    two = at[row].astype(np.int64)
    called = pd.concat([ledger["name"].iloc[row], other["name"].iloc[two]], ignore_index=True)
    pair = np.arange(len(row))
    similarity, _ = Names.of(called.astype(object)).compare(pair, pair + len(row))
    one = np.asarray(ledger.geometry)[row]
    table = pd.DataFrame({"row": row, "other": two})
    table["distance_m"] = shapely.distance(one, np.asarray(other.geometry)[two])
    return table.assign(similarity=similarity, worth=np.inf, reason=_SAME_ID)


def _candidates(
    ledger: gpd.GeoDataFrame, other: gpd.GeoDataFrame, kinds: _Kinds, rules: MatchRules
) -> pd.DataFrame:
    """Find the admissible pairs of rows: row, other, distance_m, similarity, worth, reason."""
    names = Names.of(pd.concat([ledger["name"], other["name"]], ignore_index=True).astype(object))
    shapes, shapes_other = np.asarray(ledger.geometry), np.asarray(other.geometry)
    parts = [np.empty((3, 0))]
    for row, two in _neighbours(shapes, shapes_other, kinds, rules.far_m):
        distance = shapely.distance(shapes[row], shapes_other[two])
        fits, afar = names.compatible(row, two + len(ledger))
        keep = (fits & (distance <= rules.near_m)) | (afar & (distance <= rules.far_m))
        parts.append(np.stack([row[keep], two[keep], distance[keep]]))
    found = np.concatenate(parts, axis=1)
    row, two, distance = found[0].astype(np.int64), found[1].astype(np.int64), found[2]
    related = kinds.related[kinds.rows[row], kinds.others[two]]
    similarity, part = names.compare(row, two + len(ledger))
    name = names.compatible(row, two + len(ledger))[1] & (similarity >= rules.strong)
    near, lacking = distance <= rules.near_m, np.isnan(similarity)
    tests = (similarity >= rules.similar, part, lacking & (related == 1))
    reason = np.select([name, *(near & test for test in tests)], _REASONS, "")
    table = pd.DataFrame({"row": row, "other": two, "distance_m": distance})
    table["similarity"] = similarity
    sigma = np.maximum(np.where(name, rules.far_m, rules.near_m) / 2.0, 1e-9)  # 0 m may be all
    score = np.where(lacking, _NAMELESS, (1.0 + similarity) / 2.0) * related
    table["worth"] = score * np.exp(-((distance / sigma) ** 2) / 2.0)
    table["reason"] = reason
    admitted: pd.DataFrame = table[reason != ""].reset_index(drop=True)
    return admitted


def _neighbours(
    shapes: Shapes, others: Shapes, kinds: _Kinds, far_m: float
) -> Iterator[tuple[Ints, Ints]]:
    """Give pairs of rows of related kinds within a distance, some thousand rows at a time."""
    for group in np.intersect1d(kinds.group[kinds.rows], kinds.group[kinds.others]):
        rows = np.flatnonzero(kinds.group[kinds.rows] == group)
        targets = np.flatnonzero(kinds.group[kinds.others] == group)
        tree = shapely.STRtree(others[targets])
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            one, two = tree.query(shapes[some], predicate="dwithin", distance=far_m)
            one, two = some[one], targets[two]
            related = kinds.related[kinds.rows[one], kinds.others[two]] > 0
            yield one[related], two[related]


def _objects(ids: pd.Index, group: Ints) -> Ints:
    """Give partners numbers: rows of one OSM object and one group of kinds are one; by id."""
    texts = [str(value) for value in ids]
    matches = [_OSM_ID.fullmatch(text) for text in texts]
    objects = [text if m is None else m[1] for text, m in zip(texts, matches, strict=True)]
    table = pd.DataFrame({"object": objects, "group": group})
    return np.asarray(table.groupby(["object", "group"], sort=True).ngroup(), np.int64)


def _assign(row: Ints, column: Ints, worth: Floats, rank: Ints) -> Ints:
    """Choose pairs, each row and each column once, of the largest sum of worth.

    Of several pairs of one row and column, that of the most worth stands for them, then of the
    least rank. Give the positions of the pairs chosen.
    """
    order = np.lexsort((rank, -worth, column, row))
    new = np.diff(row[order], prepend=-1) != 0
    new |= np.diff(column[order], prepend=-1) != 0
    best: Ints = order[new]
    if not len(best):
        return best
    height = int(row.max()) + 1
    side = height + int(column.max()) + 1
    links = (np.ones(len(best)), (row[best], column[best] + height))
    label = connected_components(coo_array(links, shape=(side, side)), directed=False)[1]
    label = label[row[best]]
    alone = np.bincount(label)[label] == 1
    chosen = [best[alone]]
    rest, label = best[~alone], label[~alone]
    by_label = np.argsort(label, kind="stable")
    rest, label = rest[by_label], label[by_label]
    # Whole components, cut where another thousand of pairs is full.
    starts = np.flatnonzero(np.diff(label, prepend=-1))
    batch = np.repeat(starts // _PAIRS, np.diff(starts, append=len(rest)))
    for some in np.split(rest, np.flatnonzero(np.diff(batch)) + 1):
        solved = _solve(row[some], column[some], worth[some])
        chosen.append(some[solved])
    return np.concatenate(chosen)


def _solve(row: Ints, column: Ints, worth: Floats) -> Ints:
    """Solve one sparse assignment: each row takes a column, or stays alone at no worth."""
    if not len(row):
        return row
    r, c = (np.unique(values, return_inverse=True)[1] for values in (row, column))
    height, width = int(r.max()) + 1, int(c.max()) + 1
    alone = np.arange(height)
    costs = np.concatenate([2.0 - worth, np.full(height, 2.0)])  # above 0: zeros would be no entry
    at = (np.concatenate([r, alone]), np.concatenate([c, width + alone]))
    graph = csr_array((costs, at), shape=(height, width + height))
    rows, columns = min_weight_full_bipartite_matching(graph)
    taken = rows[columns < width] * width + columns[columns < width]
    return np.flatnonzero(np.isin(r * width + c, taken)).astype(np.int64)


def _with_siblings(
    chosen: pd.DataFrame, ledger_kind: Ints, other_kind: Ints, column: Ints, counts: Bools
) -> pd.DataFrame:
    """Add the further rows of objects chosen whose kinds the ledger's rows count as too."""
    mates = pd.DataFrame({"column": column, "mate": np.arange(len(column))})
    found = chosen.assign(column=column[chosen["other"]]).merge(mates, on="column")
    found = found[~found["mate"].isin(chosen["other"])].sort_values("row", kind="stable")
    implied = counts[ledger_kind[found["row"]], other_kind[found["mate"]]]
    found = found[implied].drop_duplicates("mate")
    found = found.assign(other=found["mate"], reason="object")
    both = pd.concat([chosen.assign(late=False), found[chosen.columns].assign(late=True)])
    ordered: pd.DataFrame = both.sort_values(["row", "late", "other"]).drop(columns="late")
    return ordered


def _filled(ledger: gpd.GeoDataFrame, other: gpd.GeoDataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Give the ledger with what it lacks from the partners of its rows."""
    pairs = pairs[pairs["reason"] != "object"]
    partners = other.iloc[pairs["other"]].set_axis(ledger.index[pairs["row"]])
    filled: pd.DataFrame = ledger.copy()
    for name in other.columns.difference(_OWN, sort=False):
        if name == ledger.geometry.name:
            continue
        if name not in ledger.columns:
            filled[name] = other[name].iloc[:0].reindex(ledger.index)
        values, theirs = filled[name], partners[name].dropna()
        theirs = theirs[values.loc[theirs.index].isna()]
        if len(theirs):
            kept = values.drop(theirs.index)
            filled[name] = pd.concat([kept, theirs]).reindex(ledger.index)
    return filled


def _listing(ledger: pd.DataFrame, other: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Name the rows of pairs, one pair a row."""
    one, two = ledger.iloc[pairs["row"]], other.iloc[pairs["other"]]
    columns = {
        "other_id": two.index,
        "kind": one["kind"].array,
        "other_kind": two["kind"].array,
        "name": one["name"].array,
        "other_name": two["name"].array,
        "distance_m": pairs["distance_m"].array,
        "similarity": pairs["similarity"].array,
        "reason": pairs["reason"].replace(_SAME_ID, "object").astype("str").array,
    }
    return pd.DataFrame(columns, index=one.index)
