// What helps to decide: supply for 1,000 residents, proposed sites, moments of the week, how sure the gaps are. Each is
// there only where the county's file asked for it (decisionpack.py); without any, this script shows nothing.

const decisions = data.decisions || {};
const supplied = decisions.supplied || [];
const sited = decisions.sited || [];
const SITE = NEWLY; // of a site and of those whom it newly covers
const SITE_RADIUS = 12; // half a marker's diagonal, CSS pixels

state.sited = -1; // whose proposed sites are shown
state.sitesListed = false;
state.moment = 0;

const VERDICTS = ["robust", "sensitive", "no_road"];
const SHORT_VERDICT = { robust: () => t("verdict_robust"), sensitive: () => t("verdict_sensitive"), no_road: () => t("verdict_no_road_short") };
const VERDICT = {
  robust: () => t("verdict_robust"), sensitive: () => t("verdict_sensitive"), no_road: () => t("verdict_no_road"),
};
const OBJECTIVE = {
  mclp: () => t("objective_mclp"), lscp: () => t("objective_lscp"), pmedian: () => t("objective_pmedian"), pcenter: () => t("objective_pcenter"),
};

function hasDecisions() {
  return Boolean(supplied.length || sited.length || decisions.moments || decisions.confidence || decisions.reconciled);
}

// -- supply ---------------------------------------------------------------------------------------------

const supplyCells = supplied.map((one) => once(() => unpackArray(one.cells, cells.lattice && cells.lattice.north)));
const supplyLeast = supplied.map((one) => one.least && once(() => unpackArray(one.least, cells.lattice && cells.lattice.north)));
const supplyClasses = (one) => Math.max(0, one.edges.length - 1);

/** Supply of a code of supply_codes (decisionpack.py): 0, null for not known, else for 1,000. */
function supplyOf(one, code) {
  if (code === 0) return 0;
  if (code === MISSING_16) return null;
  const group = Math.floor((code - 1) / one.steps);
  const [low, high] = [one.edges[group], one.edges[Math.min(group + 1, one.edges.length - 1)]];
  return low * (high / low) ** ((code - group * one.steps) / one.steps);
}

/** Two digits, as many decimals as that takes. */
const supplyText = (value) => (value === null ? "–" : value > 0
  ? number(value, Math.min(5, Math.max(0, 1 - Math.floor(Math.log10(value) + 1e-9)))) : "0");

/** Classes, the most first; nothing in reach is the last, and a class of its own. */
function supplyScale(one) {
  const count = supplyClasses(one);
  const text = (group) => {
    const [low, high] = [one.edges[group], one.edges[group + 1]].map(supplyText);
    if (count === 1) return low === high ? low : `${low} – ${high}`;
    return group === 0 ? `≤ ${high}` : group === count - 1 ? `> ${low}` : `${low} – ${high}`;
  };
  const colour = (group) => GOOD_TO_BAD[count === 1 ? 0 : Math.round(((count - 1 - group) * 4) / (count - 1))];
  const groups = one.edges.slice(1).map((_, group) => ({ label: text(group), color: colour(group) })).reverse();
  return [...groups, { label: t("supply_none"), color: GOOD_TO_BAD[5] }];
}

function supplyGroup(one, value) {
  if (value === null) return MISSING_8;
  const count = supplyClasses(one);
  if (!(value > 0)) return count;
  return count - 1 - Math.min(count - 1, rank(value, one.edges.slice(1, -1)));
}

const supplyTitle = (one) => t("supply_title", { kind: say(one.label) });
const supplyHow = (one) => [
  t("limit_minutes", { limit: number(one.minutes, one.minutes % 1 ? 1 : 0) }), one.method.toUpperCase(),
  one.capacity ? t("supply_capacity", { column: say(one.capacity) }) : t("supply_count"),
  one.demand ? t("supply_demand", { column: say(one.demand) }) : null,
].filter(Boolean).join(t("comma"));

