// Figures: what is shown, the class of every cell, and residents by county and unit, as the tables have them.

const SETTINGS = ["urban", "township", "rural"];
const topics = data.topics;
const figures = Object.fromEntries(Object.entries(data.figures).map(([name, pack]) => [name, unpackArray(pack)]));
const SCOPES = data.units.length + 1; // the county, then its units
const state = { topic: 0, view: data.sameGrid ? "coverage" : "units", unit: -1, cell: -1, facilities: true };

const north = cells && cells.lattice && cells.lattice.north;
const settingOf = cells ? unpackArray(data.cells.setting, north) : [];
const isKnown = cells ? unpackArray(data.cells.known, north) : [];
const personsBefore = cells ? readPersons(data.cells.personsBefore, north) : [];
/** Whether somebody lives in a cell in one of the runs. */
const peopled = cells ? Float32Array.from(cells.persons, (persons, cell) => Math.max(persons, personsBefore[cell])) : [];

/** Walks of both runs by topic: tenths of minutes, or metres; null where one of the runs did not measure them. */
const walks = Object.fromEntries(Object.entries(data.walks).map(([key, pack]) => [key, once(() => {
  const before = unpackArray(pack.before, north);
  if (!pack.more) return { before, after: before };
  const more = unpackArray(pack.more, north);
  return { before, after: Uint16Array.from(before, (walk, cell) => walk + more[cell]) };
})]));
const walksOf = (topic) => (walks[topic.walk] ? walks[topic.walk]() : null);

/** A figure of residents; null where it is not known. `scope` is 0 for the county, then units. */
function figure(name, topic, scope) {
  const value = figures[name][topic * SCOPES + scope];
  return Number.isNaN(value) ? null : value;
}

function shareOf(side, topic, scope) {
  const [covered, total] = [figure(`covered_${side}`, topic, scope), figure(`total_${side}`, topic, scope)];
  return total > 0 && covered !== null ? Math.min(1, covered / total) : null;
}

/** What the share of residents gained, in points; null where the two are not compared. */
function pointsOf(topic, scope) {
  if (topics[topic].note) return null;
  const [before, after] = [shareOf("before", topic, scope), shareOf("after", topic, scope)];
  return before === null || after === null ? null : (after - before) * 100;
}

const changed = (topic) => topics[topic].note !== null || data.units.some((_, unit) => pointsOf(topic, unit + 1))
  || figure("gained", topic, 0) > 0 || figure("lost", topic, 0) > 0;

// Colours keep apart with any colour vision: blue is better, orange is worse.
const GAINED = "#1f6fb4";
const LOST = "#d9480f";
const COVERAGE_CLASSES = [["gained", GAINED], ["lost", LOST], ["still", "#cfe0ea"], ["lacking", "#efe3d3"], ["unjudged", "#dfe3e5"], ["unknown", "#f2c94c"]];
const MINUTE_BREAKS_CHANGE = [-10, -5, -1, 1, 5, 10];
const DIVERGING = ["#08519c", "#4292c6", "#9ecae1", "#eceff0", "#fdbe85", "#f16913", "#a63603"];
const MINUTE_KEYS = ["nearer_10", "nearer_5", "nearer_1", "alike", "farther_1", "farther_5", "farther_10"];
const POINT_BREAKS = [-20, -5, -0.05, 0.05, 5, 20];

/** The classes of the view that is shown: {key, color, label}. */
function classList() {
  if (state.view === "coverage") return COVERAGE_CLASSES.map(([key, color]) => ({ color, label: t(`class_${key}`) }));
  if (state.view === "units") {
    const labels = ["≤ −20", "−20 – −5", "−5 – 0", "0", "0 – +5", "+5 – +20", "≥ +20"];
    // A larger share is better: the scale of minutes turned round.
    return labels.map((label, i) => ({ color: DIVERGING[6 - i], label })).concat([{ color: NO_DATA, label: t("class_none") }]);
  }
  const inMetres = topics[state.topic].unit === "metres";
  return [
    ...MINUTE_KEYS.map((key, i) => ({ color: DIVERGING[i], label: t(inMetres ? `metres_${key}` : `minutes_${key}`) })),
    { color: "#4d2c91", label: t("class_reached") }, { color: "#7f0000", label: t("class_unreached") },
    { color: NO_DATA, label: t("class_never") }, { color: "#f2c94c", label: t("class_unknown") },
  ];
}

const among = (value, breaks) => { let at = 0; while (at < breaks.length && value >= breaks[at]) at++; return at; };

function coverageClass(topic, walk, cell) {
  if (!topic.settings.includes(SETTINGS[settingOf[cell]])) return 4;
  if (!isKnown[cell]) return 5;
  const limit = topic.unit === "metres" ? topic.limit : topic.limit * 10;
  const [before, after] = [walk.before[cell] <= limit && walk.before[cell] !== MISSING_16, walk.after[cell] <= limit && walk.after[cell] !== MISSING_16];
  return before ? (after ? 2 : 1) : (after ? 0 : 3);
}

function minuteClass(topic, walk, cell) {
  if (!isKnown[cell]) return 10;
  const [before, after] = [walk.before[cell], walk.after[cell]];
  if (before === MISSING_16) return after === MISSING_16 ? 9 : 7;
  if (after === MISSING_16) return 8;
  const change = topic.unit === "metres" ? (after - before) / 75 : (after - before) / 10;
  // On a break, the class nearer to no change.
  return change < 0 ? 6 - among(-change, MINUTE_BREAKS_CHANGE.map((b) => b + 1e-9)) : among(change, MINUTE_BREAKS_CHANGE.map((b) => b + 1e-9));
}

/** The classes of all cells, as paintCells takes them; null where there is nothing to show. */
function shownCells() {
  const topic = topics[state.topic];
  const walk = topic && walksOf(topic);
  if (!cells || !topic || (state.view !== "units" && !walk) || (state.view === "coverage" && topic.note)) return null;
  const classes = new Uint8Array(cells.count);
  const units = state.view === "units" ? data.units.map((_, unit) => {
    const points = pointsOf(state.topic, unit + 1);
    return points === null ? 7 : (points < 0 ? 6 - among(-points, POINT_BREAKS) : among(points, POINT_BREAKS));
  }) : null;
  for (let cell = 0; cell < cells.count; cell++) {
    if (units) classes[cell] = cells.unit[cell] === MISSING_16 ? 7 : units[cells.unit[cell]];
    else classes[cell] = state.view === "coverage" ? coverageClass(topic, walk, cell) : minuteClass(topic, walk, cell);
  }
  const list = classList();
  const persons = new Float64Array(list.length);
  for (let cell = 0; cell < cells.count; cell++) persons[classes[cell]] += cells.persons[cell];
  return { indicator: { classes: list }, classes, persons, table: { persons: peopled } };
}

const signed = (value, digits = 0) => {
  if (value === null) return "–";
  const text = number(Math.abs(value), digits);
  const none = Math.abs(value) < (digits ? 0.05 : 0.5);
  return none ? number(0, digits) : `${value > 0 ? "+" : "−"}${text}`;
};
const limitText = (topic) => t(topic.unit === "metres" ? "within_metres" : "within_minutes", { limit: number(topic.limit, topic.limit % 1 ? 1 : 0) });
function walkText(topic, walk) {
  if (walk === MISSING_16) return t("not_reached");
  return topic.unit === "metres" ? t("metres_value", { metres: number(walk) }) : t("minutes_value", { minutes: number(walk / 10, data.step === 1 ? 1 : 0) });
}
