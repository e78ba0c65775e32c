"""Names of facilities: taken apart into what tells one from another, and compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Indel
from rapidfuzz.process import cpdist

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_HALF: Final = 0.5  # ours: one name says only its type (卫生室), the other also which
_EXCESS: Final = 2  # ours: 长铺子 is not a longer 长铺, 长铺惠民 is a longer 惠民

# All words are ours. Words of one line mean the same; of two lines of one table, contradict.
_BRANDS: Final = """\
中国邮政储蓄银行 邮政储蓄银行 邮政储蓄 邮储银行 邮储 psbc
中国邮政 邮政 邮电 ems
农业银行 农行 abc
工商银行 工行 icbc
建设银行 建行 ccb
中国银行 boc
交通银行 交行
农业发展银行 农发行
农村商业银行 农商银行 农商行 农村信用合作社 农村信用社 信用合作社 信用社
村镇银行
中国移动 移动
中国联通 联通
中国电信 电信
中国广电 广电
中国石化 中石化 sinopec
中国石油 中石油 petrochina""".splitlines()
_TYPES: Final = """\
支局 营业所 营业部 营业厅 营业点 支行 分行 分理处 储蓄所 网点 代办所 代办点 \
filiale postfiliale poststelle post branch geschäftsstelle
中心卫生院 卫生院
社区卫生服务中心 社区卫生服务站
村卫生室 卫生室 卫生所 卫生站 诊所 医务室 门诊部 clinic surgery praxis
医院 hospital spital klinik
中医医院 中医院
大药房 药房 药店 药行 apotheke pharmacy pharmacie chemist
购物中心 生活超市 超市 商店 便利店 百货 商行 小卖部 门市部 副食店 副食 \
supermarkt supermarket markt market shop store laden
农贸市场 菜市场 集贸市场
幼儿园 幼稚园 kindergarten kita
托儿所 托育中心 托育园 nursery kinderkrippe
中心小学 完全小学 完小 小学 primarschule primary
初级中学 高级中学 中学 初中 高中 secondary
敬老院 养老院 福利院 养老服务中心 养老中心 altersheim pflegeheim
餐馆 饭店 酒家 餐厅 饭馆 食府 菜馆 酒楼 \
restaurant cafe kaffee gasthaus gasthof pizzeria bar bistro
派出所 police polizei
消防救援站 消防站 feuerwehr feuerwache fire
停车场 parkplatz parking tiefgarage parkhaus
公园 park
广场 square platz
spielplatz playground
公共厕所 公厕 卫生间 厕所 toilette toiletten toilets wc
篮球场
足球场
tennisplatz tennishalle tennisclub tennis
党群服务中心 便民服务中心 综合服务中心 政务服务中心 服务中心 服务站
综合文化站 文化站 综合文化服务中心 文化服务中心""".splitlines()
_SILENT: Final = """\
中国 中心 集团 股份 有限责任公司 有限公司 责任 公司 分公司 总公司 总店 分店 连锁 加盟
专卖店 旗舰店 社区居民委员会 社区居委会 居民委员会 居委会 村民委员会 村委会 社区
街道办事处 办事处 一体化 标准化 公办 民办 私立 学校 校区 院区 园区 小区 新区
china ag gmbh ltd limited inc llc corp co kg sa anstalt ev the of and at der die das des dem den
im am an in und du de la le les schule school station centre center zentrum"""
_WAYS: Final = """\
东 east ost
西 west
南 south süd
北 north nord
上
下""".splitlines()


def _classes(lines: Iterable[str], shift: int) -> dict[str, int]:
    return {
        _plain(word): 1 << bit for bit, line in enumerate(lines, shift) for word in line.split()
    }


def _plain(text: str) -> str:
    """Fold width, case, accents and apostrophes: Ａ and a, é and e, ' and nothing."""
    parted = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f'’`´]", "", parted))


