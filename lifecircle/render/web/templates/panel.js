// The panel beside the map: its tabs, the overview with its figures, and the notes.

const PLACED = {
  raster: () => t("placed_raster"), raster_fitted: () => t("placed_raster_fitted"), buildings: () => t("placed_buildings"),
  streets: () => t("placed_streets"), paths: () => t("placed_paths"), area: () => t("placed_area"),
  residential_land: () => t("placed_residential_land"),
};

const tabPages = {}; // key -> {page, make, made}

/** Tabs: [key, label, make()] each; content is made when first shown. */
function tabs(entries) {
  const at = (key) => Math.max(0, entries.findIndex(([other]) => other === key));
  const buttons = entries.map(([key, label], i) => el("button", {
    type: "button", role: "tab", id: `lc-tab-${key}`, "aria-controls": `lc-page-${key}`,
    onclick: () => show(i),
    onkeydown: (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1 + entries.length, Home: 0, End: entries.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show(to % entries.length);
      buttons[to % entries.length].focus();
    },
  }, label));
  const pages = entries.map(([key, , make]) => {
    const page = el("div", { role: "tabpanel", id: `lc-page-${key}`, "aria-labelledby": `lc-tab-${key}`, tabindex: "0", hidden: true });
    tabPages[key] = { page, make, made: false };
    return page;
  });
  function show(chosen) {
    state.tab = entries[chosen][0];
    entries.forEach(([key], i) => {
      const on = i === chosen;
      buttons[i].setAttribute("aria-selected", String(on));
      buttons[i].tabIndex = on ? 0 : -1;
      pages[i].hidden = !on;
      if (on && !tabPages[key].made) redrawTab(key, true);
    });
  }
  showTab = (key) => show(at(key));
  return [el("div", { class: "lc-tabs", role: "tablist", "aria-label": t("panel") }, buttons), ...pages];
}

let showTab = () => {};

/** Draw a tab anew where it has been made; what had the focus keeps it. */
function redrawTab(key, first = false) {
  const tab = tabPages[key];
  if (!tab || !(tab.made || first)) return;
  if (tab.drawing) return; // its making may choose a kind of gaps, which draws the gaps
  tab.drawing = true;
  const focused = tab.page.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = tab.page.scrollTop;
  fill(tab.page, tab.make());
  tab.page.scrollTop = scrolled;
  tab.made = true;
  tab.drawing = false;
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
}

/**
 * The tab "此处": what can be had on foot from one spot. circle.js gives `here.draw` a function that fills the
 * tab's container (`#lc-here`); the panel calls it whenever the tab is drawn anew, as after a switch of the
 * language. Without that function there is no tab. `showTab("here")` brings it to the front; `here.redraw()`
 * fills it again, when another spot has been chosen.
 */
const here = {
  draw: null,
  redraw() {
    const box = document.getElementById("lc-here");
    if (!box) return;
    fill(box);
    here.draw(box);
  },
};

function hereTab() {
  const box = el("div", { id: "lc-here", class: "lc-here", role: "region", "aria-label": t("tab_here"), "aria-live": "polite" });
  here.draw(box);
  return box;
}

function drawPanel() {
  const panel = document.getElementById("lc-panel");
  const [tab, scrolled] = [state.tab, tabPages[state.tab] ? tabPages[state.tab].page.scrollTop : 0];
  panel.setAttribute("aria-label", t("panel"));
  fill(panel, search(), ...tabs([
    ["overview", t("tab_overview"), overview],
    ["units", t("tab_units"), unitList],
    ["gaps", t("tab_gaps"), gapList],
    ...(hasDecisions() ? [["decide", t("tab_decide"), decideTab]] : []),
    ...(here.draw ? [["here", t("tab_here"), hereTab]] : []),
    ["about", t("tab_about"), about],
  ]));
  showTab(tab);
  tabPages[state.tab].page.scrollTop = scrolled;
}

function boxOf(shapes, feature) {
  const [west, south, east, north] = shapes.box.subarray(4 * feature, 4 * feature + 4);
  return L.latLngBounds(toPlace(west, south), toPlace(east, north));
}

