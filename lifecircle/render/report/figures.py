"""Static maps and charts, drawn once for report, PDF and picture files; no global state."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.transforms import Bbox
from PIL import Image, ImageOps

from lifecircle.render.mappable import Mappable, check_assessment
from lifecircle.render.report.asked import limit_lines, settings_without
from lifecircle.render.report.figure_charts import coverage_charts, unit_charts
from lifecircle.render.report.figure_decided import decided_charts
from lifecircle.render.report.figure_ground import (
    GOOD_TO_BAD,
    MISSING,
    NO_DATA,
    Classes,
    Ground,
    draw_cells,
    draw_ground,
    ground_of,
    minute_classes,
    path_of,
    score_classes,
)
from lifecircle.render.report.figure_labels import draw_names, draw_ranks, gap_spots
from lifecircle.render.report.figure_page import (
    GAP,
    Item,
    Page,
    draw_legend,
    generated,
    new_page,
    small_print,
)
from lifecircle.render.report.figure_text import Lettering, lettering, wrapped
from lifecircle.render.report.text import joined, percent, plain, report_words, travel_words
from lifecircle.render.tables.words import word
from lifecircle.render.walking_words import rides
from lifecircle.standards import Lang

DPI: Final = 300
REPORT_DPI: Final = 200
"""Of figures within the report: sharp on paper, small enough to send."""

_A4: Final = (8.27, 11.69)  # inches
_MARGIN_CM: Final = 0.6
_MARKED: Final = 20  # gaps whose rank is written on the map
_MINUTES: Final = (5.0, 10.0, 15.0, 30.0, 60.0)
_MINUTE_LABELS: Final = ("≤ 5", "5–10", "10–15", "15–30", "30–60", "> 60")
_SCORE_LABELS: Final = ("100", "80–99.9", "60–79.9", "40–59.9", "20–39.9", "0–19.9")


@dataclass(frozen=True)
class Drawing:
    """One figure.

    Parameters
    ----------
    name
        Of its file, in ASCII.
    kind
        Whether it is a map of a circle or of a kind's gaps, or a chart.
    subject
        Key of the circle or kind; of a chart of supply or sites which asking it shows, from 0; of
        other charts empty.
    caption
        What it shows, in the figures' language.
    alt
        The same in words for whoever cannot see it.
    figure
        The drawing.
    """

    name: str
    kind: Literal["circle", "gap", "coverage", "units", "supply", "siting", "confidence"]
    subject: str
    caption: str
    alt: str
    figure: Figure


@dataclass(frozen=True)
class Figures:
    """All figures of one assessment in one language; each is turned into pixels once.

    Parameters
    ----------
    lang
        Their language.
    drawings
        Maps first, then charts.
    """

    lang: Lang
    drawings: tuple[Drawing, ...]
    _pixels: dict[str, Image.Image] = field(default_factory=dict, repr=False, compare=False)
    _files: dict[tuple[str, int, float], bytes] = field(
        default_factory=dict, repr=False, compare=False
    )

    def of(self, *kinds: str) -> tuple[Drawing, ...]:
        """Give the drawings of some kinds."""
        return tuple(drawing for drawing in self.drawings if drawing.kind in kinds)

    def size_cm(self, drawing: Drawing) -> tuple[float, float]:
        """Give a drawing's width and height, cm."""
        wide, high = drawing.figure.get_size_inches()
        return float(wide) * 2.54, float(high) * 2.54

    def png(self, drawing: Drawing, dpi: int = DPI, *, margin_cm: float = 0.0) -> bytes:
        """Give a drawing as a PNG file.

        Parameters
        ----------
        drawing
            One of ``drawings``.
        dpi
            Its resolution, up to `DPI`; the file says it too.
        margin_cm
            White around it, for a file that stands alone; within a report the page has margins.
        """
        key = (drawing.name, dpi, margin_cm)
        if key not in self._files:
            image = self._image(drawing)
            if margin_cm:
                image = ImageOps.expand(image, round(margin_cm / 2.54 * DPI), "white")
            if dpi != DPI:
                size = (round(image.width * dpi / DPI), round(image.height * dpi / DPI))
                image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
            file = io.BytesIO()
            # 256 colours are enough for classes and lines, and a fifth of the size.
            few = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            few.save(file, format="PNG", dpi=(dpi, dpi), compress_level=6)
            self._files[key] = file.getvalue()
        return self._files[key]

    def write_pdf(self, path: str | Path) -> None:
        """Write all drawings into one PDF, each in the middle of an A4 page, fonts embedded.

        Parameters
        ----------
        path
            The file.
        """
        title = self.drawings[0].caption if self.drawings else ""
        facts: dict[str, Any] = {"Title": title, "CreationDate": None, "Producer": "lifecircle"}
        with PdfPages(Path(path), metadata=facts) as pdf:
            for drawing in self.drawings:
                wide, high = (float(side) for side in drawing.figure.get_size_inches())
                aside, above = max((_A4[0] - wide) / 2, 0.3), max((_A4[1] - high) / 2, 0.3)
                page = Bbox([[-aside, -above], [wide + aside, high + above]])
                pdf.savefig(drawing.figure, bbox_inches=page, dpi=DPI)

    def write_pngs(self, folder: str | Path) -> list[Path]:
        """Write each drawing as a PNG of 300 dpi, with white around it.

        Parameters
        ----------
        folder
            It is there already.

        Returns
        -------
        list of Path
            The files, in the order of ``drawings``.
        """
        paths = [Path(folder) / f"{drawing.name}.png" for drawing in self.drawings]
        for path, drawing in zip(paths, self.drawings, strict=True):
            path.write_bytes(self.png(drawing, margin_cm=_MARGIN_CM))
        return paths

    def _image(self, drawing: Drawing) -> Image.Image:
        if drawing.name not in self._pixels:
            canvas: Any = drawing.figure.canvas
            before = drawing.figure.dpi
            drawing.figure.set_dpi(DPI)
            canvas.draw()
            self._pixels[drawing.name] = Image.fromarray(
                np.asarray(canvas.buffer_rgba())[..., :3].copy()
            )
            drawing.figure.set_dpi(before)
        return self._pixels[drawing.name]


