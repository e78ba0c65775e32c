// Population cells: their indicators as classes, their pixels, and the cell under a place.

// Viridis, light to dark: dark is far, or few services. Readable with any colour vision.
const GOOD_TO_BAD = ["#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154"];
const FEW_TO_MANY = ["#dbe9f4", "#a9cbe3", "#6aaed6", "#3585bf", "#125ba0", "#08306b"];
const NO_DATA = "#b4babf";
const MINUTE_BREAKS = [5, 10, 15, 30, 60];

const cells = data.cells && readCells(data.cells);

function readCells(pack) {
  const corners = pack.shapes.corners;
  const piece = unpackArray(pack.shapes.piece);
  const pieceOf = new Int32Array(pack.count).fill(-1);
  piece.forEach((cell, position) => { pieceOf[cell] = position; });
  return {
    count: pack.count,
    id: pack.number ? unpackArray(pack.number) : pack.id,
    x: unpackArray(pack.shapes.x),
    y: unpackArray(pack.shapes.y),
    at: pack.shapes.at,
    reach: pack.shapes.reach,
    corners,
    pieceOf,
    rings: pack.shapes.rings && unpackShapes(pack.shapes.rings),
    unit: unpackArray(pack.unit),
    persons: unpackArray(pack.persons),
    perKm2: once(() => unpackArray(pack.perKm2)),
    residential: once(() => unpackArray(pack.residential)),
    kinds: pack.kinds.map((column) => column && {
      minutes: once(() => unpackArray(column.minutes)),
      metres: column.metres && once(() => unpackArray(column.metres)),
      nearest: once(() => unrun(column.nearest, pack.count)),
    }),
    circles: pack.circles.map((column) => ({
      score: once(() => unpackArray(column.score)),
      complete: once(() => unpackArray(column.complete)),
      worst: once(() => unpackArray(column.worst)),
      minutes: once(() => unpackArray(column.minutes)),
    })),
  };
}

/** Class of a number among rising breaks: 0 for up to the first break, and so on. */
function rank(value, breaks) {
  let position = 0;
  while (position < breaks.length && value > breaks[position]) position++;
  return position;
}

const MINUTE_CLASSES = ["≤ 5", "5 – 10", "10 – 15", "15 – 30", "30 – 60", "> 60"]
  .map((label, i) => ({ label, color: GOOD_TO_BAD[i] }));
const SCORE_CLASSES = ["100", "80 – 99.9", "60 – 79.9", "40 – 59.9", "20 – 39.9", "0 – 19.9"]
  .map((label, i) => ({ label, color: GOOD_TO_BAD[i] }));
const DENSITY_BREAKS = [0, 100, 300, 1500, 5000];
const DENSITY_CLASSES = ["0", "1 – 100", "101 – 300", "301 – 1,500", "1,501 – 5,000", "> 5,000"]
  .map((label, i) => ({ label, color: FEW_TO_MANY[i] }));

/** Class of a score: 0 only for a full 100. */
const scoreClass = (score) => (score >= 100 ? 0 : 5 - Math.min(4, Math.floor(score / 20)));

/** Position of the circle that judges a cell: the first that applies to its setting. */
const ownCircle = (cell) => cells.circles.findIndex((c) => c.score()[cell] !== MISSING_16);

/** What the cells can show: each {key, group, label, unit, classes, missing, classOf(cell)}. */
const indicators = cells ? listIndicators() : [];

function listIndicators() {
  const score = (circle, cell) => {
    const value = circle < 0 ? MISSING_16 : cells.circles[circle].score()[cell];
    return value === MISSING_16 ? MISSING_8 : scoreClass(value / 10);
  };
  const scoring = { unit: t("points"), classes: SCORE_CLASSES, missing: t("not_judged") };
  const list = [{
    ...scoring, key: "own", group: t("group_scores"), label: t("own_circle_title"), option: t("own_circle_score"),
    classOf: (cell) => score(ownCircle(cell), cell),
  }];
  data.circles.forEach((circle, position) => list.push({
    ...scoring, key: `circle:${position}`, group: t("group_scores"), label: circle.label,
    classOf: (cell) => score(position, cell),
  }));
  data.kinds.forEach((kind, position) => {
    const column = cells.kinds[position];
    if (!column) return;
    list.push({
      key: `kind:${position}`, group: t("group_minutes"), label: t("minutes_to", { kind: kind.label }), option: kind.label,
      unit: t("minutes_walk"), classes: MINUTE_CLASSES, missing: t("not_reached"),
      classOf: (cell) => {
        const tenths = column.minutes()[cell];
        return tenths === MISSING_16 ? MISSING_8 : rank(tenths / 10, MINUTE_BREAKS);
      },
    });
  });
  list.push({
    key: "density", group: t("group_population"), label: t("density"), unit: t("per_km2"),
    classes: DENSITY_CLASSES, missing: t("no_data"),
    classOf: (cell) => {
      const value = cells.perKm2()[cell];
      return Number.isNaN(value) ? MISSING_8 : rank(value, DENSITY_BREAKS);
    },
  });
  return list;
}

