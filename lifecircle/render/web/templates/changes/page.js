// The page: head and foot, what to show, figures of county and units, legend, the chosen cell, paper.

const controls = {};
const [runBefore, runAfter] = data.runs;
const approvalText = () => (data.approval ? t("approval", { number: data.approval }) : t("approval_none"));
const titleText = () => t("title", { county: say(data.county) });

/** Which run: its scenario, its county and standard where the two differ in them, and its date. */
function runText(run) {
  const differs = (key) => say(runBefore[key]) !== say(runAfter[key]);
  const facts = [run.scenario ? t("scenario_is", { name: say(run.scenario) }) : "", differs("county") ? say(run.county) : "",
    differs("standard") ? say(run.standard) : "", run.generated.slice(0, 10)];
  return facts.filter(Boolean).join(" · ");
}

/** Notices of both runs; a scenario's holds that of the county as it is. */
function noticeTexts() {
  const [before, after] = [say(runBefore.notice), say(runAfter.notice)];
  return [after, after.includes(before) ? "" : before].filter(Boolean);
}
const noteTexts = () => [
  ...data.notes.map(say),
  say(runBefore.moves) === say(runAfter.moves) ? "" : t("moves_differ", { before: say(runBefore.moves), after: say(runAfter.moves) }),
  say(runBefore.standard) !== say(runAfter.standard) ? t("standards_differ", { before: say(runBefore.standard), after: say(runAfter.standard) }) : "",
].filter(Boolean);

function drawHead() {
  document.title = titleText();
  document.documentElement.lang = htmlLang();
  const notices = noticeTexts();
  fill(document.getElementById("lc-head"),
    el("div", { class: "lc-title" }, el("h1", {}, nameOf(titleText(), 90)),
      el("p", {}, el("span", {}, `${t("before")}${t("colon")}`, nameOf(runText(runBefore), 90)), el("span", {}, `${t("after")}${t("colon")}`, nameOf(runText(runAfter), 90)),
        notices.length ? el("strong", { class: "lc-notice" }, nameOf(notices.join(" "), 200)) : null)),
    el("p", { class: data.approval ? "lc-approval" : "lc-approval lc-internal" }, nameOf(approvalText(), 60)),
    el("div", { class: "lc-tools" },
      el("div", { class: "lc-switch", role: "group", "aria-label": t("language") },
        [["zh", "中文", "zh-CN"], ["en", "English", "en"]].map(([key, name, code]) => el("button", {
          type: "button", id: `lc-lang-${key}`, lang: code, "aria-pressed": String(language === key), onclick: () => setLanguage(key),
        }, name))),
      el("button", { type: "button", class: "lc-tool", id: "lc-print", title: t("print_title"), onclick: () => window.print() }, t("print"))));
  fill(document.getElementById("lc-foot"), ...facts().map((fact) => el("span", {}, nameOf(fact, 160))));
}

const facts = () => [
  say(runBefore.standard) === say(runAfter.standard) ? t("fact_standard", { standard: say(runAfter.standard) }) : null,
  say(runAfter.moves),
  t("fact_counts"), t(data.step === 1 ? "fact_tenths" : "fact_minutes"),
].filter(Boolean);

// The panel

const topicName = (topic) => `${topics[topic] ? data.kinds[topics[topic].kind].label : ""} · ${limitText(topics[topic])}`;

function views() {
  const topic = topics[state.topic];
  const measured = data.sameGrid && Boolean(data.walks[topic.walk]);
  return [["coverage", measured && !topic.note], ["minutes", measured], ["units", !topic.note]].filter(([, there]) => there).map(([key]) => key);
}

function choose(change) {
  Object.assign(state, change);
  const possible = views();
  if (!possible.includes(state.view)) state.view = possible[0] || "none";
  redraw();
}

