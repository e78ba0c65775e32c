"""Lettering of static figures: a font with Chinese glyphs, and no glyph that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Transform

from lifecircle.errors import warn
from lifecircle.render.report.text import plain
from lifecircle.render.standards_text import width

CHINESE_FONTS: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "SimHei",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Heiti SC",
    "Noto Sans SC",
    # Older versions of matplotlib see only the first face of a collection; its glyphs are there.
    "Noto Sans CJK JP",
)
"""Families with Chinese glyphs, the first that is installed is used."""

_ALWAYS: Final = "DejaVu Sans"  # comes with matplotlib
_BOX: Final = "□"
_CM: Final = 1.0 / 2.54


@dataclass(frozen=True)
class Lettering:
    """The fonts of a set of figures.

    Parameters
    ----------
    families
        Tried glyph by glyph, in this order.
    """

    families: tuple[str, ...]

    def font(self, size: float, *, bold: bool = False) -> FontProperties:
        """Give the font in a size, pt."""
        weight = "bold" if bold else "normal"
        return FontProperties(family=list(self.families), size=size, weight=weight)

    def legible(self, text: str) -> str:
        """Give a text with a box in place of every glyph that no font has.

        Examples
        --------
        >>> Lettering(("DejaVu Sans",)).legible("A中")
        'A□'
        """
        return "".join(c if c == "\n" or _drawn(self.families, c) else _BOX for c in text)

    def write(
        self,
        figure: Figure,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        **how: Any,
    ) -> Text:
        """Write on a figure, at centimetres from its lower left corner."""
        return figure.text(
            x,
            y,
            self.legible(text),
            fontproperties=self.font(size, bold=bold),
            transform=how.pop("transform", None) or centimetres(figure),
            parse_math=False,  # a dollar sign in a name starts no formula
            **how,
        )


def lettering(families: Sequence[str] = CHINESE_FONTS) -> Lettering:
    """Find a font with Chinese glyphs; without one, say what to install and go on.

    Parameters
    ----------
    families
        Families to look for, the best first.

    Returns
    -------
    Lettering
        Where none is installed, glyphs that are missing are drawn as boxes.
    """
    for family in families:
        if _installed(family):
            return Lettering((family, _ALWAYS))
    warn(
        f"figures: no font with Chinese glyphs is installed (looked for {', '.join(families)}), so "
        "Chinese text on static maps shows as boxes -> install Noto Sans CJK SC (Debian, Ubuntu: "
        f"apt install fonts-noto-cjk), then delete {mpl.get_cachedir()}"
    )
    return Lettering((_ALWAYS,))


def centimetres(figure: Figure) -> Transform:
    """Give the transform from centimetres on the page."""
    scaled: Transform = Affine2D().scale(_CM) + figure.dpi_scale_trans
    return scaled


def wrapped(text: str, columns: int, lines: int = 3) -> str:
    r"""Break a text into lines; a Chinese character takes two columns.

    Parameters
    ----------
    text
        One line.
    columns
        Width of a line.
    lines
        How many at most; what is cut off is told by an ellipsis.

    Examples
    --------
    >>> wrapped("步行速度 4.5 公里/小时", 12)
    '步行速度 4.5\n公里/小时'
    """
    done, line = [], ""
    for part in _parts(text):
        if line and width((line + part).rstrip()) > columns:
            done.append(line.rstrip())
            line = ""
        line = (line + part).lstrip() if not line else line + part
    done.append(line.rstrip())
    if len(done) > lines:
        done = [*done[: lines - 1], done[lines - 1][:-1] + "…"]
    return "\n".join(done)


def short(text: Any, columns: int) -> str:
    """Give a name of at most so many columns, cut visibly.

    Examples
    --------
    >>> short("绥宁县长铺镇中心卫生院", 10)
    '绥宁县长…'
    """
    name = plain(text, limit=columns)
    if width(name) <= columns:
        return name
    while width(name) > columns - 1:
        name = name[:-1]
    return name + "…"


def _parts(text: str) -> list[str]:
    """Cut where a line may break: after blanks, and between Chinese characters."""
    parts = [""]
    for c in plain(text, limit=4000):
        wide = width(c) == 2
        closing = c in "，。；：、）》”！？,.;:)]%"
        before = parts[-1][-1:]
        if before and not closing and (before == " " or wide or width(before) == 2):
            if before in "（《“([":
                parts[-1] += c
                continue
            parts.append("")
        parts[-1] += c
    return parts


@lru_cache(maxsize=64)
def _path(family: str) -> Any:
    try:
        return font_manager.findfont(FontProperties(family=[family]), fallback_to_default=False)
    except ValueError:
        return None


def _installed(family: str) -> bool:
    return family in {entry.name for entry in font_manager.fontManager.ttflist}


@lru_cache(maxsize=20_000)
def _drawn(families: tuple[str, ...], character: str) -> bool:
    paths = [path for path in map(_path, families) if path is not None]
    return any(font_manager.get_font(path).get_char_index(ord(character)) for path in paths)
