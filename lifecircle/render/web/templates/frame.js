// The map's frame: title, dates, marks, tools above; the line of facts below. The same texts go to paper and picture.

const FLAG = {
  confirmed: () => t("flag_confirmed"), secondary: () => t("flag_secondary"),
  unverified: () => t("flag_unverified"), ours: () => t("flag_ours"),
};
const USE = {
  boundary: () => t("use_boundary"), roads: () => t("use_roads"), facilities: () => t("use_facilities"),
  units: () => t("use_units"), population: () => t("use_population"), elevation: () => t("use_elevation"),
  siting: () => t("use_siting"), confidence: () => t("use_confidence"),
};
const frame = data.frame;
/** The word for a key of such a table, or the key itself. */
const wordFor = (table, key) => (table[key] ? table[key]() : key);
const usesOf = (entry) => entry.uses.map((use) => wordFor(USE, use)).join(t("comma"));

const titleText = () => t("title", { county: say(data.county) });
const approvalText = () => (frame.approval ? t("approval", { number: frame.approval }) : t("approval_none"));

function datesText() {
  const dates = frame.datasets.filter((entry) => entry.date).map((entry) => `${usesOf(entry)} ${entry.date}`);
  return dates.length ? t("data_of", { dates: [...new Set(dates)].join(t("semicolon")) }) : t("data_undated");
}

/** How many thresholds are known how surely, in words. */
function flagCounts() {
  const counts = {};
  for (const { flag } of data.requirements) counts[flag] = (counts[flag] || 0) + 1;
  return Object.keys(FLAG).filter((flag) => counts[flag])
    .map((flag) => t("flag_count", { flag: FLAG[flag](), count: counts[flag] })).join(t("comma"));
}

/** What every map says of itself: speed, CRS, standard, producer, date. */
const facts = () => [
  say(frame.walking),
  t("crs_is", { crs: frame.crs }),
  t("standard_is", { standard: say(frame.standard), flags: flagCounts() }),
  frame.producer ? t("producer_is", { producer: frame.producer }) : null,
  frame.generated ? t("generated_on", { date: frame.generated }) : null,
].filter(Boolean);

/** Each source with its date, once. */
const sources = () => [...new Set(frame.datasets.map((entry) => [entry.source, entry.date].filter(Boolean).join(" ")))].filter(Boolean);
const ATTRIBUTION = "© OpenStreetMap contributors, ODbL";
const creditLines = () => [ATTRIBUTION, ...(basemap.shown ? [t("tianditu")] : []), ...sources().filter((text) => text !== ATTRIBUTION)];

function tool(id, word, title, act) {
  return el("button", { type: "button", class: "lc-tool", id, title, onclick: act }, word);
}

function languageSwitch() {
  return el("div", { class: "lc-switch", role: "group", "aria-label": t("language") },
    [["zh", "中文", "zh-CN"], ["en", "English", "en"]].map(([key, name, code]) => el("button", {
      type: "button", id: `lc-lang-${key}`, lang: code, "aria-pressed": String(language === key), onclick: () => setLanguage(key),
    }, name)));
}

function drawHead() {
  document.title = titleText();
  document.documentElement.lang = htmlLang();
  const notice = say(frame.notice);
  fill(document.getElementById("lc-head"),
    el("div", { class: "lc-title" },
      el("h1", {}, nameOf(titleText(), 90)),
      el("p", {}, el("span", {}, datesText()), notice ? el("strong", { class: "lc-notice" }, nameOf(notice, 200)) : null)),
    el("p", { class: frame.approval ? "lc-approval" : "lc-approval lc-internal" }, nameOf(approvalText(), 60)),
    el("div", { class: "lc-tools" },
      languageSwitch(),
      tool("lc-print", t("print"), t("print_title"), printMap),
      tool("lc-picture", t("picture"), t("picture_title"), savePicture)));
}

function drawFoot() {
  fill(document.getElementById("lc-foot"), ...facts().map((fact) => el("span", {}, nameOf(fact, 160))));
}
