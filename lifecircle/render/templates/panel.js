// The frame around the map: title, figures, lists, notes, and the line of facts below.

const FLAG = {
  confirmed: () => t("flag_confirmed"), secondary: () => t("flag_secondary"),
  unverified: () => t("flag_unverified"), ours: () => t("flag_ours"),
};
const USE = {
  boundary: () => t("use_boundary"), roads: () => t("use_roads"), facilities: () => t("use_facilities"),
  units: () => t("use_units"), population: () => t("use_population"),
};
const PLACED = {
  raster: () => t("placed_raster"), raster_fitted: () => t("placed_raster_fitted"), buildings: () => t("placed_buildings"),
  streets: () => t("placed_streets"), paths: () => t("placed_paths"), area: () => t("placed_area"),
  residential_land: () => t("placed_residential_land"),
};
const frame = data.frame;
/** The word for a key of such a table, or the key itself. */
const wordFor = (table, key) => (table[key] ? table[key]() : key);

/** A dataset in one line: its source and date. */
const datasetLine = (entry) => [entry.source, entry.date].filter(Boolean).join(" ");

function drawHead() {
  const dates = frame.datasets.filter((entry) => entry.date)
    .map((entry) => `${entry.uses.map((use) => wordFor(USE, use)).join(t("comma"))} ${entry.date}`);
  document.getElementById("lc-head").append(
    el("div", { class: "lc-title" },
      el("h1", {}, t("title", { county: say(data.county) })),
      el("p", {}, dates.length ? t("data_of", { dates: [...new Set(dates)].join(t("semicolon")) }) : t("data_undated"))),
    el("div", { class: "lc-marks" },
      say(frame.notice) ? el("p", { class: "lc-notice" }, say(frame.notice)) : null,
      el("p", { class: frame.approval ? "lc-approval" : "lc-approval lc-internal" },
        frame.approval ? t("approval", { number: frame.approval }) : t("approval_none"))));
}

/** How many thresholds are known how surely, in words. */
function flagCounts() {
  const counts = {};
  for (const { flag } of data.requirements) counts[flag] = (counts[flag] || 0) + 1;
  return Object.keys(FLAG).filter((flag) => counts[flag])
    .map((flag) => t("flag_count", { flag: FLAG[flag](), count: counts[flag] })).join(t("comma"));
}

function drawFoot() {
  const facts = [
    t("walking_speed", { kph: number(frame.speedKph, 2), metres: number(frame.metresPerMinute, 1) }),
    t("crs_is", { crs: frame.crs }),
    t("standard_is", { standard: say(frame.standard), flags: flagCounts() }),
    frame.producer ? t("producer_is", { producer: frame.producer }) : null,
    frame.generated ? t("generated_on", { date: frame.generated }) : null,
  ];
  document.getElementById("lc-foot").append(...facts.filter(Boolean).map((fact) => el("span", {}, fact)));
}

/** Tabs: [key, label, make()] each; content is made when first shown. */
function tabs(entries) {
  const buttons = entries.map(([key, label], i) => el("button", {
    type: "button", role: "tab", id: `lc-tab-${key}`, "aria-controls": `lc-page-${key}`,
    onclick: () => show(i),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { show((i + step + entries.length) % entries.length); buttons[(i + step + entries.length) % entries.length].focus(); }
    },
  }, label));
  const pages = entries.map(([key]) => el("div", {
    role: "tabpanel", id: `lc-page-${key}`, "aria-labelledby": `lc-tab-${key}`, tabindex: "0", hidden: true,
  }));
  function show(chosen) {
    entries.forEach(([, , make], i) => {
      const on = i === chosen;
      buttons[i].setAttribute("aria-selected", String(on));
      buttons[i].tabIndex = on ? 0 : -1;
      pages[i].hidden = !on;
      if (on && !pages[i].hasChildNodes()) pages[i].append(make());
    });
  }
  showTab = (key) => show(entries.findIndex(([other]) => other === key));
  show(0);
  return [el("div", { class: "lc-tabs", role: "tablist", "aria-label": t("panel") }, buttons), ...pages];
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

let showTab = () => {};

function drawPanel() {
  const panel = document.getElementById("lc-panel");
  panel.append(search(), ...tabs([
    ["overview", t("tab_overview"), overview],
    ["units", t("tab_units"), unitList],
    ["gaps", t("tab_gaps"), gapList],
    ...(here.draw ? [["here", t("tab_here"), hereTab]] : []),
    ["about", t("tab_about"), about],
  ]));
}