_BRAND_BITS: Final = (1 << len(_BRANDS)) - 1
_TYPE_BITS: Final = ((1 << len(_TYPES)) - 1) << len(_BRANDS)
_WAY_SHIFT: Final = len(_BRANDS) + len(_TYPES)
_WAY_BITS: Final = ((1 << len(_WAYS)) - 1) << _WAY_SHIFT
_WAY_WORDS: Final = _classes(_WAYS, _WAY_SHIFT)
_WORDS: Final = (
    dict.fromkeys(map(_plain, _SILENT.split()), 0)
    | _classes(_BRANDS, 0)
    | _classes(_TYPES, len(_BRANDS))
)
_HAN: Final = "\u3400-\u9fff"
_HAN_WORDS: Final = sorted((w for w in _WORDS if re.match(f"[{_HAN}]", w)), key=len, reverse=True)
_TERM: Final = re.compile(
    f"(?=[{''.join(sorted({word[0] for word in _HAN_WORDS}))}])({'|'.join(_HAN_WORDS)})"
)
_PIECE: Final = re.compile(rf"[{_HAN}\d]+|[^\W\d_{_HAN}]+")
_NUMERAL: Final = re.compile(
    "第?([0-9一二三四五六七八九十][0-9〇零一二三四五六七八九十百千]{0,30})"
)
_DIGITS: Final = {c: str(n) for n, c in enumerate("零一二三四五六七八九")} | {"〇": "0"}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_ROMAN: Final = {
    r: str(n)
    for n, r in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"], 1)
}
_SHORT: Final = {"中": "中学", "小": "小学", "幼": "幼儿园"}  # 一中 is 第一中学
_PEOPLES: Final = re.compile(
    "(?:[苗侗瑶回壮满白]族|土家族|维吾尔族)+(?=乡|镇|县|自治)|自治(?=县|州)"
)
_ADMIN: Final = re.compile(
    "(?:.{2,3}省)?(?:(?P<city>.{2,4}?)市)?(?:(?P<county>.{0,6}?)县|(?P<district>.{2,3})区)?"
    "(?:(?P<town>.{2,6}?)(?:镇|乡|街道))?"
)
_VILLAGE: Final = re.compile(f"(?<=[{_HAN}]{{2}})村|^[村镇乡县市区所局站点室店院]$")
_SHOP: Final = re.compile(f"(?<=[{_HAN}]{{2}})店$")


def name_similarity(names: Sequence[object], others: Sequence[object]) -> Floats:
    r"""Compare names pair by pair: 0 for different facilities, 1 for the same name.

    Parameters
    ----------
    names, others
        Equally many names; None or NaN where there is none.

    Returns
    -------
    numpy.ndarray
        Similarity, 0 to 1; NaN where a name is lacking or says nothing (学校).

    Notes
    -----
    A name is folded (full width, case, accents, brackets, spaces) and parted. Province, city and
    county are left out, so is a township where more follows; words for legal forms are left out.
    Words for the *type* (卫生室, 超市, Restaurant), the *brand* (邮政, 农业银行) and the *way* (东,
    Süd) are put into classes, numerals (第一, II, 3) into numbers. What remains is the *core*, a
    and b: what tells this one from others of its type. Then

    .. math:: s = \frac{2\,\mathrm{LCS}(a, b)}{|a| + |b|}

    with the longest common subsequence LCS (the normalised Indel similarity); s = 1 where neither
    has a core but they share a class, 0.5 where one has none and they share a class. But s = 0
    where the numbers differ, or both have types, brands or ways and share none: these words weigh
    nothing for a pair, all against it. A lone county or township is kept as the core.

    Examples
    --------
    >>> pairs = [
    ...     ("长铺镇卫生院", "绥宁县长铺镇中心卫生院"),
    ...     ("长铺镇第一小学", "长铺镇第二小学"),
    ...     ("中国邮政储蓄银行长铺支行", "中国农业银行长铺支行"),
    ...     ("Post Vaduz", "Postfiliale Vaduz"),
    ...     ("Coop", "Coop Vaduz"),
    ... ]
    >>> name_similarity(*zip(*pairs)).round(2)
    array([1.  , 0.  , 0.  , 1.  , 0.62])
    """
    values = pd.Series([*names, *others], dtype=object)
    parsed = Names.of(values)
    similarity, _ = parsed.compare(np.arange(len(names)), np.arange(len(names), len(values)))
    return similarity


