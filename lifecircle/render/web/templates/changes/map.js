// The map: cells by class, borders and names of units, facilities that are new, gone or elsewhere.

const INK = "#17313b";
const CHOSEN = "#e65100";
const outlines = data.outlines && unpackShapes(data.outlines);
const border = data.border && unpackShapes(data.border);
const facilities = data.facilities && {
  ...data.facilities,
  x: unpackArray(data.facilities.at.x), y: unpackArray(data.facilities.at.y),
  wasX: unpackArray(data.facilities.was.x), wasY: unpackArray(data.facilities.was.y),
};
const FACILITY_MARKS = [["same", "#ffffff", "#5b6b72"], ["added", "#0b7a3b", "#ffffff"], ["closed", "#a3123a", "#ffffff"], ["moved", "#6a3d9a", "#ffffff"]];
let shown = null;

function stroke(context, view, list, feature, colour, width) {
  context.beginPath();
  trace(context, list, feature, view);
  context.strokeStyle = colour;
  context.lineWidth = width * view.dpr;
  context.lineJoin = "round";
  context.stroke();
}

function paintBorders(context, view) {
  if (outlines) for (let unit = 0; unit < outlines.count; unit++) if (visible(outlines, unit, view)) stroke(context, view, outlines, unit, "#61727a", 0.9);
  if (border) stroke(context, view, border, 0, INK, 2);
  if (outlines && state.unit >= 0) {
    stroke(context, view, outlines, state.unit, "#ffffff", 5);
    stroke(context, view, outlines, state.unit, CHOSEN, 2.6);
  }
  if (cells && state.cell >= 0) {
    const ends = cellRings(state.cell);
    context.beginPath();
    for (let ring = 0, from = 0; ring < ends.length; from = ends[ring], ring++) {
      for (let i = from; i < ends[ring]; i++) context[i === from ? "moveTo" : "lineTo"](scratchX[i] * view.k + view.left, view.top - scratchY[i] * view.k);
      context.closePath();
    }
    context.strokeStyle = CHOSEN;
    context.lineWidth = 2.4 * view.dpr;
    context.stroke();
  }
}

/** Facilities of the kind that is shown: dots as they are, squares what is new, crosses what is gone, a line from where one stood. */
function paintFacilities(context, view) {
  if (!facilities || !state.facilities || !topics.length) return;
  const { dpr } = view;
  const kind = topics[state.topic].kind;
  const list = facilities.kind.map((_, i) => i).filter((i) => facilities.kind[i] === kind).sort((a, b) => facilities.state[a] - facilities.state[b]);
  for (const i of list) {
    const [x, y] = [facilities.x[i] * view.k + view.left, view.top - facilities.y[i] * view.k];
    const [, fillColour, line] = FACILITY_MARKS[facilities.state[i]];
    context.lineWidth = 1.6 * dpr;
    context.strokeStyle = line;
    context.fillStyle = fillColour;
    context.beginPath();
    if (facilities.state[i] === 0) context.arc(x, y, 3.2 * dpr, 0, 7);
    else if (facilities.state[i] === 1) context.rect(x - 5.5 * dpr, y - 5.5 * dpr, 11 * dpr, 11 * dpr);
    else if (facilities.state[i] === 3) {
      context.strokeStyle = fillColour;
      context.moveTo(facilities.wasX[i] * view.k + view.left, view.top - facilities.wasY[i] * view.k);
      context.lineTo(x, y);
      context.stroke();
      context.strokeStyle = line;
      context.beginPath();
      context.arc(x, y, 5.5 * dpr, 0, 7);
    } else context.arc(x, y, 6 * dpr, 0, 7);
    context.fill();
    context.stroke();
    if (facilities.state[i] === 2) {
      context.beginPath();
      const arm = 3 * dpr;
      context.moveTo(x - arm, y - arm); context.lineTo(x + arm, y + arm);
      context.moveTo(x + arm, y - arm); context.lineTo(x - arm, y + arm);
      context.stroke();
    }
  }
}

/** Middles of units: of their cells, weighted by residents; names stand there. */
const unitMiddles = once(() => {
  const sums = data.units.map(() => [0, 0, 0]);
  if (cells) {
    for (let cell = 0; cell < cells.count; cell++) {
      const unit = cells.unit[cell];
      if (unit === MISSING_16) continue;
      const [x, y] = cellMiddle(cell);
      const weight = peopled[cell] + 1e-3;
      sums[unit][0] += weight; sums[unit][1] += weight * x; sums[unit][2] += weight * y;
    }
  }
  return sums.map(([weight, x, y]) => (weight ? [x / weight, y / weight] : null));
});