/** Find a unit or facility by its name, and go there. */
function search() {
  const found = el("ul", { class: "lc-found", id: "lc-found", hidden: true });
  const input = el("input", {
    type: "search", placeholder: t("search"), "aria-label": t("search"), "aria-controls": "lc-found",
    autocomplete: "off", oninput: () => list(), onkeydown: (event) => { if (event.key === "Escape") close(); },
  });
  function close() { found.hidden = true; }
  function go(action) { close(); input.value = ""; action(); }
  function list() {
    const text = input.value.trim().toLowerCase();
    const hits = [];
    if (text) {
      units.table.forEach((unit, i) => {
        if (unit.name.toLowerCase().includes(text)) hits.push([unit.name, t("unit"), () => goToUnit(i)]);
      });
      for (let i = 0; i < facilities.count && hits.length < 30; i++) {
        if (facilities.name[i] && facilities.name[i].toLowerCase().includes(text)) {
          hits.push([facilities.name[i], data.kinds[facilities.kind[i]].label, () => goToFacility(i)]);
        }
      }
    }
    fill(found, ...hits.slice(0, 30).map(([name, kind, action]) => el("li", {},
      el("button", { type: "button", onclick: () => go(action) }, name, el("small", {}, kind)))));
    if (text && !hits.length) found.append(el("li", { class: "lc-empty" }, t("nothing_found")));
    found.hidden = !text;
  }
  return el("div", { class: "lc-search" }, input, found);
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
  select(place, { facility }, [facilityAnswer(facility)]);
}

/** Show one service: the minutes to it, and its facilities. */
function showService(kind) {
  setIndicator(`kind:${kind}`);
  data.kinds.forEach((_, other) => setFacilityKind(other, other === kind));
  setGapKind(-1); // its tint would hide the minutes
}

const columns = [t("by_population"), t("by_residential_land"), t("by_communities")];

/** How many services of a circle have no known facility: their absence may be the map's. */
const unknown = (circle) => data.requirements.filter((r) => r.circle === circle && !data.kinds[r.kind].known).length;

function overview() {
  const judged = data.circles.map((circle, i) => [i, data.whole.scores[i]]).filter(([, score]) => score);
  const list = el("div", {});
  const cards = judged.map(([circle, score]) => el("button", {
    class: "lc-card", type: "button", "aria-pressed": "false",
    onclick: () => { show(circle); setIndicator(`circle:${circle}`); },
  },
  el("span", { class: "lc-card-name" }, data.circles[circle].label,
    data.requirements.some((r) => r.circle === circle && r.flag === "unverified")
      ? el("em", {}, ` ${t("thresholds_unverified")}`) : null),
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
  if (judged.length) show(judged[0][0]);
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
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("service")), columns.map((column) => el("th", { scope: "col" }, column)))),
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

const CIRCLED = ["①", "②", "③", "④", "⑤", "⑥", "⑦", "⑧", "⑨"];

function unitList() {
  const scored = data.circles.map((_, i) => i).filter((i) => units.table.some((unit) => unit.scores[i]));
  const value = {
    name: (unit) => unit.name,
    setting: (unit) => settingLabel(unit.setting),
    residents: (unit) => (unit.residents === null ? -1 : unit.residents),
  };
  scored.forEach((i) => { value[i] = (unit) => (unit.scores[i] && unit.scores[i].score !== null ? unit.scores[i].score : -1); });
  const body = el("tbody", {});
  let [sorted, down] = ["residents", true];
  const heads = [["name", t("unit")], ["setting", t("setting")], ["residents", t("residents")],
    ...scored.map((i) => [i, CIRCLED[i] || String(i + 1), data.circles[i].label])]
    .map(([key, label, title]) => el("th", { scope: "col" }, el("button", {
      type: "button", title: title || label, onclick: () => { down = sorted === key ? !down : typeof key === "number" || key === "residents"; sorted = key; list(); },
    }, label)));
  function list() {
    const order = units.table.map((_, i) => i).sort((a, b) => {
      const [p, q] = [value[sorted](units.table[a]), value[sorted](units.table[b])];
      const way = typeof p === "string" ? p.localeCompare(q, htmlLang()) : p - q;
      return down ? -way : way;
    });
    fill(body, ...order.map((i) => {
      const unit = units.table[i];
      return el("tr", { onclick: () => goToUnit(i) },
        el("th", { scope: "row" }, el("button", { type: "button", class: "lc-link" }, unit.name)),
        el("td", {}, settingLabel(unit.setting)),
        el("td", { class: "lc-number" }, number(unit.residents)),
        scored.map((circle) => scoreCell(unit.scores[circle])));
    }));
  }
  list();
  return el("div", {},
    el("table", { class: "lc-units" }, el("caption", {}, t("units_caption")), el("thead", {}, el("tr", {}, heads)), body),
    el("ul", { class: "lc-key" }, scored.map((i) => el("li", {}, `${CIRCLED[i] || i + 1} ${data.circles[i].label}`))),
    el("p", { class: "lc-note" }, t("dash_note")));
}

function scoreCell(score) {
  if (!score || score.score === null) return el("td", { class: "lc-number" }, "–");
  const color = SCORE_CLASSES[scoreClass(score.score)].color;
  return el("td", { class: "lc-number lc-score", style: `border-bottom-color:${color}` }, number(score.score, 1));
}

