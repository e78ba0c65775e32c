// The page: its head and foot, the legend, what is chosen, and the sheets on paper.

const controls = {};
const approvalText = () => (data.approval ? t("approval", { number: data.approval }) : t("approval_none"));

function titleText() {
  const [first] = places();
  return first && first.name ? t("title_of", { place: first.name }) : t("title");
}

function noticeText() {
  if (!data.notices.length) return "";
  const more = data.notices.length - 1;
  return say(data.notices[0]) + (more ? ` ${t("more_notices", { count: more })}` : "");
}

/** What the page says of itself; counties whose people move otherwise are told. */
function facts() {
  const done = counties.filter(({ status }) => status === "done");
  const ways = [...new Set(done.map(({ moves }) => (moves ? say(moves) : "")).filter(Boolean))];
  const dates = [...new Set(done.map(({ date }) => date).filter(Boolean))].sort();
  return [
    t("fact_standard", { standard: labelOf(data.standards, state.standard) }),
    ways.length > 1 ? t("fact_ways", { count: number(ways.length) }) : ways[0],
    dates.length ? t("fact_dates", { dates: dates.length > 1 ? `${dates[0]} – ${dates[dates.length - 1]}` : dates[0] }) : null,
    t("fact_done", { done: number(done.length), open: number(COUNT - done.length) }),
    t("fact_counts"), t("fact_outlines"),
  ].filter(Boolean);
}

function drawHead() {
  document.title = titleText();
  document.documentElement.lang = htmlLang();
  fill(document.getElementById("lc-head"),
    el("div", { class: "lc-title" }, el("h1", {}, nameOf(titleText(), 90)),
      el("p", {}, el("span", {}, nameOf(facts()[0], 90)), el("span", {}, facts().filter((fact) => fact === t("fact_done", { done: number(counties.filter(({ status }) => status === "done").length), open: number(counties.filter(({ status }) => status !== "done").length) }))[0]),
        noticeText() ? el("strong", { class: "lc-notice" }, nameOf(noticeText(), 200)) : null)),
    el("p", { class: data.approval ? "lc-approval" : "lc-approval lc-internal" }, nameOf(approvalText(), 60)),
    el("div", { class: "lc-tools" },
      el("div", { class: "lc-switch", role: "group", "aria-label": t("language") },
        [["zh", "中文", "zh-CN"], ["en", "English", "en"]].map(([key, name, code]) => el("button", {
          type: "button", id: `lc-lang-${key}`, lang: code, "aria-pressed": String(language === key), onclick: () => setLanguage(key),
        }, name))),
      el("button", { type: "button", class: "lc-tool", id: "lc-print", title: t("print_title"), onclick: () => window.print() }, t("print"))));
  fill(document.getElementById("lc-foot"), ...facts().slice(1).map((fact) => el("span", {}, nameOf(fact, 160))));
}

// Legend

function swatch(style, name) {
  return el("span", { class: `lc-swatch ${name || ""}`, style, "aria-hidden": "true" });
}

/** The legend's lines; what is not there is not in it. */
function legendNodes() {
  const indicator = data.indicators[shownIndicator()];
  const many = (wanted) => figures.filter(wanted).length;
  const lines = classes().map(({ label, color }, group) => [swatch(`background:${color}`), label, many((figure) => figure.group === group)]);
  const rest = UNCOLOURED.map((key) => [
    swatch(null, `lc-tile-${["apart", "unfinished"].includes(key) ? key : "grey"}`), t(`state_${key}`), many((figure) => figure.state === key),
  ]).filter(([, , count]) => count);
  const lost = counties.map((_, county) => county).filter((county) => !placed(county));
  return [
    indicator ? el("h3", {}, nameOf(labelOf(data.kinds, indicator.kind), 40), el("small", {}, nameOf(labelOf(data.circles, indicator.circle), 40)),
      el("small", {}, `${wayText(indicator.ways[0])} · ${t(`share_${state.denominator}`)}`)) : null,
    el("ul", {}, [...lines, ...rest].map(([mark, text, count]) => el("li", {}, mark, el("span", {}, text), el("small", {}, number(count))))),
    el("p", { class: "lc-note" }, t("counties_right")),
    lost.length ? el("div", { class: "lc-lost" }, el("h3", {}, t("not_on_map")),
      el("ul", {}, lost.slice(0, 12).map((county) => el("li", { title: counties[county].reason || null }, nameOf(say(counties[county].name), 24), el("small", {}, stateText(county) || percent(figures[county].share)))),
        lost.length > 12 ? el("li", {}, `… ${number(lost.length)}`) : null)) : null,
  ].filter(Boolean);
}

