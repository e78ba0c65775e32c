// Layers: what is painted on each canvas, from the state that the controls set.

const INK = "#17313b";
const COUNTY_PAPER = "#fdfdfb"; // what the county is drawn on
const STREET = "#7a8286"; // main roads as they look on it
// Vermilion: not in the cells' colours, and told from them with any colour vision.
const GAP = "#c24e00";
const CHOSEN = "#0050d8";
// What lies over units of other settings than the one that is filtered by.
const VEIL = "rgba(244, 246, 246, 0.86)";
const VEIL_SOLID = "#f0f2f3";
const FONT = getComputedStyle(document.body).fontFamily;

const units = {
  table: data.units.table,
  shapes: unpackShapes(data.units.shapes),
  county: unpackShapes(data.units.county),
  labelX: unpackArray(data.units.labels.x),
  labelY: unpackArray(data.units.labels.y),
};
const facilities = {
  ...data.facilities,
  x: unpackArray(data.facilities.at.x),
  y: unpackArray(data.facilities.at.y),
  entranceX: unpackArray(data.facilities.entrances.x),
  entranceY: unpackArray(data.facilities.entrances.y),
  entranceOf: unpackArray(data.facilities.entranceOf),
};
/** How many facilities of each kind there are: where there is none, nothing is known, not 0 %. */
const facilityCount = data.kinds.map(() => 0);
facilities.kind.forEach((kind) => { facilityCount[kind] += 1; });

const gaps = {
  ...data.gaps.table,
  count: data.gaps.table.id.length,
  shapes: unpackShapes(data.gaps.shapes),
  labelX: unpackArray(data.gaps.labels.x),
  labelY: unpackArray(data.gaps.labels.y),
};
const isochrones = { ...data.isochrones, shapes: unpackShapes(data.isochrones.shapes) };
const streets = data.streets ? data.streets.levels.map(unpackShapes) : [];

const state = {
  shown: null, // the cells' classes (see classify), or null
  populatedOnly: true,
  unitView: null, // {label, unit, classes, missing, classOf(unit)}, or null
  isochroneKind: -1,
  isochroneFacility: -1,
  gapKind: -1, opacity: 0.82,
  gapsListed: false, // whether the list of gaps has been opened
  facilityKinds: new Set(),
  streets: true,
  labels: true,
  verdict: "", // robust, sensitive, no_road, or "" for all gaps
  setting: "", // urban, township, rural, or "" for all
  units: { measure: "score", sort: "residents", down: true }, // how the table of units is sorted
  circle: 0, // whose coverage the overview lists
  tab: "overview",
  folded: {}, // cards that the reader folded or opened
  answer: () => [], // the popup's sections
  selected: null, // {cell, unit, gap, facility}: positions or -1
  popup: null,
};

/** Scripts that let units show something of their own add a function here: it gives views. See deciding.js. */
const moreUnitViews = [];

/** What the units can show: a score or the share of residents that have it all. */
const unitViews = [];

function listUnitViews() {
  const own = (unit) => unit.scores.find((score) => score !== null) || null;
  const views = [];
  const add = (key, label, option, pick) => {
    views.push({
      key: `score:${key}`, group: t("group_scores"), label, option, unit: t("points"),
      classes: SCORE_CLASSES, missing: t("not_judged"),
      classOf: (unit) => (pick(unit) && pick(unit).score !== null ? scoreClass(pick(unit).score) : MISSING_8),
    });
    views.push({
      key: `complete:${key}`, group: t("group_complete"), label: t("complete_share_of", { circle: option }), option,
      unit: t("percent_residents"), classes: SCORE_CLASSES, missing: t("not_judged"),
      classOf: (unit) => (pick(unit) && pick(unit).complete !== null
        ? scoreClass(pick(unit).complete * 100) : MISSING_8),
    });
  };
  add("own", t("own_circle_title"), t("own_circle_score"), own);
  data.circles.forEach((circle, position) => add(position, circle.label, circle.label, (unit) => unit.scores[position]));
  views.push(...moreUnitViews.flatMap((more) => more()));
  return views.sort((a, b) => a.group.localeCompare(b.group));
}