function gapList() {
  const lines = el("ol", { class: "lc-gaps" });
  const kinds = data.gapKinds.length ? data.gapKinds : [...new Set(gaps.kind)];
  const shown = state.gapKind >= 0 ? state.gapKind : kinds[0];
  const choose = el("select", { "aria-label": t("gaps_of"), onchange: () => { setGapKind(Number(choose.value)); list(); } },
    kinds.map((kind) => el("option", { value: kind, selected: kind === shown }, data.kinds[kind].label)));
  function list() {
    const kind = Number(choose.value);
    const rows = gaps.kind.map((_, gap) => gap).filter((gap) => gaps.kind[gap] === kind);
    const total = rows.reduce((sum, gap) => sum + gaps.persons[gap], 0);
    summary.textContent = rows.length ? t("gaps_summary", { count: number(rows.length), persons: number(total) }) : t("no_gaps");
    fill(lines, ...rows.slice(0, 200).map((gap) => el("li", {}, el("button", {
      type: "button", "data-gap": gap, onclick: () => goToGap(gap),
    },
    el("span", { class: "lc-rank" }, String(gaps.rank[gap])),
    el("span", { class: "lc-gap-unit" }, units.table[gaps.unit[gap]].name),
    el("strong", {}, t("persons_count", { persons: people(gaps.persons[gap]) })),
    el("small", {}, gaps.minutes[gap] === null ? t("none_reached") : t("nearest_in", { minutes: number(gaps.minutes[gap], 1) }))))));
    if (rows.length > 200) lines.append(el("li", { class: "lc-empty" }, t("more_gaps", { count: rows.length - 200 })));
  }
  const summary = el("p", { class: "lc-note", role: "status" });
  if (!kinds.length) return el("p", { class: "lc-empty" }, t("no_gaps"));
  onGapKind((kind) => { if (kinds.includes(kind)) { choose.value = kind; list(); } });
  list();
  if (state.gapKind < 0) setGapKind(shown);
  return el("div", {}, el("label", { class: "lc-choice" }, el("span", {}, t("gaps_of")), choose), summary, lines);
}

function about() {
  const bases = new Map();
  for (const r of data.requirements) {
    const key = [r.circle, r.limit, r.unit, r.flag, r.source].join("|");
    if (!bases.has(key)) bases.set(key, { ...r, kinds: [] });
    bases.get(key).kinds.push(data.kinds[r.kind].label);
  }
  const excluded = data.kinds.filter((kind) => kind.excluded);
  return el("div", { class: "lc-about" },
    el("h2", {}, t("about_method")),
    el("p", {}, t("method", {
      kph: number(frame.speedKph, 2), metres: number(frame.metresPerMinute, 1), limit: number(frame.snapLimit),
    })),
    Object.keys(frame.placed).length ? el("p", {}, t("placed", {
      ways: Object.entries(frame.placed).map(([way, count]) => t("placed_units", { way: wordFor(PLACED, way), count })).join(t("comma")),
    })) : null,
    frame.findings.length ? [el("h2", {}, t("about_findings")),
      el("ul", {}, frame.findings.map((finding) => el("li", { lang: "en" }, finding)))] : null,
    el("h2", {}, t("about_standard")),
    el("p", {}, `${say(frame.standard)} (${frame.standardSource})`),
    el("ul", {}, [...bases.values()].map((base) => el("li", {},
      el("strong", {}, data.circles[base.circle].label), ` ${limitLabel(base.limit, base.unit)}: ${base.kinds.join(t("comma"))}. `,
      el("em", { class: `lc-flag lc-flag-${base.flag}` }, FLAG[base.flag]()), ` ${base.source}`))),
    el("p", {}, t("community_rule", { share: number(frame.community.share * 100) }), " ",
      el("em", { class: `lc-flag lc-flag-${frame.community.flag}` }, FLAG[frame.community.flag]())),
    frame.changes.length ? [el("h2", {}, t("about_changes")), el("ul", {}, frame.changes.map((change) => el("li", {}, say(change))))] : null,
    excluded.length ? [el("h2", {}, t("about_excluded")),
      el("ul", {}, excluded.map((kind) => el("li", {}, el("strong", {}, kind.label), `: ${kind.excluded}`)))] : null,
    el("h2", {}, t("about_data")),
    el("ul", {}, frame.datasets.map((entry) => el("li", {},
      el("strong", {}, entry.uses.map((use) => wordFor(USE, use)).join(t("comma"))),
      `: ${[entry.source, entry.date, entry.licence].filter(Boolean).join(" · ")}`))),
    el("p", {}, t("crs_is", { crs: frame.crs })),
    frame.producer ? el("p", {}, t("producer_is", { producer: frame.producer })) : null,
    el("p", {}, t("leaflet_note")));
}