function goToUnit(unit) {
  const clear = clearOfCards();
  // Its answer opens above the unit's middle: leave it room, so that the unit stays in sight.
  const above = Math.min(300, map.getSize().y / 2.2);
  map.fitBounds(boxOf(units.shapes, unit), { ...clear, paddingTopLeft: [clear.paddingTopLeft[0], above], animate: false });
  openUnit(unit);
}

function goToGap(gap) {
  setGapKind(gaps.kind[gap]);
  map.fitBounds(boxOf(gaps.shapes, gap).pad(0.3), { ...clearOfCards(), animate: false, maxZoom: 15 });
  openGap(gap);
}

function goToFacility(facility) {
  setFacilityKind(facilities.kind[facility], true);
  const place = toPlace(facilities.x[facility], facilities.y[facility]);
  map.setView(place, Math.max(map.getZoom(), 16), { animate: false });
  select(place, { facility }, () => [facilityAnswer(facility)]);
}

/** Show one service: the minutes to it, and its facilities. */
function showService(kind) {
  setIndicator(`kind:${kind}`);
  data.kinds.forEach((_, other) => setFacilityKind(other, other === kind));
  setGapKind(-1); // its tint would hide the minutes
}

const columns = () => [t("by_population"), t("by_residential_land"), t("by_communities")];

/** How many services of a circle have no known facility: their absence may be the map's. */
const unknown = (circle) => data.requirements.filter((r) => r.circle === circle && !data.kinds[r.kind].known).length;

function overview() {
  const judged = data.circles.map((circle, i) => [i, data.whole.scores[i]]).filter(([, score]) => score);
  const list = el("div", {});
  const cards = judged.map(([circle, score]) => el("button", {
    class: "lc-card", type: "button", "aria-pressed": "false",
    onclick: () => { state.circle = circle; show(circle); setIndicator(`circle:${circle}`); },
  },
  el("span", { class: "lc-card-name" }, data.circles[circle].label,
    circleUnsure(circle) ? el("em", {}, ` ${t("thresholds_unverified")}`) : null),
  el("span", { class: "lc-card-figure" },
    el("strong", {}, percent(score.complete)), el("small", {}, t("complete_short"))),
  bar(score.complete),
  el("span", { class: "lc-card-line" }, t("mean_score", { score: score.score === null ? "–" : number(score.score, 1) }),
    score.worst === null || !data.kinds[score.worst].known ? null : ` · ${t("worst", { kind: data.kinds[score.worst].label })}`,
    unknown(circle) ? ` · ${t("kinds_unknown", { count: unknown(circle) })}` : null,
    score.unsure ? ` · ${t("unsure_residents", { share: percent(score.unsure) })}` : null)));
  function show(circle) {
    judged.forEach(([other], i) => cards[i].setAttribute("aria-pressed", String(other === circle)));
    fill(list, coverageTable(circle));
  }
  if (judged.length) show(judged.some(([circle]) => circle === state.circle) ? state.circle : judged[0][0]);
  return el("div", {},
    el("div", { class: "lc-headline" },
      headline(data.whole.residents === null ? data.whole.assessed : data.whole.residents, t("residents")),
      headline(units.table.length, t("units")),
      headline(facilities.count, t("facilities"))),
    el("h2", {}, t("circles_heading")),
    judged.length ? el("div", { class: "lc-cards" }, cards) : el("p", { class: "lc-empty" }, t("no_circle")),
    list);
}

const headline = (value, label) => el("p", {}, el("strong", {}, number(value)), el("span", {}, label));