def draw_figures(
    assessment: Mappable, lang: Lang = "zh", *, letters: Lettering | None = None
) -> Figures:
    """Draw the static maps and charts of an assessment: one per circle, one per kind with gaps.

    Parameters
    ----------
    assessment
        Checked tables.
    lang
        ``"zh"`` or ``"en"``.
    letters
        The fonts; by default the first that is installed of
        `lifecircle.render.report.figure_text.CHINESE_FONTS`.

    Returns
    -------
    Figures
        To be handed to `lifecircle.render.report.writing.write_report`, `report_html` and
        `write_maps`.

    Raises
    ------
    TableError, CRSError
        A table breaks its schema.

    Notes
    -----
    Colours and classes are those of the interactive map. Borders and streets are simplified by what
    cannot be seen on paper; no figure comes from a drawing. Without a font that has Chinese glyphs
    a `DataWarning` says what to install.
    """
    check_assessment(assessment)
    letters = letters or lettering()
    ground = ground_of(assessment)
    standard = assessment.standard
    judged = set(assessment.scores.index.get_level_values("circle"))
    circles = [key for key in standard.circles if key in judged]
    drawings = [
        *(_circle_map(assessment, key, ground, lang, letters) for key in circles),
        *(_gap_map(assessment, key, ground, lang, letters) for key in _gap_kinds(assessment)),
    ]
    text = report_words(lang)
    charts: tuple[tuple[Literal["coverage", "units"], list[Figure]], ...] = (
        ("coverage", coverage_charts(assessment, lang, letters)),
        ("units", unit_charts(assessment, lang, letters)),
    )
    for kind, several in charts:
        for number, figure in enumerate(several, start=1):
            caption = text[f"{kind}_caption"] + (f" ({number})" if number > 1 else "")
            alt = text[f"{kind}_alt"]
            name = kind if kind == "units" and number == 1 else f"{kind}-{number}"
            drawings.append(Drawing(name, kind, "", caption, alt, figure))
    drawings += [
        Drawing(_file_name(chart.kind, chart.key), chart.kind, *chart[2:])
        for chart in decided_charts(assessment, lang, letters)
    ]
    named = [
        Drawing(f"{n:02d}-{d.name}", d.kind, d.subject, d.caption, d.alt, d.figure)
        for n, d in enumerate(drawings, start=1)
    ]
    return Figures(lang, tuple(named))


