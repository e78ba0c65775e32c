"""Styles as QGIS writes them (QML): symbols, classes and rules.

The structure is that of QGIS 3.22, which newer ones read; symbol layers carry both the options of
3.26 and later and the properties that came before.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from xml.etree import ElementTree as ET

from lifecircle.render.gis.words import clean

_HEAD: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_VERSION: Final = "3.22.0"
_GEOMETRY: Final = {"marker": "0", "fill": "2"}
MISSING_NUMBER: Final = -9999.0
"""What stands for no data where a format holds no empty number. ArcGIS would show a blank as 0."""


@dataclass(frozen=True)
class Symbol:
    """How features look.

    Parameters
    ----------
    kind
        ``"marker"`` or ``"fill"``.
    color
        ``#rrggbb`` of the mark, the area or the hatch.
    opacity
        Of the area, 0 to 1.
    outline
        ``#rrggbb``, or empty for none.
    width
        Of the outline, mm.
    hatch
        Angle of hatching in place of a plain fill, degrees; None for a plain fill.
    """

    kind: str
    color: str
    opacity: float = 1.0
    outline: str = ""
    width: float = 0.2
    hatch: float | None = None


@dataclass(frozen=True)
class Rule:
    """One class of a style: which features, under what name, looking how.

    Parameters
    ----------
    label
        Shown in the legend.
    symbol
        Its look; None for a heading of the rules below it.
    equals
        Field -> value that it must have.
    least, most
        Bounds of the graded field, both included; earlier rules take precedence.
    missing
        Whether it is for features without a value.
    below
        Rules within it.
    shown
        Whether it is switched on at first.
    """

    label: str
    symbol: Symbol | None = None
    equals: Mapping[str, str | float] | None = None
    least: float | None = None
    most: float | None = None
    missing: bool = False
    below: tuple[Rule, ...] = ()
    shown: bool = True

    def stored_as(self, names: Mapping[str, str]) -> Rule:
        """Give the same rule by the names that fields have in a file."""
        equals = {names.get(name, name): value for name, value in (self.equals or {}).items()}
        below = tuple(rule.stored_as(names) for rule in self.below)
        return replace(self, equals=equals or None, below=below)


@dataclass(frozen=True)
class Style:
    """A named style of a layer.

    Parameters
    ----------
    name
        Shown in QGIS; 30 characters are kept.
    method
        ``"categorised"`` (each rule is one value of `field`), ``"graduated"`` (bounds of `field`)
        or ``"rules"``.
    field
        Field that decides.
    rules
        Its classes.
    label_field
        Field that is written beside the features; empty for none.
    """

    name: str
    method: str
    field: str
    rules: tuple[Rule, ...]
    label_field: str = ""

    def stored_as(self, names: Mapping[str, str]) -> Style:
        """Give the same style by the names that fields have in a file."""
        return replace(
            self,
            field=names.get(self.field, self.field),
            label_field=names.get(self.label_field, self.label_field),
            rules=tuple(rule.stored_as(names) for rule in self.rules),
        )


def qml(style: Style, aliases: Mapping[str, str], geometry: str) -> str:
    """Write a style as QGIS does.

    Parameters
    ----------
    style
        What to draw.
    aliases
        Field -> name shown in its place.
    geometry
        ``"marker"`` for points, ``"fill"`` for areas.

    Returns
    -------
    str
        A QML document.

    Examples
    --------
    >>> post = Rule("邮政", Symbol("marker", "#1b7f5c"), {"kind": "post"})
    >>> text = qml(Style("按类别", "categorised", "kind", (post,)), {"kind": "类别"}, "marker")
    >>> ET.fromstring(text).find(".//category").attrib["label"]
    '邮政'
    """
    root = ET.Element(
        "qgis",
        version=_VERSION,
        styleCategories="Symbology|Labeling|Fields",
        labelsEnabled="1" if style.label_field else "0",
    )
    aliased = ET.SubElement(root, "aliases")
    for number, (field, alias) in enumerate(aliases.items()):
        ET.SubElement(aliased, "alias", index=str(number), field=clean(field), name=clean(alias))
    root.append(_renderer(style))
    if style.label_field:
        root.append(_labeling(style.label_field))
    ET.SubElement(root, "layerGeometryType").text = _GEOMETRY[geometry]
    ET.indent(root, " ")
    return _HEAD + ET.tostring(root, encoding="unicode")


def _renderer(style: Style) -> ET.Element:
    symbols: list[Symbol] = []
    ordered = "1" if style.method == "rules" else "0"
    common = {"forceraster": "0", "symbollevels": "0", "enableorderby": ordered}
    if style.method == "rules":
        renderer = ET.Element("renderer-v2", {"type": "RuleRenderer", **common})
        top = ET.SubElement(renderer, "rules", key=_key(style.name, "rules"))
        _add_rules(top, style.rules, symbols, style.name)
    elif style.method == "categorised":
        given = {"type": "categorizedSymbol", "attr": clean(style.field), **common}
        renderer = ET.Element("renderer-v2", given)
        top = ET.SubElement(renderer, "categories")
        for rule in style.rules:
            value = str((rule.equals or {}).get(style.field, ""))
            told = {"type": "string", "value": clean(value), **_class(rule, symbols)}
            ET.SubElement(top, "category", told)
    else:
        # A graduated renderer draws no empty value; as -1 they have their own grey class.
        given = {"type": "graduatedSymbol", "attr": f'coalesce("{_quoted(style.field)}",-1)'}
        renderer = ET.Element(
            "renderer-v2", {**given, "graduatedMethod": "GraduatedColor", **common}
        )
        top = ET.SubElement(renderer, "ranges")
        for rule in style.rules:
            # Shapefiles hold no empty number: theirs is a large negative one.
            low, high = (MISSING_NUMBER, -1.0) if rule.missing else (rule.least, rule.most)
            bounds = {"lower": f"{low:.15f}", "upper": f"{high:.15f}"}
            ET.SubElement(top, "range", {**bounds, **_class(rule, symbols)})
    held = ET.SubElement(renderer, "symbols")
    for number, symbol in enumerate(symbols):
        held.append(_symbol(symbol, str(number)))
    if style.method == "rules":  # the largest first, or it would cover the others
        order = ET.SubElement(renderer, "orderby")
        clause = ET.SubElement(order, "orderByClause", asc="0", nullsFirst="0")
        clause.text = f'"{_quoted(style.field)}"'
    return renderer


def _class(rule: Rule, symbols: list[Symbol]) -> dict[str, str]:
    if rule.symbol is not None:
        symbols.append(rule.symbol)
    render = "true" if rule.shown else "false"
    return {"symbol": str(len(symbols) - 1), "label": clean(rule.label), "render": render}


def _add_rules(above: ET.Element, rules: Iterable[Rule], symbols: list[Symbol], path: str) -> None:
    for number, rule in enumerate(rules):
        here = f"{path}/{number}"
        given = {"label": clean(rule.label), "key": _key(here, rule.label)}
        if rule.equals:
            given["filter"] = " AND ".join(
                f'"{_quoted(field)}" = {_literal(value)}' for field, value in rule.equals.items()
            )
        if rule.symbol is not None:
            given["symbol"] = str(len(symbols))
            symbols.append(rule.symbol)
        if not rule.shown:
            given["checkstate"] = "0"
        _add_rules(ET.SubElement(above, "rule", given), rule.below, symbols, here)


def _key(*parts: str) -> str:
    """Give a rule its key: the same for the same style, as files should not differ by chance."""
    return f"{{{uuid.uuid5(uuid.NAMESPACE_URL, '|'.join(parts).encode(errors='replace').hex())}}}"


def _literal(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else "'" + clean(value).replace("'", "''") + "'"


def _quoted(field: str) -> str:
    return clean(field).replace('"', '""')


def _symbol(symbol: Symbol, name: str) -> ET.Element:
    element = _bare_symbol(symbol.kind, name)
    if symbol.kind == "marker":
        options = {
            "name": "circle",
            "color": _rgba(symbol.color, symbol.opacity),
            "outline_color": _rgba(symbol.outline or "#ffffff"),
            "outline_style": "solid",
            "outline_width": f"{symbol.width:g}",
            "outline_width_unit": "MM",
            "size": "2.8",
            "size_unit": "MM",
        }
        element.append(_layer("SimpleMarker", options))
        return element
    plain = symbol.hatch is None
    options = {
        "color": _rgba(symbol.color, symbol.opacity if plain else 0.0),
        "style": "solid" if plain else "no",
        "outline_color": _rgba(symbol.outline or symbol.color),
        "outline_style": "solid" if symbol.outline else "no",
        "outline_width": f"{symbol.width:g}",
        "outline_width_unit": "MM",
        "joinstyle": "bevel",
    }
    if not plain:
        element.append(_hatching(symbol, name))
    element.append(_layer("SimpleFill", options))
    return element


def _bare_symbol(kind: str, name: str) -> ET.Element:
    return ET.Element("symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0")


def _hatching(symbol: Symbol, name: str) -> ET.Element:
    color = _rgba(symbol.color)
    options = {
        "angle": f"{symbol.hatch:g}",
        "color": color,
        "distance": "2",
        "distance_unit": "MM",
        "line_width": "0.4",
        "line_width_unit": "MM",
    }
    layer = _layer("LinePatternFill", options)
    line = _bare_symbol("line", f"@{name}@0")
    pen = {"line_color": color, "line_style": "solid", "line_width": "0.4", "line_width_unit": "MM"}
    line.append(_layer("SimpleLine", pen))
    layer.append(line)
    return layer


def _layer(name: str, options: Mapping[str, str]) -> ET.Element:
    layer = ET.Element("layer", {"class": name, "enabled": "1", "locked": "0", "pass": "0"})
    held = ET.SubElement(layer, "Option", type="Map")
    for key, value in options.items():
        ET.SubElement(held, "Option", name=key, type="QString", value=value)
    for key, value in options.items():
        ET.SubElement(layer, "prop", k=key, v=value)
    return layer


def _labeling(field: str) -> ET.Element:
    labeling = ET.Element("labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    style = ET.SubElement(
        settings,
        "text-style",
        fieldName=clean(field),
        isExpression="0",
        fontSize="9",
        fontSizeUnit="Point",
        textColor="23,49,59,255",
        namedStyle="Regular",
    )
    ET.SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferColor="255,255,255,255",
    )
    ET.SubElement(settings, "placement", placement="1", centroidInside="1")
    ET.SubElement(settings, "rendering", obstacle="1", scaleVisibility="0")
    return labeling


def _rgba(color: str, opacity: float = 1.0) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def raster_qml(items: Iterable[tuple[float, str, str]]) -> str:
    """Write a raster's style: the class of a value is the first whose top it does not pass.

    Parameters
    ----------
    items
        Top, label and ``#rrggbb`` of each class, rising; the last top is infinite.
    """
    root = ET.Element("qgis", version=_VERSION, styleCategories="Symbology")
    given = {"type": "singlebandpseudocolor", "band": "1", "opacity": "1", "alphaBand": "-1"}
    renderer = ET.SubElement(ET.SubElement(root, "pipe"), "rasterrenderer", given)
    shader = ET.SubElement(renderer, "rastershader")
    how = {"colorRampType": "DISCRETE", "classificationMode": "1", "clip": "0"}
    ramp = ET.SubElement(shader, "colorrampshader", how)
    for top, label, color in items:
        told = {"value": f"{top:g}", "label": label, "color": color, "alpha": "255"}
        ET.SubElement(ramp, "item", told)
    ET.indent(root, " ")
    return _HEAD + ET.tostring(root, encoding="unicode")