function cellMiddle(cell) {
  const piece = cells.pieceOf[cell];
  if (piece >= 0) {
    const [west, south, east, top] = cells.rings.box.subarray(4 * piece, 4 * piece + 4);
    return [(west + east) / 2, (south + top) / 2];
  }
  return cells.lattice ? cells.lattice.toPlane(cells.lattice.column[cell], cells.lattice.row[cell]) : [cells.x[cell], cells.y[cell]];
}

function paintNames(context, view) {
  const size = (view.paper ? 10.5 : 12) * view.dpr;
  context.font = `600 ${size}px "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const taken = [];
  unitMiddles().forEach((middle, unit) => {
    if (!middle) return;
    const name = shortened(data.units[unit].name, 18);
    const [x, y] = [middle[0] * view.k + view.left, view.top - middle[1] * view.k];
    const wide = context.measureText(name).width;
    const box = [x - wide / 2 - 3, y - size / 2 - 2, x + wide / 2 + 3, y + size / 2 + 2];
    if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return;
    taken.push(box);
    context.strokeStyle = "rgba(255, 255, 255, 0.9)";
    context.lineWidth = 3.2 * view.dpr;
    context.strokeText(name, x, y);
    context.fillStyle = INK;
    context.fillText(name, x, y);
  });
}

const layers = {
  cells: new CanvasLayer("lc-cells", 230, (context, view) => { if (shown) paintCells(context, view, shown, true); }),
  borders: new CanvasLayer("lc-borders", 410, paintBorders),
  names: new CanvasLayer("lc-names", 420, paintNames),
  facilities: new CanvasLayer("lc-facilities", 430, paintFacilities),
};

/** Bounds of a unit (by its outline, else by its cells), or of all, as latitude and longitude. */
function boundsOf(unit) {
  const one = unit < 0 ? (border && border.box) : (outlines && outlines.ring[unit + 1] > outlines.ring[unit] && outlines.box.subarray(4 * unit, 4 * unit + 4));
  let box = one || null;
  if (!box && cells) {
    box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let cell = 0; cell < cells.count; cell++) {
      if (unit >= 0 && cells.unit[cell] !== unit) continue;
      const [x, y] = cellMiddle(cell);
      box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
    }
  }
  return box && Number.isFinite(box[0]) ? L.latLngBounds(toPlace(box[0], box[1]), toPlace(box[2], box[3])) : null;
}

/** The map as a picture for paper: what is seen of the county, with scale and north. */
function mapCanvas(width, height, dpr) {
  const bounds = map.getBounds();
  const [west, top] = toPlane(bounds.getNorthWest());
  const [east, south] = toPlane(bounds.getSouthEast());
  const k = Math.min(width / (east - west), height / (top - south)) * dpr;
  const view = {
    k, dpr, paper: true, width: Math.round(width * dpr), height: Math.round(height * dpr), zoom: map.getZoom(),
    left: (width * dpr) / 2 - ((west + east) / 2) * k, top: (height * dpr) / 2 + ((south + top) / 2) * k,
  };
  const canvas = el("canvas", { width: view.width, height: view.height });
  const context = canvas.getContext("2d");
  Object.values(layers).forEach((layer) => {
    const sheet = el("canvas", { width: view.width, height: view.height }); // cells replace all that is on a canvas
    layer._paint(sheet.getContext("2d"), view);
    context.drawImage(sheet, 0, 0);
  });
  paintBearings(context, view);
  return canvas;
}

/** Scale and north arrow, bottom left. The plane is stretched by 1 / cos(latitude). */
function paintBearings(context, view) {
  const { dpr } = view;
  const metres = ((120 * dpr) / view.k / 10) * Math.cos((map.getCenter().lat * Math.PI) / 180);
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
  context.fillText(round < 1000 ? t("metres_value", { metres: number(round) }) : t("kilometres", { value: number(round / 1000) }), x, y - 9 * dpr);
  context.textAlign = "center";
  context.fillText(`▲ ${t("north_short")}`, x + 14 * dpr, y - 34 * dpr);
}