/** The classes of all cells for an indicator, and the persons in each class. */
function classify(indicator) {
  const classes = new Uint8Array(cells.count);
  const persons = new Float64Array(256);
  for (let cell = 0; cell < cells.count; cell++) {
    classes[cell] = indicator.classOf(cell);
    persons[classes[cell]] += cells.persons[cell];
  }
  return { indicator, classes, persons };
}

const scratchX = [];
const scratchY = [];

/** Corners of a cell in the plane, into the scratch arrays; returns where each ring ends. */
function cellRings(cell) {
  const piece = cells.pieceOf[cell];
  if (piece < 0) {
    const dx = cells.x[cell] - cells.at[0];
    const dy = cells.y[cell] - cells.at[1];
    for (let corner = 0; corner < 4; corner++) {
      const [cx, cy] = [cells.corners[2 * corner], cells.corners[2 * corner + 1]];
      scratchX[corner] = cells.x[cell] + cx[0] + cx[1] * dx + cx[2] * dy;
      scratchY[corner] = cells.y[cell] + cy[0] + cy[1] * dx + cy[2] * dy;
    }
    return [4];
  }
  const { ring, vertex, x, y } = cells.rings;
  const ends = [];
  let count = 0;
  for (let r = ring[piece]; r < ring[piece + 1]; r++) {
    for (let v = vertex[r]; v < vertex[r + 1]; v++, count++) {
      scratchX[count] = x[v];
      scratchY[count] = y[v];
    }
    ends.push(count);
  }
  return ends;
}

/** Paint the classes pixel by pixel: as fast as the screen is large, however many cells. */
function paintCells(context, view, shown, populatedOnly) {
  const { width, height, k } = view;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = shown.indicator.classes.map((entry) => pixelOf(entry.color));
  const grey = pixelOf(NO_DATA);
  const margin = cells.reach * k;
  const tiny = margin < 1.5;
  // Corners are rounded to 0.1 m: neighbours overlap by a hair rather than leave one.
  const hair = 2 * k;
  for (let cell = 0; cell < cells.count; cell++) {
    const x = cells.x[cell] * k + view.left;
    const y = view.top - cells.y[cell] * k;
    if (x < -margin || y < -margin || x > width + margin || y > height + margin) continue;
    if (populatedOnly && !(cells.persons[cell] > 0)) continue;
    const group = shown.classes[cell];
    const colour = group === MISSING_8 ? grey : colours[group];
    if (tiny) {
      const [from, to] = [Math.round(x - margin), Math.max(Math.round(x + margin), Math.round(x - margin) + 1)];
      const top = Math.round(y - margin);
      for (let row = top; row < Math.max(Math.round(y + margin), top + 1); row++) {
        if (row >= 0 && row < height) {
          pixels.fill(colour, row * width + Math.max(0, from), row * width + Math.min(width, Math.max(0, to)));
        }
      }
      continue;
    }
    const ends = cellRings(cell);
    for (let i = 0; i < ends[ends.length - 1]; i++) {
      const [px, py] = [scratchX[i] * k + view.left, view.top - scratchY[i] * k];
      scratchX[i] = px + (px > x ? hair : -hair);
      scratchY[i] = py + (py > y ? hair : -hair);
    }
    fillPixels(pixels, width, height, scratchX, scratchY, ends, colour);
  }
  context.putImageData(image, 0, 0);
}

/** The cell under a place, or -1: the rings of near cells are tried exactly. */
function cellAt(x, y) {
  for (let cell = 0; cell < cells.count; cell++) {
    if (Math.abs(cells.x[cell] - x) > cells.reach || Math.abs(cells.y[cell] - y) > cells.reach) continue;
    const ends = cellRings(cell);
    let inside = false;
    for (let ring = 0, from = 0; ring < ends.length; from = ends[ring], ring++) {
      for (let a = from, b = ends[ring] - 1; a < ends[ring]; b = a++) {
        if (scratchY[a] > y !== scratchY[b] > y
          && x < scratchX[a] + ((scratchX[b] - scratchX[a]) * (y - scratchY[a])) / (scratchY[b] - scratchY[a])) {
          inside = !inside;
        }
      }
    }
    if (inside) return cell;
  }
  return -1;
}