if (supplied.length) {
  const shown = (one, position) => ({
    key: `supply:${position}`, group: t("group_supply"), label: supplyTitle(one), option: supplyTitle(one), unit: supplyHow(one),
    classes: supplyScale(one), missing: t("supply_unknown"), note: t("supply_note"),
  });
  moreIndicators.push(() => supplied.map((one, position) => ({
    ...shown(one, position),
    fill: (out, table) => {
      if (table !== cells) return; // of the run before it is not known
      const [codes, count] = [supplyCells[position](), supplyClasses(one)];
      for (let cell = 0; cell < out.length; cell++) {
        const code = codes[cell];
        out[cell] = code === MISSING_16 ? MISSING_8 : code === 0 ? count : count - 1 - Math.floor((code - 1) / one.steps);
      }
    },
  })));
  moreUnitViews.push(() => supplied.map((one, position) => ({
    ...shown(one, position), classOf: (unit) => supplyGroup(one, one.units[units.table.indexOf(unit) + 1].supply),
  })));
  more.cell.push((cell) => supplied.map((one, position) => [supplyTitle(one), supplyOfCell(position, cell)]));
  more.facility.push((facility) => supplied.flatMap((one) => {
    const at = one.facilities.at.indexOf(facility);
    if (at < 0) return [];
    const [ratio, within] = [one.facilities.ratio[at], one.facilities.within[at]];
    return [
      [t("supply_ratio"), ratio === null ? t("supply_ratio_unknown") : supplyText(ratio)],
      [t("supply_within", { limit: number(one.minutes, one.minutes % 1 ? 1 : 0) }), within === null ? null : t("persons_count", { persons: people(within) })],
    ];
  }));
  more.unit.push((unit) => supplied.flatMap((one) => [
    [supplyTitle(one), supplyText(one.units[unit + 1].supply)],
    [t("supply_unreached_of", { kind: say(one.label) }), one.units[unit + 1].unreached === null ? null : percent(one.units[unit + 1].unreached)],
  ]));
}

/** Supply of a cell as text: none is said, and what is more than that by an unknown amount. */
function supplyOfCell(position, cell) {
  const value = supplyOf(supplied[position], supplyCells[position]()[cell]);
  if (value === null) return t("supply_unknown");
  if (value === 0) return t("supply_none");
  const least = supplyLeast[position] && supplyLeast[position]()[cell];
  return least ? t("supply_least", { supply: supplyText(value) }) : supplyText(value);
}

function supplySection(one, position) {
  const county = one.units[0];
  return el("section", { class: "lc-decision" },
    el("h2", {}, supplyTitle(one)),
    el("p", { class: "lc-note" }, supplyHow(one)),
    pairs([
      [t("supply_mean"), supplyText(county.supply)],
      [t("supply_unreached"), county.unreached === null ? null : percent(county.unreached)],
      [t("supply_persons_unknown"), county.unknown ? people(county.unknown) : null],
      [t("supply_gini"), county.gini === null ? null : number(county.gini, 2)],
    ]),
    el("button", { type: "button", class: "lc-button", id: `lc-supply-${position}`, onclick: () => showSupply(position) }, t("show_on_map")));
}

function showSupply(position) {
  const { kind } = supplied[position];
  setIndicator(`supply:${position}`);
  if (kind >= 0) data.kinds.forEach((_, other) => setFacilityKind(other, other === kind));
  setGapKind(-1);
  setSited(-1);
}

// -- proposed sites -------------------------------------------------------------------------------------

const siteTables = sited.map((one) => ({
  x: unpackArray(one.at.x), y: unpackArray(one.at.y), cells: unpackArray(one.cells), by: unpackArray(one.by),
}));

/** A chooser of whose sites are shown, and its drop-down; nothing where none were proposed. */
function siteChooser() {
  if (!sited.length) return [null, null];
  return choice(t("layer_sites"), [["-1", t("none")], ...sited.map((one, i) => [String(i), siteTitle(one, i)])],
    String(state.sited), (value) => setSited(Number(value)));
}

/** The kind, and where several searches were for it what they looked for. */
function siteTitle(one) {
  const alike = sited.filter((other) => say(other.label) === say(one.label)).length > 1;
  return alike ? `${say(one.label)} · ${wordFor(OBJECTIVE, one.objective)}` : say(one.label);
}

const sitePlace = (i) => toPlace(siteTables[state.sited].x[i], siteTables[state.sited].y[i]);
const siteUnit = (one, i) => (one.unit[i] >= 0 ? units.table[one.unit[i]].name : t("circle_outside"));
const siteName = (one, i) => one.name[i] || siteUnit(one, i);
const siteSource = (one, i) => ({ nodes: t("source_nodes"), idle: t("source_idle") }[one.source[i]] || one.source[i]);
const savesWalking = (one) => one.objective === "pmedian" || one.objective === "pcenter";

