// The map: counties filled by class, hatched or grey where there is none, named where there is room.

const INK = "#17313b";
const CHOSEN = "#e65100";
const NO_DATA = "#d3d7da";
const shapes = unpackShapes(data.shapes);
const placed = (county) => shapes.ring[county + 1] > shapes.ring[county];

/** Tiles that tell the uncoloured apart also in black and white. */
function tile(context, dpr, name) {
  const size = Math.round(8 * dpr);
  const canvas = el("canvas", { width: size, height: size });
  const pen = canvas.getContext("2d");
  pen.fillStyle = name === "apart" ? "#ffffff" : NO_DATA;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = pen.fillStyle = name === "apart" ? "#9a5b00" : "#6d777d";
  pen.lineWidth = 1.3 * dpr;
  if (name === "apart") {
    pen.beginPath();
    pen.arc(size / 2, size / 2, 1.3 * dpr, 0, 7);
    pen.fill();
  } else {
    pen.beginPath();
    for (const shift of [-size, 0, size]) { pen.moveTo(shift - 1, size + 1); pen.lineTo(shift + size + 1, -1); }
    pen.stroke();
  }
  return context.createPattern(canvas, "repeat");
}

function paintCounties(context, view) {
  const colours = classes().map(({ color }) => color);
  const tiles = { apart: tile(context, view.dpr, "apart"), unfinished: tile(context, view.dpr, "unfinished") };
  const place = shownPlace();
  context.lineJoin = "round";
  for (let county = 0; county < COUNT; county++) {
    if (!placed(county) || !visible(shapes, county, view)) continue;
    const figure = figures[county];
    context.globalAlpha = inPlace(county, place) ? 1 : 0.22;
    context.beginPath();
    trace(context, shapes, county, view);
    context.fillStyle = figure.group >= 0 ? colours[figure.group] : tiles[figure.state] || NO_DATA;
    context.fill("evenodd");
    context.strokeStyle = "#ffffff";
    context.lineWidth = 1.1 * view.dpr;
    context.stroke();
  }
  context.globalAlpha = 1;
}

function paintMarked(context, view) {
  const mark = (county, colour, width) => {
    if (county < 0 || !placed(county)) return;
    context.beginPath();
    trace(context, shapes, county, view);
    context.lineJoin = "round";
    context.strokeStyle = "#ffffff";
    context.lineWidth = (width + 2.4) * view.dpr;
    context.stroke();
    context.strokeStyle = colour;
    context.lineWidth = width * view.dpr;
    context.stroke();
  };
  if (state.hovered !== state.chosen) mark(state.hovered, INK, 1.8);
  mark(state.chosen, CHOSEN, 2.8);
}

/** The middle of a county's widest stretch, in the plane: where its name stands. */
const middles = counties.map((_, county) => once(() => {
  const [west, south, east, north] = shapes.box.subarray(4 * county, 4 * county + 4);
  let best = { width: 0, x: (west + east) / 2, y: (south + north) / 2 };
  for (const part of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9]) {
    const y = south + (north - south) * part;
    const crossings = [];
    for (let r = shapes.ring[county]; r < shapes.ring[county + 1]; r++) {
      for (let a = shapes.vertex[r], b = shapes.vertex[r + 1] - 1; a < shapes.vertex[r + 1]; b = a++) {
        if (shapes.y[a] > y !== shapes.y[b] > y) crossings.push(shapes.x[a] + ((shapes.x[b] - shapes.x[a]) * (y - shapes.y[a])) / (shapes.y[b] - shapes.y[a]));
      }
    }
    crossings.sort((p, q) => p - q);
    for (let c = 0; c + 1 < crossings.length; c += 2) {
      const width = crossings[c + 1] - crossings[c];
      if (width > best.width * 1.15) best = { width, x: (crossings[c] + crossings[c + 1]) / 2, y };
    }
  }
  return best;
}));

/** A county's name as it stands on the map. */
const mapName = (county) => shortened(say(counties[county].name), 22);

function paintNames(context, view) {
  const size = (view.paper ? 10.5 : 12.5) * view.dpr;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const place = shownPlace();
  const order = counties.map((_, county) => county).filter((county) => placed(county) && inPlace(county, place) && visible(shapes, county, view));
  order.sort((a, b) => (b === state.chosen) - (a === state.chosen) || middles[b]().width - middles[a]().width);
  const taken = [];
  for (const county of order) {
    const { x, y, width } = middles[county]();
    const name = mapName(county);
    context.font = `600 ${size}px "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif`;
    const wide = context.measureText(name).width;
    if (wide > width * view.k * 1.25 && county !== state.chosen) continue;
    const [px, py] = [x * view.k + view.left, view.top - y * view.k];
    const figure = figures[county];
    const high = figure.share === null ? size : 2.1 * size;
    const box = [px - wide / 2 - 3, py - high / 2, px + wide / 2 + 3, py + high / 2];
    if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
    taken.push(box);
    const write = (text, line) => {
      context.strokeStyle = "rgba(255, 255, 255, 0.92)";
      context.lineWidth = 3.4 * view.dpr;
      context.strokeText(text, px, line);
      context.fillStyle = INK;
      context.fillText(text, px, line);
    };
    write(name, figure.share === null ? py : py - size * 0.55);
    if (figure.share === null) continue;
    context.font = `500 ${0.9 * size}px "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif`;
    write(percent(figure.share) + (figure.state === "apart" ? "*" : ""), py + size * 0.6);
  }
}