/** Colour of a band: that of the minutes, or by its place among bands in metres. */
function bandColour(band) {
  if (isochrones.unit[band] === "minutes") return GOOD_TO_BAD[rank(isochrones.limit[band], MINUTE_BREAKS)];
  const limits = bandLimits(isochrones.kind[band], isochrones.facility[band], "metres");
  return GOOD_TO_BAD[Math.min(limits.indexOf(isochrones.limit[band]), 5)];
}

/** Limits of the isochrones of a kind (facility -1) or of one facility, rising. */
function bandLimits(kind, facility, unit) {
  const limits = new Set();
  isochrones.limit.forEach((limit, band) => {
    if (isBand(band, kind, facility) && isochrones.unit[band] === unit) limits.add(limit);
  });
  return [...limits].sort((a, b) => a - b);
}

const isBand = (band, kind, facility) => (facility >= 0
  ? isochrones.facility[band] === facility
  : isochrones.facility[band] < 0 && isochrones.kind[band] === kind);

function shownBands() {
  const bands = [];
  if (state.isochroneKind < 0 && state.isochroneFacility < 0) return bands;
  for (let band = 0; band < isochrones.shapes.count; band++) {
    if (isBand(band, state.isochroneKind, state.isochroneFacility)) bands.push(band);
  }
  return bands;
}

/** How sure a gap is may be filtered by, where there was a sweep: see deciding.js. */
const inVerdict = (gap) => !state.verdict || gaps.verdict[gap] === state.verdict;
const shownGap = (gap) => gaps.kind[gap] === state.gapKind && inSetting(gaps.unit[gap]) && inVerdict(gap);
/** Whether a gap is less than robust: it is dashed. */
const unsureGap = (gap) => Boolean(gaps.verdict) && gaps.verdict[gap] !== "robust";

function paintCounty(context, view) {
  context.beginPath();
  trace(context, units.county, 0, view);
  context.shadowColor = "rgba(23, 49, 59, 0.28)";
  context.shadowBlur = 14 * view.dpr;
  context.fillStyle = COUNTY_PAPER;
  if (!basemap.shown || view.picture) context.fill("evenodd");
}

function paintUnits(context, view) {
  if (!state.unitView) return;
  units.table.forEach((unit, position) => {
    if (!visible(units.shapes, position, view)) return;
    const group = state.unitView.classOf(unit);
    context.beginPath();
    trace(context, units.shapes, position, view);
    context.fillStyle = group === MISSING_8 ? NO_DATA : state.unitView.classes[group].color;
    context.fill("evenodd");
  });
}

/** Greys out the units of other settings, and all that lies on them. */
function paintVeil(context, view) {
  if (!state.setting) return;
  context.fillStyle = VEIL;
  units.table.forEach((_, unit) => {
    if (inSetting(unit) || !visible(units.shapes, unit, view)) return;
    context.beginPath();
    trace(context, units.shapes, unit, view);
    context.fill("evenodd");
  });
}

/** Whether bands are filled; over cells or units they are outlines, or two scales would mix. */
const bandsFilled = () => !state.shown && !state.unitView;

/** Width of a band's outline: the nearer, the heavier. */
const bandWidth = (position) => [3.4, 2.4, 1.6, 1][Math.min(position, 3)];

function paintIsochrones(context, view) {
  context.lineJoin = "round";
  const bands = shownBands();
  bands.forEach((band, position) => {
    if (!visible(isochrones.shapes, band, view)) return;
    context.beginPath();
    trace(context, isochrones.shapes, band, view);
    const width = bandsFilled() ? 0.8 : bandWidth(bands.length - 1 - position);
    if (bandsFilled()) {
      context.fillStyle = bandColour(band);
      context.fill("evenodd");
    } else {
      context.strokeStyle = "rgba(255, 255, 255, 0.8)";
      context.lineWidth = (width + 2.4) * view.dpr;
      context.stroke();
    }
    context.strokeStyle = bandsFilled() ? INK : data.kinds[isochrones.kind[band]].color;
    context.lineWidth = width * view.dpr;
    context.stroke();
  });
}