function siteAnswer(i) {
  const one = sited[state.sited];
  return el("section", { class: "lc-answer", "data-site": one.rank[i] },
    el("h3", {}, el("span", { class: "lc-site", "aria-hidden": "true" }, el("b", {}, String(one.rank[i]))),
      t("site_of", { kind: say(one.label), rank: one.rank[i] })),
    pairs([
      [t("site_name"), longText(one.name[i])],
      [t("unit"), one.unit[i] >= 0 ? unitButton(one.unit[i]) : t("circle_outside")],
      [t("site_gained"), people(one.persons[i])],
      [t("site_total", { count: one.rank[i] }), one.rank[i] > 1 ? people(one.total[i]) : null],
      [one.rank[i] > 1 ? t("site_share", { count: one.rank[i] }) : t("site_share_first"), one.share[i] === null ? null : percent(one.share[i])],
      [t("site_saved"), savesWalking(one) && one.saved[i] !== null ? number(one.saved[i]) : null],
      [t("site_served"), one.served ? people(one.served[i]) : null],
      [t("site_capacity"), one.capacity ? number(one.capacity[i]) : null],
      [t("site_source"), longText(siteSource(one, i))],
      [t("site_candidate"), longText(one.id[i])],
    ]),
    el("p", { class: "lc-note" }, t("site_land")));
}

function openSite(i) {
  const place = sitePlace(i);
  select(place, { site: i }, () => (state.sited < 0 ? [] : [siteAnswer(i)]));
}

function goToSite(i) {
  map.setView(sitePlace(i), Math.max(map.getZoom(), 14), { animate: false });
  openSite(i);
}

/** A click on a site's marker is answered before what lies below it. */
function asksForSite(place) {
  if (state.sited < 0) return false;
  const here = map.latLngToContainerPoint(place);
  const far = sited[state.sited].rank.map((_, i) => here.distanceTo(map.latLngToContainerPoint(sitePlace(i))));
  const nearest = far.indexOf(Math.min(...far));
  if (!(far[nearest] <= SITE_RADIUS + 2)) return false;
  openSite(nearest);
  return true;
}

/** Where the markers are, as [x, y, half a width, half a height]: no name is written there. */
function siteSpots(view) {
  if (state.sited < 0) return [];
  const { x, y } = siteTables[state.sited];
  const half = (SITE_RADIUS + 2) * view.dpr;
  return Array.from(x, (_, i) => [x[i] * view.k + view.left, view.top - y[i] * view.k, half, half]);
}

function diamond(context, x, y, radius) {
  context.beginPath();
  context.moveTo(x, y - radius);
  context.lineTo(x + radius, y);
  context.lineTo(x, y + radius);
  context.lineTo(x - radius, y);
  context.closePath();
}

/** A diamond with a rank: no other mark of the map has that shape. */
function paintSite(context, x, y, radius, text) {
  diamond(context, x, y, radius * 1.22);
  context.fillStyle = "#ffffff";
  context.fill();
  diamond(context, x, y, radius);
  context.fillStyle = SITE;
  context.fill();
  context.strokeStyle = INK;
  context.lineWidth = radius * 0.1;
  context.stroke();
  context.fillStyle = "#ffffff";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `700 ${radius * 0.92}px ${FONT}`;
  context.fillText(text, x, y + radius * 0.05);
}

function paintSites(context, view) {
  // The first rank lies on top.
  const spots = siteSpots(view);
  for (let i = spots.length - 1; i >= 0; i--) paintSite(context, spots[i][0], spots[i][1], SITE_RADIUS * view.dpr, String(sited[state.sited].rank[i]));
}

const siteCells = () => (state.sited < 0 ? [] : siteTables[state.sited].cells);

function paintSiteCells(context, view) {
  context.fillStyle = SITE;
  fillCells(context, view, siteCells());
}