function topicChoice() {
  const groups = data.circles.map((circle, at) => [circle, topics.map((_, i) => i).filter((i) => topics[i].circle === at)]);
  return el("label", { class: "lc-choice" }, el("span", {}, t("kind")),
    el("select", { id: "lc-topic", onchange: (event) => choose({ topic: Number(event.target.value) }) },
      groups.map(([circle, list]) => el("optgroup", { label: shortened(circle.label, 60) }, list.map((i) => el("option", { value: i, selected: i === state.topic },
        `${shortened(data.kinds[topics[i].kind].label, 40)}${changed(i) ? "" : ` ${t("no_change")}`}`))))));
}

function viewChoice() {
  return el("div", { class: "lc-choice" }, el("span", { id: "lc-views" }, t("view")),
    el("div", { class: "lc-switch", role: "group", "aria-labelledby": "lc-views" }, views().map((key) => el("button", {
      type: "button", id: `lc-view-${key}`, "aria-pressed": String(state.view === key), onclick: () => choose({ view: key }),
    }, t(`view_${key}`)))));
}

const tile = (text, value, style) => el("p", { class: "lc-change-tile", style }, el("strong", {}, value), el("span", {}, text));

function headline() {
  const topic = state.topic;
  const [gained, lost] = [figure("gained", topic, 0), figure("lost", topic, 0)];
  const shares = ["before", "after"].map((side) => percent(shareOf(side, topic, 0)));
  return el("div", { class: "lc-headline" },
    gained === null ? null : tile(t("residents_gained"), number(gained), gained > 0.5 ? `background:${GAINED};color:#fff` : null),
    lost === null ? null : tile(t("residents_lost"), number(lost), lost > 0.5 ? `background:${LOST};color:#fff` : null),
    tile(t("share_covered"), `${shares[0]} → ${shares[1]}`));
}

const pair = (one, two) => `${one} → ${two}`;
const share = (side, topic, scope) => percent(shareOf(side, topic, scope));

function changeCell(topic, scope) {
  const points = pointsOf(topic, scope);
  return el("td", { class: points > 0.05 ? "lc-up" : points < -0.05 ? "lc-down" : null }, signed(points, 1));
}