function paintStreets(context, view) {
  if (!state.streets) return;
  context.lineJoin = "round";
  context.lineCap = "round";
  const near = Math.max(0, view.zoom - 11);
  const casing = view.zoom >= 12.5;
  const styles = [
    { from: 0, width: 1.3 + 0.6 * near, colour: "rgba(38, 50, 56, 0.6)", halo: casing ? 1.6 : 0 },
    { from: 9.5, width: 0.7 + 0.4 * near, colour: "rgba(55, 71, 79, 0.5)", halo: casing ? 1 : 0 },
    { from: 11.5, width: 0.3 + 0.22 * near, colour: "rgba(69, 90, 100, 0.4)", halo: 0 },
  ];
  for (let level = streets.length - 1; level >= 0; level--) {
    const { from, width, colour, halo } = styles[level];
    if (view.zoom < from) continue;
    context.beginPath();
    for (let line = 0; line < streets[level].count; line++) {
      if (visible(streets[level], line, view)) trace(context, streets[level], line, view);
    }
    if (halo) {
      context.strokeStyle = "rgba(255, 255, 255, 0.5)";
      context.lineWidth = (width + 2 * halo) * view.dpr;
      context.stroke();
    }
    context.strokeStyle = colour;
    context.lineWidth = width * view.dpr;
    context.stroke();
  }
}

function paintBorders(context, view) {
  context.lineJoin = "round";
  const outline = (shapes, feature, width, colour, dash) => {
    context.beginPath();
    trace(context, shapes, feature, view);
    context.setLineDash(dash.map((length) => length * view.dpr));
    context.strokeStyle = colour;
    context.lineWidth = width * view.dpr;
    context.stroke();
  };
  for (let unit = 0; unit < units.shapes.count; unit++) {
    if (!visible(units.shapes, unit, view)) continue;
    if (view.zoom >= 12.5) outline(units.shapes, unit, 2.6, "rgba(255, 255, 255, 0.75)", []);
    outline(units.shapes, unit, 1, "rgba(23, 49, 59, 0.8)", [5, 3]);
  }
  outline(units.county, 0, 4.5, "rgba(255, 255, 255, 0.9)", []);
  outline(units.county, 0, 2, INK, []);
  const chosen = state.selected;
  if (!chosen) return;
  if (chosen.unit >= 0 && chosen.cell < 0) outline(units.shapes, chosen.unit, 3.5, CHOSEN, []);
  if (chosen.cell >= 0) {
    const ends = cellRings(chosen.cell);
    context.setLineDash([]);
    context.beginPath();
    for (let ring = 0, from = 0; ring < ends.length; from = ends[ring], ring++) {
      for (let i = from; i < ends[ring]; i++) {
        context.lineTo(scratchX[i] * view.k + view.left, view.top - scratchY[i] * view.k);
      }
      context.closePath();
    }
    context.strokeStyle = "#ffffff";
    context.lineWidth = 5 * view.dpr;
    context.stroke();
    context.strokeStyle = CHOSEN;
    context.lineWidth = 2.5 * view.dpr;
    context.stroke();
  }
}

/** Diagonal lines, so that what lies under a gap stays readable. */
function hatch(context, dpr, near = true) {
  const size = Math.round((near ? 8 : 5) * dpr);
  const tile = el("canvas", { width: size, height: size });
  const pen = tile.getContext("2d");
  for (const [colour, width] of [["rgba(255, 255, 255, 0.55)", near ? 3 : 2.2], [GAP, near ? 1.4 : 1.1]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width * dpr;
    pen.beginPath();
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift - 1, size + 1);
      pen.lineTo(shift + size + 1, -1);
    }
    pen.stroke();
  }
  return context.createPattern(tile, "repeat");
}

const nearGaps = (view) => view.zoom >= 12.75;