function siteSection() {
  const shown = Math.max(0, state.sited);
  const one = sited[shown];
  const saves = savesWalking(one);
  const chooser = sited.length > 1 ? choice(t("kind"), sited.map((other, i) => [String(i), siteTitle(other, i)]), String(shown),
    (value) => setSited(Number(value)), "lc-sited")[0] : null;
  return el("section", { class: "lc-decision" },
    el("h2", {}, t("sites_of", { kind: say(one.label) })),
    chooser,
    el("p", { class: "lc-note" }, wordFor(OBJECTIVE, one.objective), t("semicolon"),
      one.gap === 0 ? t("site_best") : one.gap === null ? t("site_unproven") : t("site_gap", { share: percent(one.gap) })),
    el("table", { class: "lc-sites" },
      el("thead", {}, el("tr", {}, [t("rank"), t("site_where"), t("site_gained_short"), t("site_total_short"),
        saves ? t("site_saved_short") : t("site_share_short")].map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, one.rank.map((rank_, i) => el("tr", { "data-rank": rank_, onclick: () => { setSited(shown); goToSite(i); } },
        el("td", {}, el("span", { class: "lc-site", "aria-hidden": "true" }, el("b", {}, String(rank_)))),
        el("th", { scope: "row" }, el("button", { type: "button", class: "lc-link", id: `lc-site-${rank_}` }, nameOf(siteName(one, i), 30)),
          one.name[i] ? el("small", {}, nameOf(siteUnit(one, i), 30)) : null),
        el("td", { class: "lc-number" }, people(one.persons[i])),
        el("td", { class: "lc-number" }, people(one.total[i])),
        el("td", { class: "lc-number" }, saves ? number(one.saved[i]) : percent(one.share[i])))))),
    one.before === null ? null : el("p", { class: "lc-note" }, t("site_before", { share: percent(one.before) })),
    el("p", { class: "lc-note" }, t("site_land")),
    state.sited < 0 ? el("button", { type: "button", class: "lc-button", id: "lc-sites-show", onclick: () => setSited(shown) }, t("show_on_map")) : null);
}

if (sited.length) {
  Object.assign(layers, {
    siteCells: new CanvasLayer("lc-site-cells", 246, paintSiteCells, 0.72),
    sites: new CanvasLayer("lc-sites", 296, paintSites),
  });
  // Who is newly covered is in no gap any more: see circle.js.
  const paintAllGaps = layers.gaps._paint;
  layers.gaps._paint = (context, view) => {
    paintAllGaps(context, view);
    if (state.sited < 0 || sited[state.sited].kind !== state.gapKind) return;
    context.globalCompositeOperation = "destination-out";
    context.fillStyle = INK;
    fillCells(context, view, siteCells());
    context.globalCompositeOperation = "source-over";
  };
  legendSources.push(() => (state.sited < 0 ? null : {
    title: t("sites_of", { kind: say(sited[state.sited].label) }),
    lines: [
      { mark: { site: true }, text: t("site_legend") },
      ...(siteCells().length ? [{ mark: { fill: asDrawn(SITE, layers.siteCells) }, text: t("site_cells") }] : []),
    ],
  }));
}

// -- how sure the gaps are ------------------------------------------------------------------------------

const verdictText = (gap) => (gaps.verdict[gap] === null ? t("verdict_none") : wordFor(VERDICT, gaps.verdict[gap]));
/** Robust gaps come first; all alike where there was no sweep. */
const verdictOrder = (gap) => (gaps.verdict ? (VERDICTS.indexOf(gaps.verdict[gap]) + VERDICTS.length + 1) % (VERDICTS.length + 1) : 0);
const verdictMark = (gap) => (gaps.verdict ? el("em", { class: `lc-flag lc-verdict-${gaps.verdict[gap]}` }, verdictText(gap)) : null);

const sweepNote = ({ settings, robust }) => t("verdict_note", { settings: number(settings), share: percent(robust) });

function setVerdict(key) {
  state.verdict = key;
  ["gaps", "labels", "ranks"].forEach((name) => layers[name].redraw());
  drawLegend();
  redrawTab("gaps");
}

function verdictFilter() {
  if (!gaps.verdict) return null;
  const counts = VERDICTS.map((key) => gaps.verdict.filter((verdict, gap) => verdict === key && gaps.kind[gap] === state.gapKind).length);
  return el("div", {},
    el("div", { class: "lc-switch lc-settings lc-verdicts", role: "group", "aria-label": t("filter_verdict") },
      [["", t("all_settings")], ...VERDICTS.map((key, i) => [key, `${SHORT_VERDICT[key]()} ${number(counts[i])}`])].map(([key, label]) => el("button", {
        type: "button", title: key ? VERDICT[key]() : null, id: `lc-verdict-${key || "all"}`, "aria-pressed": String(state.verdict === key), onclick: () => setVerdict(key),
      }, label))),
    decisions.confidence ? el("p", { class: "lc-note" }, sweepNote(decisions.confidence)) : null);
}

/** Lines of the legend for gaps: which of them are shown, and what dashes mean. */
const gapLines = () => [
  { mark: { hatch: true }, text: state.verdict ? t("verdict_only", { gap: t("gap_legend"), verdict: VERDICT[state.verdict]() }) : t("gap_legend") },
  ...(gaps.verdict && state.verdict !== "robust" ? [{ mark: { dashed: GAP }, text: t("verdict_legend") }] : []),
];

if (gaps.verdict) {
  more.gap.push((gap) => [
    [t("verdict"), verdictMark(gap)],
    [t("verdict_share"), gaps.certain[gap] === null ? null : percent(gaps.certain[gap])],
    [t("verdict_unmapped"), gaps.unmapped[gap] ? percent(gaps.unmapped[gap]) : null],
  ]);
}

/** A share, or the two that it lies between. */
const rangeText = (low, high) => (low === high ? percent(low) : `${percent(low)} – ${percent(high)}`);
const asked = (position) => {
  const r = data.requirements[position];
  return el("th", { scope: "row" }, symbol(r.kind), el("span", {}, data.kinds[r.kind].label,
    el("small", {}, data.circles[r.circle].label, " · ", limitLabel(r.limit, r.unit), " ", unsureMark(r.flag))));
};

function sheet(heads, rows, caption) {
  return el("table", { class: "lc-decided" },
    caption ? el("caption", { class: "lc-hidden" }, caption) : null,
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((part) => (part instanceof Node ? part : el("td", { class: "lc-number" }, part)))))));
}