/** Residents by unit, the largest changes first. */
function unitTable(topic) {
  const size = (unit) => (figure("gained", topic, unit + 1) || 0) + (figure("lost", topic, unit + 1) || 0) + Math.abs(pointsOf(topic, unit + 1) || 0) / 1000;
  const order = data.units.map((_, unit) => unit).sort((a, b) => size(b) - size(a));
  const row = (name, scope, extra) => el("tr", extra, el("th", { scope: "row" }, name),
    el("td", {}, pair(number(figure("total_before", topic, scope)), number(figure("total_after", topic, scope)))),
    el("td", {}, pair(share("before", topic, scope), share("after", topic, scope))), changeCell(topic, scope),
    data.sameGrid ? [el("td", {}, number(figure("gained", topic, scope))), el("td", {}, number(figure("lost", topic, scope)))] : null);
  const heads = ["unit", "residents_both", "share_both", "points", ...(data.sameGrid ? ["gained", "lost"] : [])];
  return el("table", { class: "lc-changes", id: "lc-units" },
    el("caption", {}, t("by_unit"), el("small", {}, ` ${topicName(topic)}`)),
    el("thead", {}, el("tr", {}, heads.map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, row(el("strong", {}, t("whole_county")), 0, {}),
      order.filter((unit) => figure("total_before", topic, unit + 1) !== null || figure("total_after", topic, unit + 1) !== null)
        .map((unit) => row(el("button", { type: "button", class: "lc-unit-name", onclick: () => chooseUnit(unit) }, nameOf(data.units[unit].name, 30)), unit + 1,
          { "data-unit": unit, class: unit === state.unit ? "lc-chosen" : null }))));
}

/** All requirements: what changed comes first; what is not compared says why. */
function topicTable() {
  const weight = (topic) => (figure("gained", topic, 0) || 0) + (figure("lost", topic, 0) || 0) + (topics[topic].note ? (topics[topic].judged.every(Boolean) ? 0.4 : -1) : 0);
  const order = topics.map((_, topic) => topic).sort((a, b) => weight(b) - weight(a));
  return el("table", { class: "lc-changes", id: "lc-kinds" },
    el("caption", {}, t("by_kind")),
    el("thead", {}, el("tr", {}, ["kind", "share_both", "points", ...(data.sameGrid ? ["gained", "lost"] : [])].map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, order.map((topic) => el("tr", { class: topic === state.topic ? "lc-chosen" : null },
      el("th", { scope: "row" }, el("button", { type: "button", class: "lc-unit-name", onclick: () => choose({ topic }) }, nameOf(data.kinds[topics[topic].kind].label, 30)),
        el("small", {}, nameOf(`${data.circles[topics[topic].circle].label} ${limitText(topics[topic])}`, 60)),
        topics[topic].note ? el("small", { class: "lc-apart" }, say(topics[topic].note)) : null),
      el("td", {}, pair(share("before", topic, 0), share("after", topic, 0))), changeCell(topic, 0),
      data.sameGrid ? [el("td", {}, number(figure("gained", topic, 0))), el("td", {}, number(figure("lost", topic, 0)))] : null))));
}

function drawPanel() {
  const panel = document.getElementById("lc-panel");
  const scrolled = panel.scrollTop;
  const notes = noteTexts();
  const topic = topics[state.topic];
  fill(panel, ...[
    el("div", { class: "lc-choices" }, topicChoice(), viewChoice()),
    headline(),
    topic.note ? el("p", { class: "lc-warning" }, say(topic.note)) : null,
    notes.length ? el("ul", { class: "lc-notes", id: "lc-notes" }, notes.map((note) => el("li", {}, longText(note, 200)))) : null,
    el("p", { class: "lc-note" }, t("residents_total", { before: number(runBefore.residents), after: number(runAfter.residents) })),
    unitTable(state.topic), topicTable(),
  ].filter(Boolean));
  panel.scrollTop = scrolled;
}

// Legend and the chosen cell

const swatch = (colour) => el("span", { class: "lc-swatch", style: `background:${colour}`, "aria-hidden": "true" });

function legendNodes() {
  const list = shown ? shown.indicator.classes : [];
  const seen = new Set(shown ? shown.classes : []);
  const kind = topics[state.topic].kind;
  const states = facilities && state.facilities ? FACILITY_MARKS.map(([key, colour, line], i) => ({
    key, colour, line, count: facilities.kind.filter((each, at) => each === kind && facilities.state[at] === i).length,
  })).filter(({ count }) => count) : [];
  return [
    el("h3", {}, nameOf(data.kinds[kind].label, 40), el("small", {}, ` ${limitText(topics[state.topic])}`)),
    el("p", { class: "lc-note" }, t(`legend_${state.view}`)),
    el("ul", {}, list.map(({ color, label }, i) => (seen.has(i) ? el("li", {}, swatch(color), el("span", {}, label), el("small", {}, number(shown.persons[i]))) : null))),
    el("p", { class: "lc-note" }, t("legend_right")),
    states.length ? el("ul", { class: "lc-states" }, states.map(({ key, colour, line, count }) => el("li", {},
      el("span", { class: `lc-state-mark lc-mark-${key}`, style: `background:${colour};border-color:${line === "#ffffff" ? colour : line}`, "aria-hidden": "true" }),
      el("span", {}, t(`facility_${key}`)), el("small", {}, number(count))))) : null,
  ].filter(Boolean);
}

function drawLegend() {
  fill(controls.legend, ...legendNodes());
}

function chooseUnit(unit) {
  state.unit = state.unit === unit ? -1 : unit;
  const box = boundsOf(state.unit);
  if (box) map.fitBounds(box, clearOfLegend());
  layers.borders.redraw();
  drawPanel();
}

/** What both runs say of a cell: every requirement that is judged there. */
function tellCell() {
  const cell = state.cell;
  if (cell < 0) { fill(controls.chosen); return; }
  const judged = topics.map((topic, i) => [topic, i]).filter(([topic]) => topic.settings.includes(SETTINGS[settingOf[cell]]) && data.walks[topic.walk]);
  judged.sort(([, a], [, b]) => (b === state.topic) - (a === state.topic));
  const unit = cells.unit[cell];
  fill(controls.chosen, ...[
    el("button", { type: "button", class: "lc-close", "aria-label": "×", onclick: () => chooseCell(-1) }, "×"),
    el("h3", {}, nameOf(unit === MISSING_16 ? "–" : data.units[unit].name, 40), el("small", {}, ` ${t(SETTINGS[settingOf[cell]] || "unjudged_setting")}`)),
    el("p", {}, isKnown[cell] ? t("cell_residents", { before: number(personsBefore[cell], 1), after: number(cells.persons[cell], 1) }) : t("cell_unknown", { after: number(cells.persons[cell], 1) })),
    isKnown[cell] && judged.length ? el("table", { class: "lc-changes" },
      el("thead", {}, el("tr", {}, ["kind", "before", "after"].map((key) => el("th", { scope: "col" }, t(key))))),
      el("tbody", {}, judged.map(([topic]) => {
        const walk = walksOf(topic);
        return el("tr", {}, el("th", { scope: "row" }, nameOf(data.kinds[topic.kind].label, 24), el("small", {}, limitText(topic))),
          ...[walk.before, walk.after].map((side) => {
            const limit = topic.unit === "metres" ? topic.limit : topic.limit * 10;
            const near = side[cell] !== MISSING_16 && side[cell] <= limit;
            return el("td", { class: topic.note ? null : near ? "lc-up" : "lc-down" }, walkText(topic, side[cell]));
          }));
      }))) : null,
  ].filter(Boolean));
}

function chooseCell(cell) {
  state.cell = cell;
  layers.borders.redraw();
  tellCell();
}

function redraw() {
  const focused = document.activeElement.id;
  shown = shownCells();
  drawHead();
  drawPanel();
  drawLegend();
  tellCell();
  Object.values(layers).forEach((layer) => layer.redraw());
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
}

// Paper: the map with its legend on one sheet, tables on those that follow

function drawSheet() {
  removeSheet();
  const stage = el("div", { class: "lc-sheet-map" });
  const notices = [...noticeTexts(), ...noteTexts()];
  const plain = (table) => { table.querySelectorAll("button").forEach((button) => button.replaceWith(...button.childNodes)); table.removeAttribute("id"); return table; };
  const sheet = el("section", { id: "lc-sheet", "aria-hidden": "true" },
    el("div", { class: "lc-sheet-page" },
      el("header", {}, el("div", {}, el("h1", {}, nameOf(`${titleText()} · ${topicName(state.topic)}`, 120)),
        el("p", {}, `${t("before")}${t("colon")}${runText(runBefore)} → ${t("after")}${t("colon")}${runText(runAfter)}`),
        notices.length ? el("p", { class: "lc-sheet-notice" }, nameOf(notices.join(" "), 240)) : null),
      el("p", { class: data.approval ? "lc-sheet-approval" : "lc-sheet-approval lc-internal" }, nameOf(approvalText(), 60))),
      el("div", { class: "lc-sheet-body" }, stage, el("div", { class: "lc-sheet-legend lc-legend" }, el("h2", {}, t("legend")), legendNodes())),
      el("footer", {}, el("p", {}, facts().join(" · ")), el("p", {}, credits().join("; ")))),
    el("div", { class: "lc-sheet-rest" }, plain(unitTable(state.topic)), plain(topicTable()), el("p", {}, `${approvalText()} · ${t("dash_note")}`)));
  document.body.append(sheet);
  stage.append(mapCanvas(stage.clientWidth, stage.clientHeight, 3));
}

function removeSheet() {
  const sheet = document.getElementById("lc-sheet");
  if (sheet) sheet.remove();
}

window.addEventListener("beforeprint", drawSheet);
window.addEventListener("afterprint", removeSheet);

// Start

const ATTRIBUTION = "© OpenStreetMap contributors, ODbL";
const credits = () => [ATTRIBUTION, ...data.sources];

const NorthArrow = L.Control.extend({
  options: { position: "bottomleft" },
  onAdd: () => el("div", { class: "lc-north", role: "img", "aria-label": t("north") }, el("b", { "aria-hidden": "true" }, "▲"), el("span", {}, t("north_short"))),
});

function drawBearings() {
  (controls.bearings || []).forEach((control) => control.remove());
  controls.bearings = [
    L.control.zoom({ zoomInTitle: t("zoom_in"), zoomOutTitle: t("zoom_out") }),
    L.control.scale({ imperial: false, maxWidth: 140 }), new NorthArrow(),
  ];
  controls.bearings.forEach((control) => control.addTo(map));
  map.getContainer().setAttribute("aria-label", t("map"));
  controls.help.textContent = t("map_help");
  fill(controls.credit.getContainer(), el("bdi", { title: credits().join("\n") }, ATTRIBUTION), data.sources.length ? ` · ${shortened(data.sources.join("; "), 80)}` : "");
}

/** The map is seen beside the legend, not below it. */
function clearOfLegend() {
  const wide = map.getSize().x > 700 ? controls.float.offsetWidth + 24 : 16;
  return { paddingTopLeft: [50, 16], paddingBottomRight: [wide, 26], animate: !window.matchMedia("(prefers-reduced-motion: reduce)").matches };
}

function start() {
  const stage = map.getContainer();
  const most = topics.map((_, topic) => (figure("gained", topic, 0) || 0) + (figure("lost", topic, 0) || 0) + Math.abs(pointsOf(topic, 0) || 0));
  // What is not compared comes last: there is nothing to draw of it.
  topics.forEach((topic, i) => { if (topic.note) most[i] = data.walks[topic.walk] ? -1 : -2; });
  state.topic = Math.max(0, most.indexOf(Math.max(...most)));
  if (!views().includes(state.view)) state.view = views()[0] || "none";
  controls.legend = el("div", { class: "lc-card-body", "aria-live": "polite" });
  controls.chosen = el("div", { class: "lc-told", role: "status" });
  controls.float = el("div", { class: "lc-cards-right" }, el("section", { class: "lc-float lc-legend" }, controls.legend), el("section", { class: "lc-float" }, controls.chosen));
  controls.help = el("p", { class: "lc-hidden", id: "lc-help" });
  [...controls.float.children].forEach((node) => { L.DomEvent.disableClickPropagation(node); L.DomEvent.disableScrollPropagation(node); });
  stage.append(controls.float);
  document.getElementById("lc-stage").append(controls.help);
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-describedby", "lc-help");
  controls.credit = L.control.attribution({ prefix: false }).addTo(map);
  shown = shownCells();
  drawHead();
  map.invalidateSize({ animate: false });
  drawLegend();
  const all = boundsOf(-1);
  if (all) {
    map.fitBounds(all, { ...clearOfLegend(), animate: false });
    map.setMinZoom(Math.max(1, map.getZoom() - 2));
    map.setMaxZoom(18);
    map.setMaxBounds(all.pad(3));
  } else map.setView([35, 105], 4);
  drawBearings();
  drawPanel();
  Object.values(layers).forEach((layer) => layer.addTo(map));
  map.on("click", (event) => { if (cells) chooseCell(cellAt(...toPlane(event.latlng))); });
  onLanguage(() => { drawBearings(); redraw(); });
  stage.dataset.ready = "true";
}

start();