const layers = {
  counties: new CanvasLayer("lc-counties", 410, paintCounties),
  marked: new CanvasLayer("lc-marked", 420, paintMarked),
  names: new CanvasLayer("lc-names", 430, paintNames),
};

/**
 * Bounds of some counties, as latitude and longitude; null where none has a place. The border of one that is not finished is
 * found by its code alone: far from all that are, it is left out, as a wrong code would make the others too small to see.
 */
function boundsOf(some) {
  const finished = extentOf(some.filter((county) => counties[county].status === "done"));
  if (!finished) return extentOf(some);
  const around = finished.pad(1);
  return extentOf(some.filter((county) => counties[county].status === "done" || around.intersects(extentOf([county]) || around)));
}

function extentOf(some) {
  const boxes = some.filter(placed).map((county) => shapes.box.subarray(4 * county, 4 * county + 4));
  if (!boxes.length) return null;
  const low = (i) => Math.min(...boxes.map((box) => box[i]));
  const high = (i) => Math.max(...boxes.map((box) => box[i]));
  return L.latLngBounds(toPlace(low(0), low(1)), toPlace(high(2), high(3)));
}

/** The view of the screen on a canvas of another size: what of the counties is seen, in its middle. */
function viewOn(width, height, dpr) {
  const all = boundsOf(counties.map((_, county) => county));
  const seen = map.getBounds();
  const shown = all && seen.intersects(all) ? L.latLngBounds(
    [Math.max(seen.getSouth(), all.getSouth()), Math.max(seen.getWest(), all.getWest())],
    [Math.min(seen.getNorth(), all.getNorth()), Math.min(seen.getEast(), all.getEast())],
  ).pad(0.04) : seen;
  const [west, north] = toPlane(shown.getNorthWest());
  const [east, south] = toPlane(shown.getSouthEast());
  const k = Math.min(width / (east - west), height / (north - south)) * dpr;
  return {
    k, dpr, paper: true, width: width * dpr, height: height * dpr, zoom: map.getZoom(),
    left: (width * dpr) / 2 - ((west + east) / 2) * k, top: (height * dpr) / 2 + ((south + north) / 2) * k,
  };
}

/** The map as a picture, with scale and north. */
function mapCanvas(width, height, dpr) {
  const view = viewOn(width, height, dpr);
  const canvas = el("canvas", { width: view.width, height: view.height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#f3f6f5";
  context.fillRect(0, 0, view.width, view.height);
  Object.values(layers).forEach((layer) => { context.save(); layer._paint(context, view); context.restore(); });
  paintBearings(context, view);
  return canvas;
}

/** Scale and north arrow, bottom left. The plane is stretched by 1 / cos(latitude). */
function paintBearings(context, view) {
  const { dpr } = view;
  const metres = (120 * dpr) / view.k / 10 * Math.cos((map.getCenter().lat * Math.PI) / 180);
  const step = 10 ** Math.floor(Math.log10(metres));
  const round = [5, 2, 1].find((times) => times * step <= metres) * step;
  const long = (round / metres) * 120 * dpr;
  const [x, y] = [14 * dpr, view.height - 14 * dpr];
  context.strokeStyle = context.fillStyle = INK;
  context.lineWidth = 1.6 * dpr;
  context.beginPath();
  [[x, y - 6 * dpr], [x, y], [x + long, y], [x + long, y - 6 * dpr]].forEach(([px, py], i) => (i ? context.lineTo(px, py) : context.moveTo(px, py)));
  context.stroke();
  context.font = `500 ${11 * dpr}px "Noto Sans CJK SC", "Microsoft YaHei", sans-serif`;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(t("kilometres", { value: number(round / 1000, 1) }), x, y - 9 * dpr);
  const [nx, ny] = [x + 10 * dpr, y - 44 * dpr];
  context.beginPath();
  [[0, -22], [7, 4], [0, -1], [-7, 4]].forEach(([px, py], i) => context[i ? "lineTo" : "moveTo"](nx + px * dpr, ny + py * dpr));
  context.fill();
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillText(t("north_short"), nx, ny + 17 * dpr);
}
