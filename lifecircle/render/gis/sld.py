"""Styles as SLD, which other programs than QGIS read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from lifecircle.render.gis.qml import Rule, Style, Symbol
from lifecircle.render.gis.words import clean

_SLD: Final = "http://www.opengis.net/sld"
_SE: Final = "http://www.opengis.net/se"
_OGC: Final = "http://www.opengis.net/ogc"
_PX: Final = 3.57  # pixels of 0.28 mm in a millimetre, as OGC counts them


def sld(style: Style, layer: str) -> str:
    """Write a style as SLD 1.1 with symbology encoding.

    Parameters
    ----------
    style
        What to draw; rules that are switched off are left out.
    layer
        Name of the layer.

    Returns
    -------
    str
        An SLD document.
    """
    root = ET.Element(
        "StyledLayerDescriptor",
        {"xmlns": _SLD, "xmlns:se": _SE, "xmlns:ogc": _OGC, "version": "1.1.0"},
    )
    named = ET.SubElement(root, "NamedLayer")
    ET.SubElement(named, "se:Name").text = clean(layer)
    user = ET.SubElement(named, "UserStyle")
    ET.SubElement(user, "se:Name").text = clean(style.name)
    held = ET.SubElement(user, "se:FeatureTypeStyle")
    taken: list[float] = []
    for rule, equals in _leaves(style.rules, {}):
        element = ET.SubElement(held, "se:Rule")
        ET.SubElement(element, "se:Name").text = clean(rule.label)
        tests = [_compared("PropertyIsEqualTo", field, value) for field, value in equals.items()]
        if rule.missing:
            null = ET.Element("ogc:PropertyIsNull")
            ET.SubElement(null, "ogc:PropertyName").text = clean(style.field)
            tests.append(null)
        elif rule.least is not None and rule.most is not None:
            tests += _between(style.field, rule.least, rule.most, taken)
        _filter(element, tests)
        if rule.symbol is not None:
            element.append(_symbolizer(rule.symbol))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _leaves(
    rules: Sequence[Rule], equals: Mapping[str, str | float]
) -> Iterable[tuple[Rule, Mapping[str, str | float]]]:
    for rule in rules:
        if not rule.shown:
            continue
        both = {**equals, **(rule.equals or {})}
        if rule.below:
            yield from _leaves(rule.below, both)
        else:
            yield rule, both


def _between(field: str, least: float, most: float, taken: list[float]) -> list[ET.Element]:
    """Compare with bounds; one that an earlier class has already is not included again."""
    low = "PropertyIsGreaterThan" if least in taken else "PropertyIsGreaterThanOrEqualTo"
    high = "PropertyIsLessThan" if most in taken else "PropertyIsLessThanOrEqualTo"
    taken += [least, most]
    return [_compared(low, field, least), _compared(high, field, most)]


def _compared(how: str, field: str, value: str | float) -> ET.Element:
    element = ET.Element(f"ogc:{how}")
    ET.SubElement(element, "ogc:PropertyName").text = clean(field)
    told = f"{value:g}" if isinstance(value, float) else clean(value)
    ET.SubElement(element, "ogc:Literal").text = told
    return element


def _filter(element: ET.Element, tests: Sequence[ET.Element]) -> None:
    if not tests:
        return
    held = ET.SubElement(element, "ogc:Filter")
    if len(tests) > 1:
        held = ET.SubElement(held, "ogc:And")
    held.extend(tests)


def _symbolizer(symbol: Symbol) -> ET.Element:
    if symbol.kind == "marker":
        element = ET.Element("se:PointSymbolizer")
        graphic = ET.SubElement(element, "se:Graphic")
        mark = ET.SubElement(graphic, "se:Mark")
        ET.SubElement(mark, "se:WellKnownName").text = "circle"
        _parameters(ET.SubElement(mark, "se:Fill"), {"fill": symbol.color})
        _parameters(ET.SubElement(mark, "se:Stroke"), {"stroke": symbol.outline or "#ffffff"})
        ET.SubElement(graphic, "se:Size").text = "10"
        return element
    element = ET.Element("se:PolygonSymbolizer")
    fill = ET.SubElement(element, "se:Fill")
    if symbol.hatch is None:
        _parameters(fill, {"fill": symbol.color, "fill-opacity": f"{symbol.opacity:g}"})
    else:
        graphic = ET.SubElement(ET.SubElement(fill, "se:GraphicFill"), "se:Graphic")
        mark = ET.SubElement(graphic, "se:Mark")
        ET.SubElement(mark, "se:WellKnownName").text = "horline"
        _parameters(ET.SubElement(mark, "se:Stroke"), {"stroke": symbol.color})
        ET.SubElement(graphic, "se:Size").text = "7"
        ET.SubElement(graphic, "se:Rotation").text = f"{symbol.hatch:g}"
    if symbol.outline:
        stroke = {"stroke": symbol.outline, "stroke-width": f"{symbol.width * _PX:.1f}"}
        _parameters(ET.SubElement(element, "se:Stroke"), stroke)
    return element


def _parameters(element: ET.Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        ET.SubElement(element, "se:SvgParameter", name=name).text = value