function drawLegend() {
  fill(controls.legend, el("h2", {}, t("legend")),
    el("div", { class: "lc-choice" }, el("span", { id: "lc-classes" }, t("classes")),
      el("div", { class: "lc-switch", role: "group", "aria-labelledby": "lc-classes" }, ["fixed", "quantile"].map((key) => el("button", {
        type: "button", id: `lc-classes-${key}`, "aria-pressed": String(state.classes === key), onclick: () => { state.classes = key; redraw(); },
      }, t(`classes_${key}`))))),
    ...legendNodes());
}

// Choosing

function redrawMap() {
  Object.values(layers).forEach((layer) => layer.redraw());
}

/** What is shown, is, if the standard has it; else what most counties have. */
function pickTopic() {
  const listed = topics();
  if (listed.some((each) => topicOf(each) === state.topic)) return;
  const many = (each) => {
    const at = data.indicators.indexOf(each) * COUNT;
    return counties.filter((_, county) => total[at + county] > 0 && !Number.isNaN(covered[at + county])).length;
  };
  const best = listed.reduce((most, each) => (most && many(most) >= many(each) ? most : each), null);
  state.topic = best ? topicOf(best) : "";
}

/** All that depends on the indicator, drawn anew; what had the focus keeps it. */
function redraw() {
  const focused = document.activeElement.id;
  reckon();
  drawHead();
  drawPanel();
  drawLegend();
  redrawMap();
  tellChosen();
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
}

function hover(county) {
  if (state.hovered === county) return;
  state.hovered = county;
  layers.marked.redraw();
  markRows();
}

function choosePlace(position) {
  state.place = state.place === position ? 0 : position;
  redraw();
  const box = boundsOf(counties.map((_, county) => county).filter((county) => inPlace(county, shownPlace())));
  if (box) map.fitBounds(box, clearOfLegend());
}

/** Mark a county in both; from the table the map goes to it, from the map the table. */
function chooseCounty(county, fromTable) {
  state.chosen = county;
  layers.marked.redraw();
  layers.names.redraw();
  markRows();
  const box = county < 0 ? null : boundsOf([county]);
  if (fromTable && box && !map.getBounds().contains(box)) map.panInsideBounds(box.pad(0.5));
  tellChosen();
  if (county < 0 || fromTable) return;
  const row = document.querySelector(`#lc-panel tr[data-county="${county}"]`);
  if (row) row.scrollIntoView({ block: "nearest" });
}

/** What a county has, below the legend; read out by screen readers. */
function tellChosen() {
  const county = state.chosen;
  if (county < 0) { fill(controls.chosen); return; }
  const figure = figures[county];
  const ranked = figures.filter(({ rank }) => rank).length;
  const pairs = [
    [t("share"), figure.share === null ? "–" : percent(figure.share)],
    [t("counts"), figure.total > 0 && figure.share !== null ? `${amounts(figure)} ${t(`unit_${state.denominator}`)}` : null],
    [t("rank"), figure.rank ? t("ranked_of", { rank: number(figure.rank), all: number(ranked) }) : null],
    [t("status"), figure.state === "ok" ? null : stateText(county)],
    [t("moves"), counties[county].moves ? say(counties[county].moves) : null],
  ].filter(([, text]) => text);
  const { reason, rough, adcode } = counties[county];
  fill(controls.chosen,
    el("button", { type: "button", class: "lc-close", "aria-label": "×", onclick: () => chooseCounty(-1) }, "×"),
    el("h3", {}, nameOf(say(counties[county].name), 40), el("small", {}, ` ${adcode}`)),
    el("dl", { class: "lc-pairs" }, pairs.map(([what, text]) => [el("dt", {}, what), el("dd", {}, text)])),
    reason && figure.state === "unfinished" ? el("p", { class: "lc-warning" }, longText(reason, 120)) : "",
    rough && placed(county) ? el("p", { class: "lc-note" }, t("rough_outline")) : "",
    ownMap(county) ? el("p", {}, ownMap(county)) : "");
}

// Paper: the map on one sheet, sums and ranking on those that follow