def write_maps(
    target: str | Path,
    assessment: Mappable,
    *,
    lang: Lang = "zh",
    figures: Figures | None = None,
) -> list[Path]:
    """Write the static maps and charts: as one PDF, or into a folder as PNG files and a PDF.

    Parameters
    ----------
    target
        A file that ends in ``.pdf``, or a folder, made where it is missing.
    assessment
        Checked tables.
    lang
        Their language.
    figures
        Already drawn by `draw_figures`.

    Returns
    -------
    list of Path
        What was written.

    Examples
    --------
    >>> from lifecircle import assess, read_config  # doctest: +SKIP
    >>> result = assess(read_config("data/liechtenstein/county.toml"))  # doctest: +SKIP
    >>> write_maps("maps.pdf", result)  # doctest: +SKIP
    """
    figures = figures or draw_figures(assessment, lang)
    place = Path(target)
    if place.suffix.lower() == ".pdf":
        figures.write_pdf(place)
        return [place]
    place.mkdir(parents=True, exist_ok=True)
    paths = figures.write_pngs(place)
    figures.write_pdf(place / "maps.pdf")
    return [*paths, place / "maps.pdf"]


def _gap_kinds(assessment: Mappable) -> list[str]:
    """Give the kinds whose gaps are looked at, and that were measured."""
    measured = set(assessment.access.index.unique("kind"))
    return [kind for kind in assessment.standard.gap_kinds if kind in measured]


def _file_name(kind: str, key: str) -> str:
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_-]+', '_', key)[:40]}"


def _start(
    assessment: Mappable, title: str, ground: Ground, lang: Lang, letters: Lettering
) -> Page:
    text = report_words(lang)
    subtitle = text["map_subtitle"].format(
        county=plain(assessment.config.label(lang)), date=generated(assessment) or "–"
    )
    return new_page(ground, wrapped(title, 56, 1), subtitle, small_print(assessment, lang), letters)


def _class_items(labels: Sequence[str], classes: Classes, persons: Any, grey: str) -> list[Item]:
    """Give a legend's classes, each with its share of the residents shown."""
    known = persons > 0
    total = float(persons[known].sum())

    def share(number: int) -> str:
        some = float(persons[known & (classes == number)].sum())
        return percent(some / total) if total > 0 else ""

    items = [Item("patch", label, GOOD_TO_BAD[n], share(n)) for n, label in enumerate(labels)]
    return [*items, Item("patch", grey, NO_DATA, share(MISSING))]


def _common_items(missing_names: int, lang: Lang) -> list[Item]:
    text = report_words(lang)
    items = [
        Item("line", text["unit_border"], "#30363b", thick=0.9),
        Item("line", text["streets"], "#a3a9ae", thick=0.8),
        Item("text", wrapped(text["grey_note"], 32, 4)),
    ]
    if missing_names:
        note = text["names_left_out"].format(count=missing_names)
        items.append(Item("text", wrapped(note, 32, 3)))
    return items


def _circle_map(
    assessment: Mappable, circle: str, ground: Ground, lang: Lang, letters: Lettering
) -> Drawing:
    text, standard = report_words(lang), assessment.standard
    label = plain(standard.circles[circle].label(lang))
    title = text["circle_title"].format(circle=label)
    page = _start(assessment, title, ground, lang, letters)
    cells = assessment.cells.index
    classes = score_classes(assessment.scores["score"].xs(circle, level="circle"), cells)
    draw_cells(page.axes, ground, classes)
    draw_ground(page.axes, ground)
    left_out = draw_names(page, ground, letters)
    asked = standard.for_circle(circle)
    unsure = sum(r.flag == "unverified" for r in asked)
    told = text["circle_services"].format(count=len(asked), unsure=unsure)
    items = [
        Item("head", text["score_head"]),
        Item("text", text["shares_right"]),
        *_class_items(_SCORE_LABELS, classes, ground.persons, text["not_judged"]),
        *_common_items(left_out, lang),
        Item("text", wrapped(told, 32, 3)),
    ]
    draw_legend(page, items, lang, letters)
    caption = text["circle_caption"].format(circle=label)
    alt = text["circle_alt"].format(circle=label)
    return Drawing(_file_name("circle", circle), "circle", circle, caption, alt, page.figure)


