// Population cells: their indicators as classes, their pixels, and the cell under a place.

// Viridis, light to dark: dark is far, or few services. Readable with any colour vision.
const GOOD_TO_BAD = ["#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154"];
const FEW_TO_MANY = ["#dbe9f4", "#a9cbe3", "#6aaed6", "#3585bf", "#125ba0", "#08306b"];
const NO_DATA = "#b4babf";
const MINUTE_BREAKS = [5, 10, 15, 30, 60];

/** Minutes and metres beyond a few million values go as positions among levels, which thresholds are among. */
function fromLevels(positions, levels) {
  if (!levels) return positions;
  const table = new Uint16Array(256).fill(MISSING_16);
  table.set(levels);
  const out = new Uint16Array(positions.length);
  for (let i = 0; i < out.length; i++) out[i] = table[positions[i]];
  return out;
}

/** Columns of pack_columns (cellpack.py), each unpacked when it is first asked for: tenths of minutes, metres, ... */
function readColumns(pack, north, levels) {
  const plain = (part) => once(() => unpackArray(part, north));
  const rounded = (part, steps) => once(() => fromLevels(unpackArray(part, north), steps));
  return {
    kinds: pack.kinds.map((column) => column && {
      minutes: rounded(column.minutes, levels.minutes),
      metres: column.metres && rounded(column.metres, levels.metres),
      nearest: column.nearest && once(() => {
        const known = unpackArray(column.nearest.known);
        return unpackArray(column.nearest.at, north).map((at) => known[at]);
      }),
    }),
    circles: pack.circles.map((column) => column && {
      score: plain(column.score),
      complete: plain(column.complete),
      worst: plain(column.worst),
      minutes: rounded(column.minutes, levels.minutes),
    }),
  };
}

const cells = data.cells && readCells(data.cells);

function readCells(pack) {
  const lattice = pack.lattice && readLattice(pack.lattice);
  const north = lattice && lattice.north;
  const place = lattice ? pack.lattice : pack.shapes;
  const piece = unpackArray(place.piece);
  const pieceOf = new Int32Array(pack.count).fill(-1);
  piece.forEach((cell, position) => { pieceOf[cell] = position; });
  const unit = unpackArray(pack.unit, north);
  return {
    count: pack.count,
    id: readIds(pack.id, unit),
    lattice, piece, pieceOf,
    rings: place.rings && unpackShapes(place.rings),
    ...(lattice ? {} : {
      x: unpackArray(place.x), y: unpackArray(place.y), at: place.at, reach: place.reach, corners: place.corners,
    }),
    levels: pack.levels,
    steps: pack.steps,
    unit,
    persons: readPersons(pack.persons, north),
    area: once(() => {
      const area = unpackArray(pack.area.all, north);
      if (pack.area.cut) unpackArray(pack.area.cut).forEach((m2, position) => { area[piece[position]] = m2; });
      return area;
    }),
    residential: once(() => Float32Array.from(unpackArray(pack.residential.values, north),
      (steps) => (steps === MISSING_32 ? NaN : steps * pack.residential.step))),
    ...readColumns(pack, north, pack.levels),
  };
}

/** What the cells were like in the run before, or null: kinds, circles, persons. */
const cellsBefore = cells && data.before ? {
  ...readColumns(data.before, cells.lattice && cells.lattice.north, cells.levels),
  persons: readPersons(data.before.persons, cells.lattice && cells.lattice.north),
} : null;

/** Residents as they are, or from hundredths up to 10, and tenths beyond. */
function readPersons(pack, north) {
  const values = unpackArray(pack.values, north);
  return pack.rounded ? Float32Array.from(values, (n) => (n <= 10 ? n / 100 : (n - 9) / 10)) : values;
}

/** Ids as they are, as numbers, or counted unit by unit. */
function readIds(pack, unit) {
  if (Array.isArray(pack)) return pack;
  if (pack.number) return unpackArray(pack.number);
  const next = new Uint32Array(65537);
  for (const one of unit) next[one + 1] += 1;
  for (let one = 1; one < next.length; one++) next[one] += next[one - 1];
  return Uint32Array.from(unit, (one) => next[one]++);
}

/** Tenths of minutes as text: "12.3"; where they were rounded up to coarser steps "12", "38–40" or "> 1,770". */
function minutesText(tenths) {
  const levels = cells.levels.minutes;
  if (!levels) return number(tenths / 10, 1);
  const at = levels.indexOf(tenths);
  if (at === levels.length - 1) return `> ${number(levels[at - 1] / 10)}`;
  const low = at > 0 ? levels[at - 1] : 0;
  return tenths - low > 10 ? `${number(low / 10)}–${number(tenths / 10)}` : number(tenths / 10, tenths % 10 ? 1 : 0);
}