function drawSheet() {
  const colours = classes().map(({ color }) => color);
  const stage = el("div", { class: "lc-sheet-map" });
  const notice = noticeText();
  const head = (title) => el("header", {}, el("div", {}, el("h1", {}, nameOf(title, 90)), notice ? el("p", { class: "lc-sheet-notice" }, nameOf(notice, 200)) : null),
    el("p", { class: data.approval ? "lc-sheet-approval" : "lc-sheet-approval lc-internal" }, nameOf(approvalText(), 60)));
  const cells = (county) => {
    const figure = figures[county];
    const { reason } = counties[county];
    return el("tr", {}, el("td", { class: "lc-number" }, figure.rank ? number(figure.rank) : "–"),
      el("td", {}, nameOf(say(counties[county].name), 40)), el("td", {}, counties[county].adcode),
      el("td", { class: "lc-number" }, figure.share === null ? "–" : percent(figure.share)),
      el("td", {}, figure.group >= 0 ? swatch(`background:${colours[figure.group]}`) : null),
      el("td", { class: "lc-number" }, figure.share === null ? "–" : amounts(figure)),
      el("td", {}, nameOf([stateText(county), figure.state === "unfinished" ? reason : ""].filter(Boolean).join(t("colon")), 160)));
  };
  const sheet = el("section", { id: "lc-sheet", "aria-hidden": "true" },
    el("div", { class: "lc-sheet-page" }, head(titleText()),
      el("div", { class: "lc-sheet-body" }, stage, el("div", { class: "lc-sheet-legend lc-legend" }, el("h2", {}, t("legend")), legendNodes())),
      el("footer", {}, el("p", {}, facts().map((fact) => nameOf(fact, 200)).flatMap((node, i) => (i ? [" · ", node] : [node]))), el("p", {}, t("credit")))),
    el("div", { class: "lc-sheet-rest" }, el("h2", {}, [labelOf(data.kinds, (data.indicators[shownIndicator()] || {}).kind || ""), wayText((data.indicators[shownIndicator()] || { ways: [{ limit: 0 }] }).ways[0]), t(`share_${state.denominator}`)].join(" · ")),
      sumTable(), leftOutNote(),
      el("table", { class: "lc-ranking" },
        el("thead", {}, el("tr", {}, [t("rank"), t("county"), t("adcode"), t("share"), "", t("counts"), t("status")].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, sortedCounties().map(cells))),
      el("p", {}, `${approvalText()} · ${t("dash_note")}`)));
  sheet.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id")); // those of the panel are still there
  removeSheet();
  document.body.append(sheet);
  const canvas = mapCanvas(stage.clientWidth, stage.clientHeight, 3);
  const context = canvas.getContext("2d");
  context.putImageData(context.getImageData(0, 0, canvas.width, canvas.height), 0, 0); // one image on paper, as in paper.js
  stage.append(canvas);
}

function removeSheet() {
  const sheet = document.getElementById("lc-sheet");
  if (sheet) sheet.remove();
}

window.addEventListener("beforeprint", drawSheet);
window.addEventListener("afterprint", removeSheet);

// Start

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
  fill(controls.credit.getContainer(), t("credit"));
}

/** The map is seen beside the legend, not below it. */
function clearOfLegend() {
  const wide = map.getSize().x > 700 ? controls.float.offsetWidth + 24 : 16;
  return { paddingTopLeft: [50, 16], paddingBottomRight: [wide, 26], animate: !window.matchMedia("(prefers-reduced-motion: reduce)").matches };
}

function listen(stage) {
  const at = (event) => findFeature(shapes, ...toPlane(event.latlng), placed);
  map.on("mousemove", (event) => { const county = at(event); stage.style.cursor = county < 0 ? "" : "pointer"; hover(county); showTip(county, event.latlng); });
  map.on("mouseout", () => { hover(-1); showTip(-1); });
  map.on("click", (event) => chooseCounty(at(event), false));
}

function showTip(county, place) {
  if (county < 0) { controls.tip.remove(); return; }
  const figure = figures[county];
  controls.tip.setContent(el("div", {}, el("strong", {}, nameOf(say(counties[county].name), 40)), " ",
    figure.share === null ? "" : percent(figure.share), figure.state === "ok" ? "" : el("small", {}, ` ${stateText(county)}`)));
  controls.tip.setLatLng(place).addTo(map);
}

function start() {
  const stage = map.getContainer();
  pickTopic();
  reckon();
  controls.legend = el("div", { class: "lc-card-body", "aria-live": "polite" });
  controls.chosen = el("div", { class: "lc-told", role: "status" });
  controls.float = el("div", { class: "lc-cards-right" }, el("section", { class: "lc-float lc-legend" }, controls.legend), el("section", { class: "lc-float" }, controls.chosen));
  controls.help = el("p", { class: "lc-hidden", id: "lc-help" });
  controls.tip = L.tooltip({ direction: "top", offset: [0, -8], opacity: 0.96 });
  [...controls.float.children].forEach((node) => { L.DomEvent.disableClickPropagation(node); L.DomEvent.disableScrollPropagation(node); });
  stage.append(controls.float);
  document.getElementById("lc-stage").append(controls.help);
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-describedby", "lc-help");
  controls.credit = L.control.attribution({ prefix: false }).addTo(map);
  drawHead();
  map.invalidateSize({ animate: false });
  drawLegend();
  const all = boundsOf(counties.map((_, county) => county));
  if (all) {
    map.fitBounds(all, { ...clearOfLegend(), animate: false });
    map.setMinZoom(Math.max(1, map.getZoom() - 2));
    map.setMaxZoom(Math.min(18, map.getZoom() + 7));
    map.setMaxBounds(all.pad(3));
  } else map.setView([35, 105], 4);
  drawBearings();
  drawPanel();
  Object.values(layers).forEach((layer) => layer.addTo(map));
  listen(stage);
  onLanguage(() => { drawBearings(); redraw(); });
  stage.dataset.ready = "true";
}

start();