def _gap_map(
    assessment: Mappable, kind: str, ground: Ground, lang: Lang, letters: Lettering
) -> Drawing:
    text = travel_words(lang, riding=rides(assessment.config))
    entry = assessment.standard.kinds[kind]
    label = plain(entry.label(lang))
    page = _start(assessment, text["gap_title"].format(kind=label), ground, lang, letters)
    seconds = assessment.access["seconds"].xs(kind, level="kind")
    classes = minute_classes(seconds, assessment.cells.index, _MINUTES)
    draw_cells(page.axes, ground, classes)
    draw_ground(page.axes, ground)
    gaps = assessment.gaps[assessment.gaps["kind"] == kind].sort_values("rank", kind="stable")
    half = ground.cell_m / 2.0
    shapes = gaps.geometry.to_numpy()
    flat = shapely.get_dimensions(shapes) == 2
    areas = np.where(flat, shapes, shapely.buffer(shapes, half, cap_style="square"))
    if len(areas):
        hatched = PathPatch(
            path_of(areas), facecolor="none", edgecolor=GAP, hatch="///", linewidth=0.5, zorder=5
        )
        page.axes.add_artist(hatched)
    dots = _draw_places(page, assessment, kind, entry.color)
    known = len(dots)
    taken = draw_ranks(page, gap_spots(gaps)[:_MARKED], letters)
    left_out = draw_names(page, ground, letters, taken, dots)
    place = text["place_item" if known else "place_none"].format(kind=label, count=known)
    items = [
        Item("head", text["minutes_head"]),
        Item("text", text["shares_right"]),
        *_class_items(_MINUTE_LABELS, classes, ground.persons, text["not_reached"]),
        Item("hatch", text["gap_item"].format(count=len(gaps)), GAP),
        Item("text", wrapped(_gap_note(assessment, kind, lang), 32, 8)),
        Item("dot", wrapped(place, 26, 2), entry.color),
        *_common_items(left_out, lang),
    ]
    if len(gaps) > _MARKED:
        items.append(Item("text", wrapped(text["ranks_shown"].format(count=_MARKED), 32, 2)))
    if not known:
        items.append(Item("text", wrapped(text["none_known_note"], 32, 3)))
    draw_legend(page, items, lang, letters)
    caption, alt = text["gap_caption"].format(kind=label), text["gap_alt"].format(kind=label)
    return Drawing(_file_name("gap", kind), "gap", kind, caption, alt, page.figure)


def _gap_note(assessment: Mappable, kind: str, lang: Lang) -> str:
    """Say beyond which limits gaps lie, what of them is unverified, and whom none is set for."""
    text = report_words(lang)
    limits = text["semicolon"].join(limit_lines(assessment, kind, lang))
    told = text["gap_limits"].format(limits=limits)
    aside = joined((word(s, lang) for s in settings_without(assessment, kind)), lang)
    return told + (text["gap_settings"].format(settings=aside) if aside else "")


def _draw_places(
    page: Page, assessment: Mappable, kind: str, colour: str
) -> npt.NDArray[np.float64]:
    """Mark the facilities of one kind, without names; give their places."""
    places = assessment.facilities[assessment.facilities["kind"] == kind]
    points = shapely.get_coordinates(shapely.centroid(places.geometry.to_numpy()))
    page.axes.scatter(
        points[:, 0], points[:, 1], s=18, c=colour, edgecolors="white", linewidths=0.6, zorder=6
    )
    return np.asarray(points, dtype=np.float64)