@dataclass(frozen=True)
class Names:
    """Names taken apart, as arrays over the rows that bear them."""

    code: Ints  # the number of a row's name among the different ones
    core: npt.NDArray[np.object_]
    tokens: npt.NDArray[np.object_]  # of the core, with spaces before, between and after
    length: Ints
    bits: Ints  # classes of its words
    numbers: Ints  # equal where the numbers are
    known: Bools

    @classmethod
    def of(cls, names: pd.Series) -> Names:
        """Take all names apart, each different one once."""
        code, different = pd.factorize(names)  # -1 where missing: the last of what follows
        parts = [_parse(str(name)) for name in different] + [("", " ", 0, "")]
        core, tokens, bits, numbers = (
            np.array(values, dtype=object) for values in zip(*parts, strict=True)
        )
        length = np.array([len(text) for text in core], np.int64)
        classes = bits.astype(np.int64)
        return cls(
            np.where(code < 0, len(different), code).astype(np.int64),
            core,
            tokens,
            length,
            classes,
            pd.factorize(numbers)[0].astype(np.int64),
            (length > 0) | (classes > 0),
        )

    def compatible(self, one: Ints, two: Ints) -> tuple[Bools, Bools]:
        """Which pairs of rows nothing contradicts; and which could be one from afar."""
        a, b = self.code[one], self.code[two]
        fits = self.numbers[a] == self.numbers[b]
        shared = self.bits[a] & self.bits[b]
        for mask in (_BRAND_BITS, _TYPE_BITS, _WAY_BITS):
            said = ((self.bits[a] & mask) > 0) & ((self.bits[b] & mask) > 0)
            fits &= ~said | ((shared & mask) > 0)
        ways = (self.bits[a] & _WAY_BITS) == (self.bits[b] & _WAY_BITS)
        fits |= ~(self.known[a] & self.known[b])
        return fits, fits & ways & (self.length[a] > 0) & (self.length[b] > 0)

    def compare(self, one: Ints, two: Ints) -> tuple[Floats, Bools]:
        """Similarity of pairs of rows; and whether one name is a part of the other."""
        a, b = self.code[one], self.code[two]
        score = np.full(len(a), np.nan)
        part = np.zeros(len(a), bool)
        both = self.known[a] & self.known[b]
        score[both] = 0.0
        can = np.flatnonzero(both & self.compatible(one, two)[0])
        a, b = a[can], b[can]
        shared = (self.bits[a] & self.bits[b] & (_BRAND_BITS | _TYPE_BITS)) > 0
        cores = (self.length[a] > 0).astype(int) + (self.length[b] > 0)
        full = cores == 2
        score[can[full]] = cpdist(
            self.core[a[full]].tolist(),
            self.core[b[full]].tolist(),
            scorer=Indel.normalized_similarity,
            dtype=np.float64,
        )
        score[can[~full]] = np.where(shared, np.where(cores == 0, 1.0, _HALF), 0.0)[~full]
        part[can] = (cores == 1) & shared
        longer = np.abs(self.length[a] - self.length[b]) >= _EXCESS
        # One character alone is no part of a name, unless it is the number in it.
        numbered = self.numbers[a] != self.numbers[-1]
        longer &= full & (numbered | (np.minimum(self.length[a], self.length[b]) > 1))
        at = np.flatnonzero(longer)
        short = np.where(self.length[a[at]] < self.length[b[at]], a[at], b[at])
        long = np.where(short == a[at], b[at], a[at])
        part[can[at]] = [x in y for x, y in zip(self.tokens[short], self.tokens[long], strict=True)]
        return score, part


def _parse(name: str) -> tuple[str, str, int, str]:
    """Part a name into its core, the core's tokens, the classes of its words, its numbers."""
    runs: list[str] = []
    words: list[str] = []
    place, bits = "", 0
    for number, part in enumerate(_TERM.split(_plain(name))):
        if number % 2:
            bits |= _WORDS[part]
            continue
        for piece in _PIECE.findall(part):
            if piece in _WORDS:
                bits |= _WORDS[piece]
            elif piece in _ROMAN and (words or runs or bits):
                runs.append(_ROMAN[piece])
            elif piece[0].isdigit() or re.match(f"[{_HAN}]", piece):
                run, stem, more = _parse_run(piece)
                runs.append(run)
                place, bits = place or stem, bits | more
            else:
                words.append(piece)
    core = "".join(runs)
    if not words and not re.search(f"[{_HAN}]", core):
        core = place + core
    for way in [*core, *words]:
        bits |= _WAY_WORDS.get(way, 0)
    words.sort()
    tokens = re.findall(r"\d+|.", core) + words
    numbers = ",".join(sorted(token for token in tokens if token.isdigit()))
    return core + "".join(words), f" {' '.join(tokens)} ", bits, numbers


def _parse_run(text: str) -> tuple[str, str, int]:
    """Part a run of Chinese characters into what is left of it, its place, and its classes."""
    text = _NUMERAL.sub(_arabic, text)
    bits = 0
    short = re.fullmatch(r"(.*\d)([中小幼])", text)
    if short:
        text, bits = short[1], _WORDS[_SHORT[short[2]]]
    text = _PEOPLES.sub("", text)
    admin = _ADMIN.match(text)
    stem = ""
    if admin is not None:
        stem = next(filter(None, admin.group("town", "district", "county", "city")), "")
        text = text[admin.end() :]
    return _SHOP.sub("", _VILLAGE.sub("", text)), stem, bits


def _arabic(match: re.Match[str]) -> str:
    """Write a Chinese numeral in digits: 第十二 as 12, 一三 as 13, 12 as 12."""
    total, current = 0, 0
    for sign in match[1]:
        if sign in _TENS:
            total, current = total + (current or 1) * _TENS[sign], 0
        else:
            current = current * 10 + int(_DIGITS.get(sign, sign))
    return str(total + current)