/** Metres of a walk as text. */
const metresText = (metres) => (cells.levels.metres ? `≤ ${number(metres)} m` : `${number(metres)} m`);

/** How exactly the cells' minutes are said, or null where it is a tenth. */
function precisionText() {
  if (!cells || !cells.steps.length) return null;
  const last = cells.steps.length - 1;
  const parts = cells.steps.map(([to, step], i) => (i < last ? t("precision_step", { to, step }) : t("precision_last", { step })));
  return t("precision", { steps: parts.join(t("comma")), cells: number(cells.count) });
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

/** Class of a score in tenths. */
const SCORE_CLASS = Uint8Array.from({ length: 1001 }, (_, value) => scoreClass(value / 10));
/** Class of minutes in tenths; a number of 16 bits is a position in it. */
const MINUTE_CLASS = once(() => Uint8Array.from({ length: 65536 },
  (_, value) => (value === MISSING_16 ? MISSING_8 : rank(value / 10, MINUTE_BREAKS))));

/** Scripts that let cells show something of their own add a function here: it gives indicators. See deciding.js. */
const moreIndicators = [];

/** What the cells can show: each {key, group, label, unit, classes, missing, fill(classes of all cells, table)}. */
const indicators = cells ? listIndicators() : [];

function listIndicators() {
  const scores = (circle) => (out, table) => {
    if (!table.circles[circle]) return;
    const score = table.circles[circle].score();
    for (let cell = 0; cell < out.length; cell++) if (score[cell] !== MISSING_16) out[cell] = SCORE_CLASS[score[cell]];
  };
  const scoring = { unit: t("points"), classes: SCORE_CLASSES, missing: t("not_judged") };
  const list = [{
    ...scoring, key: "own", group: t("group_scores"), label: t("own_circle_title"), option: t("own_circle_score"),
    // The first circle that applies to a cell has the last word.
    fill: (out, table) => { for (let circle = data.circles.length - 1; circle >= 0; circle--) scores(circle)(out, table); },
  }];
  data.circles.forEach((circle, position) => list.push({
    ...scoring, key: `circle:${position}`, group: t("group_scores"), label: circle.label, fill: scores(position),
  }));
  data.kinds.forEach((kind, position) => {
    if (!cells.kinds[position] && !(cellsBefore && cellsBefore.kinds[position])) return;
    list.push({
      key: `kind:${position}`, group: t("group_minutes"), label: t("minutes_to", { kind: kind.label }), option: kind.label,
      unit: t("minutes_walk"), classes: MINUTE_CLASSES, missing: t("not_reached"),
      fill: (out, table) => {
        if (!table.kinds[position]) return;
        const [minutes, classes] = [table.kinds[position].minutes(), MINUTE_CLASS()];
        for (let cell = 0; cell < out.length; cell++) out[cell] = classes[minutes[cell]];
      },
    });
  });
  list.push(...moreIndicators.flatMap((more) => more()));
  list.push({
    key: "density", group: t("group_population"), label: t("density"), unit: t("per_km2"),
    classes: DENSITY_CLASSES, missing: t("no_data"),
    fill: (out, table) => {
      const area = cells.area();
      for (let cell = 0; cell < out.length; cell++) out[cell] = rank((table.persons[cell] / area[cell]) * 1e6, DENSITY_BREAKS);
    },
  });
  return list;
}

/** The classes of all cells for an indicator, and the persons in each class; `table` has kinds, circles, persons. */
function classify(indicator, table = cells) {
  const classes = new Uint8Array(cells.count).fill(MISSING_8);
  indicator.fill(classes, table);
  const persons = new Float64Array(256);
  for (let cell = 0; cell < cells.count; cell++) persons[classes[cell]] += table.persons[cell];
  return { indicator, classes, persons, table };
}

const scratchX = [];
const scratchY = [];

/** Corners of a cell in the plane, into the scratch arrays; returns where each ring ends. */
function cellRings(cell) {
  const piece = cells.pieceOf[cell];
  if (piece < 0) {
    if (cells.lattice) latticeCorners(cells.lattice, cell);
    else squareCorners(cell);
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

/** Fill some cells in one path: else hairs would be left between neighbours. */
function fillCells(context, view, some) {
  context.beginPath();
  for (const cell of some) {
    const ends = cellRings(cell);
    for (let ring = 0, from = 0; ring < ends.length; from = ends[ring], ring++) {
      for (let i = from; i < ends[ring]; i++) context[i === from ? "moveTo" : "lineTo"](scratchX[i] * view.k + view.left, view.top - scratchY[i] * view.k);
      context.closePath();
    }
  }
  context.fill("evenodd");
}

function squareCorners(cell) {
  const dx = cells.x[cell] - cells.at[0];
  const dy = cells.y[cell] - cells.at[1];
  for (let corner = 0; corner < 4; corner++) {
    const [cx, cy] = [cells.corners[2 * corner], cells.corners[2 * corner + 1]];
    scratchX[corner] = cells.x[cell] + cx[0] + cx[1] * dx + cx[2] * dy;
    scratchY[corner] = cells.y[cell] + cy[0] + cy[1] * dx + cy[2] * dy;
  }
}

/** Colours of classes as pixels; the one for no data is where MISSING_8 points. */
function classPixels(indicator) {
  const colours = new Uint32Array(256);
  indicator.classes.forEach((entry, group) => { colours[group] = pixelOf(entry.color); });
  colours[MISSING_8] = pixelOf(NO_DATA);
  return colours;
}

/** Paint the classes pixel by pixel: as fast as the screen is large, however many cells. */
function paintCells(context, view, shown, populatedOnly) {
  const image = context.createImageData(view.width, view.height);
  const pixels = new Uint32Array(image.data.buffer);
  if (cells.lattice) paintLattice(pixels, view, shown, populatedOnly);
  else {
    const colours = classPixels(shown.indicator);
    for (let cell = 0; cell < cells.count; cell++) {
      if (populatedOnly && !(shown.table.persons[cell] > 0)) continue;
      paintCell(pixels, view, cell, cells.x[cell], cells.y[cell], cells.reach, colours[shown.classes[cell]]);
    }
  }
  context.putImageData(image, 0, 0);
}

/** Paint one cell, whose centre and reach (half its longer side, in the plane) are given. */
function paintCell(pixels, view, cell, centreX, centreY, reach, colour) {
  const { width, height, k } = view;
  const margin = reach * k;
  const x = centreX * k + view.left;
  const y = view.top - centreY * k;
  if (x < -margin || y < -margin || x > width + margin || y > height + margin) return;
  if (margin < 1.5) {
    const [from, to] = [Math.round(x - margin), Math.max(Math.round(x + margin), Math.round(x - margin) + 1)];
    const top = Math.round(y - margin);
    for (let row = top; row < Math.max(Math.round(y + margin), top + 1); row++) {
      if (row >= 0 && row < height) {
        pixels.fill(colour, row * width + Math.max(0, from), row * width + Math.min(width, Math.max(0, to)));
      }
    }
    return;
  }
  // Corners are rounded to 0.1 m: neighbours overlap by a hair rather than leave one.
  const hair = 2 * k;
  const ends = cellRings(cell);
  for (let i = 0; i < ends[ends.length - 1]; i++) {
    const [px, py] = [scratchX[i] * k + view.left, view.top - scratchY[i] * k];
    scratchX[i] = px + (px > x ? hair : -hair);
    scratchY[i] = py + (py > y ? hair : -hair);
  }
  fillPixels(pixels, width, height, scratchX, scratchY, ends, colour);
}

/** Whether a place lies in a cell: its rings are tried exactly. */
function cellHolds(cell, x, y) {
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
  return inside;
}

/** The cell under a place, or -1. */
function cellAt(x, y) {
  if (cells.lattice) return latticeCellAt(x, y);
  return cellBuckets().near(x, y).find((cell) => cellHolds(cell, x, y)) ?? -1;
}

/** Cells by squares of the plane, twice as wide as the largest cell: near(x, y) lists those of the squares around. */
const cellBuckets = once(() => {
  const size = 2 * cells.reach;
  const key = (x, y) => `${Math.floor(x / size)} ${Math.floor(y / size)}`;
  const buckets = new Map();
  for (let cell = 0; cell < cells.count; cell++) {
    const at = key(cells.x[cell], cells.y[cell]);
    if (!buckets.has(at)) buckets.set(at, []);
    buckets.get(at).push(cell);
  }
  const around = [-size, 0, size];
  const near = (x, y) => around.flatMap((dx) => around.flatMap((dy) => buckets.get(key(x + dx, y + dy)) || []))
    .filter((cell) => Math.abs(cells.x[cell] - x) <= cells.reach && Math.abs(cells.y[cell] - y) <= cells.reach)
    .sort((a, b) => a - b);
  return { near };
});

/** Unpack, column by column while nothing else happens, what the first click will ask for. */
function warmCells() {
  const columns = cells.kinds.flatMap((column) => (column ? [column.minutes, column.nearest, column.metres] : []))
    .concat(cells.circles.flatMap((column) => (column ? Object.values(column) : [])), [cells.residential]).filter(Boolean);
  const next = () => {
    if (!columns.length) return;
    columns.shift()();
    setTimeout(next, 20);
  };
  setTimeout(next, 1000);
}
if (cells && cells.lattice) warmCells();