function paintGaps(context, view) {
  if (state.gapKind < 0) return;
  // From afar, wide hatches and outlines would be noise: they are finer, and only the most urgent ranks are there.
  const near = nearGaps(view);
  const pattern = hatch(context, view.dpr, near);
  context.lineJoin = "round";
  for (let gap = 0; gap < gaps.count; gap++) {
    if (!shownGap(gap) || !visible(gaps.shapes, gap, view, 20)) continue;
    context.beginPath();
    trace(context, gaps.shapes, gap, view);
    context.setLineDash([]);
    context.fillStyle = pattern;
    context.fill("evenodd");
    if (near) {
      context.strokeStyle = "rgba(255, 255, 255, 0.85)";
      context.lineWidth = 3.4 * view.dpr;
      context.stroke();
    }
    const chosen = state.selected && state.selected.gap === gap;
    if (unsureGap(gap)) context.setLineDash([5 * view.dpr, 4 * view.dpr]);
    context.strokeStyle = chosen ? "#7a2f00" : GAP;
    context.lineWidth = (chosen ? 3.2 : near ? 1.6 : 0.8) * view.dpr;
    context.stroke();
  }
}

const badgeRadius = (view) => 9.5 * view.dpr;

/** Where ranks are written, as [x, y, gap]: the most urgent ones first where there is no room for all. */
function badgeSpots(view) {
  if (state.gapKind < 0) return [];
  const badges = gaps.rank.map((_, gap) => gap).filter((gap) => shownGap(gap)
    && (nearGaps(view) || gaps.rank[gap] <= 12) && visible(gaps.shapes, gap, view, 20));
  const spots = [];
  for (const gap of badges) {
    const x = gaps.labelX[gap] * view.k + view.left;
    const y = view.top - gaps.labelY[gap] * view.k;
    if (!spots.some(([a, b]) => Math.hypot(a - x, b - y) < 2.2 * badgeRadius(view))) spots.push([x, y, gap]);
  }
  return spots;
}