function confidenceSection({ settings, robust, coverage, edge }) {
  const count = (key) => gaps.verdict.filter((verdict) => verdict === key).length;
  return el("section", { class: "lc-decision" },
    el("h2", {}, t("confidence_heading")),
    el("p", { class: "lc-note" }, sweepNote({ settings, robust })),
    pairs(VERDICTS.map((key) => [VERDICT[key](), t("gaps_count", { count: number(count(key)) })])),
    coverage.length ? el("details", {}, el("summary", {}, t("confidence_coverage")),
      sheet([t("service"), t("confidence_own"), t("confidence_range")],
        coverage.map(([r, share, low, high]) => [asked(r), percent(share), rangeText(low, high)]))) : null,
    say(edge).length ? el("h3", {}, t("edge_heading")) : null,
    say(edge).map((text) => el("p", { class: "lc-note" }, text)));
}

function reconciledSection(told) {
  const { said, differs } = say(told);
  return el("section", { class: "lc-decision" },
    el("h2", {}, t("reconciled_heading")),
    said.map((text) => el("p", { class: "lc-note" }, text)),
    differs.length ? el("ul", { class: "lc-differs" }, differs.map((text) => el("li", {}, longText(text)))) : null);
}

// -- moments of the week --------------------------------------------------------------------------------

function momentSection({ labels, rows, openings, eight }) {
  const moment = Math.min(state.moment, labels.length - 1);
  const open = new Map(openings.filter(([of]) => of === moment).map(([, kind, ...counts]) => [kind, counts]));
  const kindOf = (row) => data.requirements[row[1]].kind;
  const told = (row) => { const of = open.get(kindOf(row)); return !of || of[0] + of[1] > 0; };
  // Whose hours are known come first, and of these where most are lost.
  const lost = (row) => (row[2] ?? 0) - (row[3] ?? 0);
  const shown = rows.filter(([of]) => of === moment).sort((a, b) => told(b) - told(a) || lost(b) - lost(a) || a[1] - b[1]);
  const [chooser] = choice(t("moment"), labels.map((label, i) => [String(i), say(label)]), String(moment), (value) => {
    state.moment = Number(value);
    redrawTab("decide");
  }, "lc-moment");
  const counts = (kind) => (open.has(kind) ? open.get(kind).map((count) => number(count)).join(" / ") : "–");
  return el("section", { class: "lc-decision" },
    el("h2", {}, t("moments_heading")),
    chooser,
    sheet([t("service"), t("moment_any"), t("moment_then"), t("moment_open")],
      shown.map((row) => [asked(row[1]), percent(row[2]),
        told(row) ? (row[3] === null ? "–" : rangeText(row[3], row[4])) : el("td", { class: "lc-number lc-unknown" }, t("moment_unknown")), counts(kindOf(row))])),
    el("p", { class: "lc-note" }, t("moment_note")),
    eight.length ? el("details", {}, el("summary", {}, t("eight_heading")),
      sheet([t("kind"), t("facilities"), t("eight_open"), t("eight_unknown")],
        eight.map(([kind, all, long, unknown_]) => [el("th", { scope: "row" }, symbol(kind), data.kinds[kind].label), number(all), number(long), number(unknown_)]))) : null);
}

// -- the tab --------------------------------------------------------------------------------------------

function decideTab() {
  // The map shows the sites once their table is first seen; whoever turns them off again is not overruled.
  if (sited.length && !state.sitesListed) {
    state.sitesListed = true;
    if (state.sited < 0) setSited(0);
  }
  return el("div", { class: "lc-deciding" },
    sited.length ? siteSection() : null,
    supplied.map(supplySection),
    decisions.moments ? momentSection(decisions.moments) : null,
    decisions.confidence ? confidenceSection(decisions.confidence) : null,
    decisions.reconciled ? reconciledSection(decisions.reconciled) : null);
}
