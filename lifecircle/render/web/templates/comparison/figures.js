// Figures of the counties: what each has, its class, its rank, and the sums of cities and provinces.

// The colours and classes of the counties' own maps (cells.js): viridis, told apart with any colour vision.
const GOOD_TO_BAD = ["#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154"];
const FIXED = ["100", "80 – 99.9", "60 – 79.9", "40 – 59.9", "20 – 39.9", "0 – 19.9"];
const DENOMINATORS = ["population", "residential_land", "communities"];
/** Why a county has no colour, in the order of legend and table. */
const UNCOLOURED = ["apart", "unknown", "nothing", "unjudged", "unfinished"];
const NOT_HERE = 255;

const counties = data.counties;
const COUNT = counties.length;
const covered = unpackArray(data.covered);
const total = unpackArray(data.total);
const wayOf = unpackArray(data.way);

const state = {
  standard: data.standards[0] ? data.standards[0].key : "", topic: "", denominator: "population",
  classes: "fixed", place: 0, find: "", sort: "rank", down: false, chosen: -1, hovered: -1,
};

const topicOf = ({ circle, kind }) => JSON.stringify([circle, kind]);
const labelOf = (list, key) => say((list.find((entry) => entry.key === key) || { label: key }).label);

/** Position of the indicator that is shown, or -1. */
const shownIndicator = () => data.indicators.findIndex((each) => each.standard === state.standard
  && topicOf(each) === state.topic && each.denominator === state.denominator);

/** One of each circle and kind that the standard judges by. */
function topics() {
  const seen = new Set();
  return data.indicators.filter((each) => each.standard === state.standard && !seen.has(topicOf(each)) && seen.add(topicOf(each)));
}

/** What a county has: {state, covered, total, share, way}; only "ok" is ranked and coloured. */
function figureOf(county, indicator) {
  if (counties[county].status !== "done") return { state: "unfinished", share: null };
  const at = indicator * COUNT + county;
  if (indicator < 0 || wayOf[at] === NOT_HERE) return { state: "unjudged", share: null };
  const figure = { covered: covered[at], total: total[at], way: wayOf[at], share: null };
  if (Number.isNaN(figure.covered)) return { ...figure, state: "unknown" };
  if (!(figure.total > 0)) return { ...figure, state: "nothing" };
  return { ...figure, state: figure.way ? "apart" : "ok", share: Math.min(1, figure.covered / figure.total) };
}

/** All figures of the indicator shown, with classes, and ranks within the place shown (equal shares share one). */
let figures = [];
let breaks = [];
function reckon() {
  const indicator = shownIndicator();
  figures = counties.map((_, county) => ({ county, ...figureOf(county, indicator) }));
  const falling = figures.filter((figure) => figure.state === "ok").sort((a, b) => b.share - a.share);
  const ranked = falling.filter((figure) => inPlace(figure.county, shownPlace()));
  ranked.forEach((figure, i) => { figure.rank = i && ranked[i - 1].share === figure.share ? ranked[i - 1].rank : i + 1; });
  breaks = quintiles(falling.map((figure) => figure.share));
  figures.forEach((figure) => { figure.group = figure.state === "ok" ? classOf(figure.share) : -1; });
}

/** Lower bounds of fifths of the counties, falling, each once. */
function quintiles(shares) {
  const bounds = [1, 2, 3, 4, 5].map((fifth) => shares[Math.ceil((shares.length * fifth) / 5) - 1]).filter((share) => share !== undefined);
  return [...new Set(bounds)];
}

function classOf(share) {
  if (state.classes === "fixed") return share >= 1 ? 0 : 5 - Math.min(4, Math.floor(share * 5 + 1e-9));
  return breaks.findIndex((bound) => share >= bound);
}

/** {label, color} of each class; those of quintiles spread over the same colours. */
function classes() {
  if (state.classes === "fixed") return FIXED.map((label, i) => ({ label, color: GOOD_TO_BAD[i] }));
  const shares = figures.filter(({ state: of }) => of === "ok").map(({ share }) => share);
  const top = shares.length ? Math.max(...shares) : 0;
  const tenth = (share) => numberFormat(1).format(Math.floor(share * 1000 + 1e-6) / 10);
  return breaks.map((bound, i) => {
    const highest = i ? Math.max(...shares.filter((share) => share < breaks[i - 1])) : top;
    const label = tenth(bound) === tenth(highest) ? tenth(bound) : `${tenth(bound)} – ${tenth(highest)}`;
    return { label, color: GOOD_TO_BAD[breaks.length > 1 ? Math.round((i * 4) / (breaks.length - 1)) + 1 : 2] };
  });
}

const inPlace = (county, place) => !place || counties[county].adcode.startsWith(place.code);

function placeName(place) {
  if (place.name) return place.name;
  if (place.level === "all") return t("all_counties");
  return t(place.level === "city" ? "city_code" : "province_code", { code: place.code });
}

/** Places that say something: not the whole beside the one province that is all of it. */
const places = once(() => {
  const provinces = data.places.filter(({ level }) => level === "province");
  const alone = provinces.length === 1 && counties.every(({ adcode }) => adcode.startsWith(provinces[0].code));
  return data.places.filter(({ level }) => !(alone && level === "all"));
});

/** Those that are listed: of several provinces only the chosen one's cities. */
function placesListed() {
  const few = places().filter(({ level }) => level === "province").length < 2;
  const province = places()[state.place] ? places()[state.place].code.slice(0, 2) : "";
  return places().filter(({ level, code }) => level !== "city" || few || (province && code.startsWith(province)));
}

/** Who is not in a sum, by reason, in words. */
function leftOut(place) {
  const names = {};
  figures.forEach((figure, county) => {
    if (figure.state === "ok" || !inPlace(county, place)) return;
    (names[figure.state] = names[figure.state] || []).push(isolated(shortened(say(counties[county].name), 30)));
  });
  const told = UNCOLOURED.filter((key) => names[key]).map((key) => t(`state_${key}`) + t("colon") + names[key].join(t("comma")));
  if (place.absent) told.push(t("not_in_batch") + t("colon") + place.absent);
  return told;
}

/** A count in the unit that is read: hectares, persons, communities. */
function amount(value) {
  if (state.denominator === "residential_land") return number(value / 1e4, value < 1e6 ? 1 : 0);
  return number(Math.round(value));
}
const amounts = ({ covered: some, total: all }) => `${amount(some)} / ${amount(all)}`;

/** A way to measure, in words: threshold, and settings where they are what differs. */
function wayText(way, usual) {
  const limit = t(way.unit === "metres" ? "within_metres" : "within_minutes", { limit: number(way.limit, 2) });
  if (!usual || way.settings === usual.settings) return limit;
  return limit + t("comma") + t("for_settings", { settings: way.settings.split("、").map((key) => data.words[language][key] || key).join(t("comma")) });
}

/** Why a county has no colour, in words; what is wrong with it stands in `reason`. */
function stateText(county) {
  const figure = figures[county];
  if (figure.state === "unfinished") return t(`status_${counties[county].status}`);
  if (figure.state === "apart") {
    const { ways } = data.indicators[shownIndicator()];
    return t("apart_by", { way: wayText(ways[figure.way], ways[0]) });
  }
  return figure.state === "ok" ? "" : t(`state_${figure.state}`);
}