/** Coverage of each service of a circle at its threshold, worst first; a click shows the service. */
function coverageTable(circle) {
  const rows = data.requirements.map((r, i) => [r, data.whole.coverage[i]])
    .filter(([r, shares]) => r.circle === circle && shares);
  rows.sort((a, b) => (a[1][0] === null ? 2 : a[1][0]) - (b[1][0] === null ? 2 : b[1][0]));
  const unsure = rows.some(([r]) => r.flag === "unverified");
  return el("div", {},
    el("table", { class: "lc-coverage" },
      el("caption", {}, t("coverage_of", { circle: data.circles[circle].label })),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("service")), columns().map((column) => el("th", { scope: "col" }, column)))),
      el("tbody", {}, rows.map(([r, shares]) => el("tr", {},
        el("th", { scope: "row" }, el("button", {
          type: "button", title: t("show_service", { kind: data.kinds[r.kind].label }), onclick: () => showService(r.kind),
        }, symbol(r.kind), el("span", {}, data.kinds[r.kind].label),
        el("small", {}, limitLabel(r.limit, r.unit), r.flag === "unverified" ? "*" : ""))),
        data.kinds[r.kind].known
          ? shares.map((share) => el("td", {}, bar(share), el("span", {}, percent(share))))
          : el("td", { class: "lc-unknown", colspan: "3" }, `– ${t("no_facility_known")}`))))),
    unsure ? el("p", { class: "lc-note" }, `* ${t("unverified_note")}`) : null,
    el("p", { class: "lc-note" }, t("communities_note", { share: number(frame.community.share * 100) })));
}

/** A text that the data hold in one language only. */
const inItsLanguage = (text) => el("span", { lang: /[\u4e00-\u9fff]/.test(text) ? "zh-CN" : "en" }, longText(text, 400));

function about() {
  const bases = new Map();
  for (const r of data.requirements) {
    const key = [r.circle, r.limit, r.unit, r.flag, r.source.en].join("|");
    if (!bases.has(key)) bases.set(key, { ...r, kinds: [] });
    bases.get(key).kinds.push(data.kinds[r.kind].label);
  }
  const excluded = data.kinds.filter((kind) => kind.excluded);
  return el("div", { class: "lc-about" },
    el("h2", {}, t("about_method")),
    el("p", {}, t("method", {
      moving: say(frame.walking), limit: number(frame.snapLimit),
    })),
    precisionText() ? el("p", {}, precisionText()) : null,
    Object.keys(frame.placed).length ? el("p", {}, t("placed", {
      ways: Object.entries(frame.placed).map(([way, count]) => t("placed_units", { way: wordFor(PLACED, way), count })).join(t("comma")),
    })) : null,
    frame.findings.length ? [el("h2", {}, t("about_findings")),
      el("ul", {}, frame.findings.map((finding) => el("li", { lang: finding.zh === finding.en ? "en" : null }, longText(say(finding), 600))))] : null,
    el("h2", {}, t("about_standard")),
    el("p", {}, `${say(frame.standard)} (`, inItsLanguage(say(frame.standardSource)), ")"),
    el("ul", {}, [...bases.values()].map((base) => el("li", {},
      el("strong", {}, data.circles[base.circle].label), ` ${limitLabel(base.limit, base.unit)}${t("colon")}${base.kinds.join(t("comma"))} `,
      el("em", { class: `lc-flag lc-flag-${base.flag}` }, FLAG[base.flag]()), " ", inItsLanguage(say(base.source))))),
    el("p", {}, t("community_rule", { share: number(frame.community.share * 100) }), " ",
      el("em", { class: `lc-flag lc-flag-${frame.community.flag}` }, FLAG[frame.community.flag]()), " ", inItsLanguage(say(frame.community.source))),
    frame.changes.length ? [el("h2", {}, t("about_changes")), el("ul", {}, frame.changes.map((change) => el("li", {}, say(change))))] : null,
    excluded.length ? [el("h2", {}, t("about_excluded")),
      el("ul", {}, excluded.map((kind) => el("li", {}, el("strong", {}, kind.label), t("colon"), inItsLanguage(kind.excluded))))] : null,
    el("h2", {}, t("about_data")),
    el("ul", {}, frame.datasets.map((entry) => el("li", {},
      el("strong", {}, usesOf(entry)),
      `${t("colon")}${[entry.source, entry.date, entry.licence].filter(Boolean).join(" · ")}`))),
    el("p", {}, t("crs_is", { crs: frame.crs })),
    frame.producer ? el("p", {}, nameOf(t("producer_is", { producer: frame.producer }), 200)) : null,
    el("p", {}, t("leaflet_note")));
}