/** Ranks in circles. */
function paintBadges(context, view) {
  const radius = badgeRadius(view);
  context.font = `700 ${11 * view.dpr}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [x, y, gap] of badgeSpots(view)) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = GAP;
    context.fill();
    context.strokeStyle = "#ffffff";
    context.lineWidth = 1.6 * view.dpr;
    context.stroke();
    context.fillStyle = "#ffffff";
    context.fillText(String(gaps.rank[gap]), x, y + 0.5 * view.dpr);
  }
}

/** Radius of a facility's mark in CSS pixels. */
const markRadius = (zoom) => (zoom >= 14 ? 10 : zoom >= 12.5 ? 6 : zoom >= 11 ? 4.5 : 3.2);

function paintFacilities(context, view) {
  const radius = markRadius(view.zoom) * view.dpr;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.strokeStyle = "#ffffff";
  const spot = (x, y, size, kind) => {
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fillStyle = data.kinds[kind].color;
    context.fill();
    context.lineWidth = Math.max(1, 0.18 * size);
    context.stroke();
  };
  if (view.zoom >= 14) {
    facilities.entranceOf.forEach((facility, i) => {
      if (!state.facilityKinds.has(facilities.kind[facility])) return;
      const x = facilities.entranceX[i] * view.k + view.left;
      const y = view.top - facilities.entranceY[i] * view.k;
      spot(x, y, 3.5 * view.dpr, facilities.kind[facility]);
    });
  }
  context.font = `600 ${12 * view.dpr}px ${FONT}`;
  for (let i = 0; i < facilities.count; i++) {
    const kind = facilities.kind[i];
    if (!state.facilityKinds.has(kind)) continue;
    const x = facilities.x[i] * view.k + view.left;
    const y = view.top - facilities.y[i] * view.k;
    if (x < -radius || y < -radius || x > view.width + radius || y > view.height + radius) continue;
    spot(x, y, radius, kind);
    if (view.zoom >= 14) {
      context.fillStyle = "#ffffff";
      context.fillText(data.kinds[kind].symbol, x, y + 0.8 * view.dpr);
    }
  }
}

/** Steps from a name's own place to where it may go instead: of half its width, and of its height. */
const ASIDE = [[0, 0], [0, -1], [0, 1], [1, 0], [-1, 0], [0.6, -1], [-0.6, -1], [0.6, 1], [-0.6, 1],
  [0, -2], [0, 2], [1, -1.4], [-1, -1.4], [1, 1.4], [-1, 1.4]];

/** Names of units, then of facilities: none on another, nor on a rank; a unit's name may step aside. */
function paintLabels(context, view) {
  if (!state.labels) return;
  const ring = badgeRadius(view) + 1.5 * view.dpr;
  const taken = [...badgeSpots(view).map(([x, y]) => [x, y, ring, ring]), ...siteSpots(view)];
  const write = (text, at, size, weight, colour, unit = -1) => {
    context.font = `${weight} ${size * view.dpr}px ${FONT}`;
    const half = context.measureText(text).width / 2 + 4 * view.dpr;
    const tall = 0.7 * size * view.dpr;
    const free = (unit < 0 ? [[0, 0]] : ASIDE)
      .map(([right, down]) => [at[0] + right * (half + ring), at[1] + down * (tall + ring)])
      .filter(([x, y]) => fits(x, y, half, tall));
    // Within its unit, or else off the county, or else beside its own place.
    const [x, y] = (unit < 0 ? free[0] : free.find((place) => unitAt(place) === unit) || free.find((place) => unitAt(place) < 0) || free[0]) || [];
    if (x === undefined) return;
    taken.push([x, y, half, tall]);
    context.strokeStyle = "rgba(255, 255, 255, 0.92)";
    context.lineWidth = 3.5 * view.dpr;
    context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
  };
  // A picture ends at its frame, which would cut a name; a canvas of the screen reaches beyond the window.
  const edge = view.picture ? 1 : -1;
  const fits = (x, y, half, tall) => x - edge * half >= 0 && y - edge * tall >= 0
    && x + edge * half <= view.width && y + edge * tall <= view.height
    && !taken.some((box) => Math.abs(box[0] - x) < box[2] + half && Math.abs(box[1] - y) < box[3] + tall);
  const unitAt = ([x, y]) => findFeature(units.shapes, (x - view.left) / view.k, (view.top - y) / view.k);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const byResidents = units.table.map((unit, i) => i)
    .sort((a, b) => (units.table[b].residents || 0) - (units.table[a].residents || 0));
  for (const unit of byResidents) {
    const x = units.labelX[unit] * view.k + view.left;
    const y = view.top - units.labelY[unit] * view.k;
    write(shortened(units.table[unit].name, 18), [x, y], view.zoom >= 13 ? 15 : 13, 700, inSetting(unit) ? INK : "#75848a", unit);
  }
  if (view.zoom < 16) return;
  for (let i = 0; i < facilities.count; i++) {
    if (!facilities.name[i] || !state.facilityKinds.has(facilities.kind[i])) continue;
    const x = facilities.x[i] * view.k + view.left;
    const y = view.top - facilities.y[i] * view.k + (markRadius(view.zoom) + 9) * view.dpr;
    write(shortened(facilities.name[i], 24), [x, y], 11.5, 600, "#37474f");
  }
}

const layers = {
  county: new CanvasLayer("lc-county", 210, paintCounty),
  units: new CanvasLayer("lc-units", 220, paintUnits, 0.8),
  cells: new CanvasLayer("lc-cells", 230, (context, view) => {
    if (state.shown) paintCells(context, view, state.shown, state.populatedOnly);
  }, 0.82),
  isochrones: new CanvasLayer("lc-isochrones", 240, paintIsochrones, 0.6),
  veil: new CanvasLayer("lc-veil", 245, paintVeil),
  streets: new CanvasLayer("lc-streets", 250, paintStreets),
  gaps: new CanvasLayer("lc-gaps", 260, paintGaps),
  borders: new CanvasLayer("lc-borders", 270, paintBorders),
  facilities: new CanvasLayer("lc-facilities", 280, paintFacilities),
  labels: new CanvasLayer("lc-labels", 290, paintLabels),
  ranks: new CanvasLayer("lc-ranks", 295, paintBadges), // a name must not hide a rank
};
