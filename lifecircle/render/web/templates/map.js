// The map itself: controls, legend, and the first view.

const controls = {};

function setIndicator(key) {
  const indicator = indicators.find((entry) => entry.key === key);
  state.shown = indicator ? classify(indicator) : null;
  if (controls.cells) controls.cells.value = indicator ? key : "";
  layers.cells.redraw();
  redrawIsochrones();
  drawLegend();
}

function setUnitView(key) {
  state.unitView = unitViews.find((view) => view.key === key) || null;
  layers.units.redraw();
  redrawIsochrones();
  drawLegend();
}

/** Isochrones take the place of the cells; cells that are chosen later lie under their outlines. */
function setIsochroneKind(kind) {
  state.isochroneKind = kind;
  state.isochroneFacility = -1;
  if (kind >= 0) setIndicator("");
  redrawIsochrones();
  drawLegend();
}

function redrawIsochrones() {
  layers.isochrones.setOpacity(bandsFilled() ? 0.6 : 1);
  layers.isochrones.redraw();
}

/** Cells stand back behind gaps and the circle of a spot, whose colours would else mix with theirs. */
function fadeCells() {
  layers.cells.setOpacity(state.gapKind < 0 && !state.spot && state.sited < 0 ? state.opacity : state.opacity * 0.35);
}

function setGapKind(kind) {
  state.gapKind = kind;
  fadeCells();
  if (controls.gaps) controls.gaps.value = kind;
  ["gaps", "labels", "ranks"].forEach((name) => layers[name].redraw());
  redrawTab("gaps");
  drawLegend();
}

function setSited(position) {
  state.sited = position;
  fadeCells();
  if (controls.sited) controls.sited.value = position;
  ["siteCells", "sites", "labels"].forEach((name) => layers[name].redraw());
  redrawTab("decide");
  drawLegend();
}

function setFacilityKind(kind, on) {
  if (on) state.facilityKinds.add(kind);
  else state.facilityKinds.delete(kind);
  const chip = controls.facilities && controls.facilities[kind];
  if (chip) chip.setAttribute("aria-pressed", String(on));
  layers.facilities.redraw();
  layers.labels.redraw();
}

/** A labelled drop-down; options are [value, label, group]. */
function choice(label, options, value, act, id) {
  const groups = new Map();
  const select_ = el("select", { id, onchange: () => act(select_.value) });
  for (const [key, text, group] of options) {
    if (group && !groups.has(group)) {
      groups.set(group, el("optgroup", { label: group }));
      select_.append(groups.get(group));
    }
    (group ? groups.get(group) : select_).append(el("option", { value: key }, text));
  }
  select_.value = value;
  return [el("label", { class: "lc-choice" }, el("span", {}, label), select_), select_];
}

function toggle(label, on, act) {
  const box = el("input", { type: "checkbox", onchange: () => act(box.checked) });
  box.checked = on;
  return el("label", { class: "lc-toggle" }, box, label);
}

function layerCard() {
  const none = ["", t("none")];
  const [cellChoice, cellSelect] = choice(t("layer_cells"),
    [none, ...indicators.map((entry) => [entry.key, entry.option || entry.label, entry.group])],
    state.shown ? state.shown.indicator.key : "", setIndicator);
  const [unitChoice] = choice(t("layer_units"),
    [none, ...unitViews.map((view) => [view.key, view.option, view.group])], state.unitView ? state.unitView.key : "", setUnitView);
  const reached = [...new Set(isochrones.kind.filter((_, band) => isochrones.facility[band] < 0))].sort((a, b) => a - b);
  const [isoChoice] = choice(t("layer_isochrones"),
    [["-1", t("none")], ...reached.map((kind) => [String(kind), data.kinds[kind].label])], String(state.isochroneKind),
    (value) => setIsochroneKind(Number(value)));
  const [gapChoice, gapSelect] = choice(t("layer_gaps"),
    [["-1", t("none")], ...[...new Set(gaps.kind)].sort((a, b) => a - b).map((kind) => [String(kind), data.kinds[kind].label])],
    String(state.gapKind), (value) => setGapKind(Number(value)));
  const [siteChoice, siteSelect] = siteChooser();
  Object.assign(controls, { cells: cellSelect, gaps: gapSelect, sited: siteSelect });
  const opacity = el("input", {
    type: "range", min: "20", max: "100", value: String(Math.round(state.opacity * 100)), "aria-label": t("opacity"),
    oninput: () => { state.opacity = opacity.value / 100; fadeCells(); },
    onchange: drawLegend,
  });
  const empty = cells && cells.persons.some((persons) => !(persons > 0));
  return card("lc-layers", t("layers"), [
    basemapChoice(), cellChoice,
    el("label", { class: "lc-choice lc-slider" }, el("span", {}, t("opacity")), opacity),
    unitChoice, isoChoice, gapChoice, siteChoice,
    el("div", { class: "lc-toggles" },
      streets.length ? toggle(t("streets"), state.streets, (on) => { state.streets = on; layers.streets.redraw(); drawLegend(); }) : null,
      toggle(t("names"), state.labels, (on) => { state.labels = on; layers.labels.redraw(); }),
      empty ? toggle(t("populated_only"), state.populatedOnly, (on) => { state.populatedOnly = on; layers.cells.redraw(); }) : null),
    facilityChips(),
  ]);
}

function facilityChips() {
  const counts = new Map();
  facilities.kind.forEach((kind) => counts.set(kind, (counts.get(kind) || 0) + 1));
  const judged = new Set(data.requirements.map((r) => r.kind));
  controls.facilities = data.kinds.map((kind, i) => (judged.has(i) || counts.has(i)) && el("button", {
    type: "button", class: "lc-chip", "aria-pressed": String(state.facilityKinds.has(i)), "data-kind": kind.key, disabled: !counts.has(i),
    onclick: () => setFacilityKind(i, !state.facilityKinds.has(i)),
  }, symbol(i), kind.label, el("small", {}, number(counts.get(i) || 0))));
  const all = (on) => () => data.kinds.forEach((_, i) => setFacilityKind(i, on && counts.has(i)));
  return el("fieldset", { class: "lc-chips" },
    el("legend", {}, t("layer_facilities"),
      el("button", { type: "button", class: "lc-link", onclick: all(true) }, t("all")),
      el("button", { type: "button", class: "lc-link", onclick: all(false) }, t("none"))),
    el("div", {}, controls.facilities.filter(Boolean)));
}

/** A card on the map that folds to its heading; on a small map it starts folded. */
function card(name, heading, content) {
  if (state.folded[name] === undefined) {
    state.folded[name] = map.getSize().y < (name === "lc-layers" ? 480 : 340) || map.getSize().x < (name === "lc-layers" ? 700 : 500);
  }
  const body = el("div", { class: "lc-card-body", id: `${name}-body`, hidden: state.folded[name] }, content);
  const button = el("button", {
    type: "button", class: "lc-fold", "aria-expanded": String(!state.folded[name]), "aria-controls": body.id,
    onclick: () => {
      state.folded[name] = !state.folded[name];
      body.hidden = state.folded[name];
      button.setAttribute("aria-expanded", String(!body.hidden));
    },
  }, heading);
  const node = el("section", { class: `lc-float ${name}`, "aria-label": heading }, button, body);
  L.DomEvent.disableClickPropagation(node);
  L.DomEvent.disableScrollPropagation(node);
  return node;
}

function legendCard() {
  controls.legend = el("div", { "aria-live": "polite" });
  return card("lc-legend", t("legend"), [controls.legend]);
}

const NorthArrow = L.Control.extend({
  options: { position: "bottomleft" },
  onAdd() {
    const node = el("div", { class: "lc-north", role: "img", "aria-label": t("north") });
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "0 0 24 34");
    for (const [points, fill] of [["12,1 20,26 12,21", "#17313b"], ["12,1 4,26 12,21", "#ffffff"]]) {
      const half = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
      half.setAttribute("points", points);
      half.setAttribute("fill", fill);
      half.setAttribute("stroke", "#17313b");
      picture.append(half);
    }
    node.append(picture, el("span", {}, t("north_short")));
    return node;
  },
});

function drawAttribution() {
  if (!controls.credit) controls.credit = L.control.attribution({ prefix: false }).addTo(map);
  fill(controls.credit.getContainer(), el("span", {}, creditLines().map((line) => nameOf(line, 160)).flatMap((node, i) => (i ? [" · ", node] : [node]))));
}

/** Labels of what the cells and units can show are words: they are listed anew. */
function listViews() {
  const [shown, view] = [state.shown && state.shown.indicator.key, state.unitView && state.unitView.key];
  if (cells) indicators.splice(0, indicators.length, ...listIndicators());
  unitViews.splice(0, unitViews.length, ...listUnitViews());
  if (shown) state.shown.indicator = indicators.find(({ key }) => key === shown);
  if (view) state.unitView = unitViews.find(({ key }) => key === view);
}

/** All words on the page; what is shown, chosen, sorted and folded stays. */
function drawWords() {
  drawHead();
  drawFoot();
  const stage = map.getContainer();
  stage.setAttribute("aria-label", t("map"));
  document.getElementById("lc-stage").setAttribute("aria-label", t("map"));
  controls.help.textContent = t("map_help");
  if (controls.bearings) controls.bearings.forEach((control) => control.remove());
  controls.bearings = [
    L.control.zoom({ zoomInTitle: t("zoom_in"), zoomOutTitle: t("zoom_out") }),
    L.control.scale({ imperial: false, maxWidth: 140 }),
    new NorthArrow(),
  ];
  controls.bearings.forEach((control) => control.addTo(map));
  drawAttribution();
  if (controls.cards) controls.cards.remove();
  controls.cards = el("div", { class: "lc-cards-right" }, layerCard(), legendCard());
  stage.append(controls.cards);
  drawLegend();
  drawPanel();
  redrawPopup();
}

onLanguage(() => {
  const focused = document.activeElement.id;
  listViews();
  drawWords();
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
});

/** Leaflet slides and fades; whoever asked the system for stillness gets it. */
function keepStill() {
  if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  Object.assign(map.options, { zoomAnimation: false, fadeAnimation: false, inertia: false });
  map._zoomAnimated = false;
  map._fadeAnimated = false;
  const panBy = map.panBy;
  map.panBy = (offset, options) => panBy.call(map, offset, { ...options, animate: false });
}

/** A cross in the middle of the map, below its answers, while the map is moved by keyboard: where Enter asks. */
function showCross(stage) {
  const cross = el("div", { class: "lc-cross", hidden: true });
  const pane = map.createPane("lc-cross");
  pane.style.zIndex = 645;
  pane.style.pointerEvents = "none";
  pane.append(cross);
  let keys = false;
  const show = () => {
    cross.hidden = !(keys && document.activeElement === stage);
    L.DomUtil.setPosition(cross, map.containerPointToLayerPoint(map.getSize().divideBy(2)));
  };
  const by = (keyboard) => () => { keys = keyboard; show(); };
  document.addEventListener("keydown", by(true), true);
  ["pointerdown", "mousedown"].forEach((name) => document.addEventListener(name, by(false), true));
  ["focus", "blur"].forEach((name) => stage.addEventListener(name, show));
  map.on("move zoom viewreset resize", show);
}

/** Goes to the unit or gap that the address names, as links of the workbook do (map.html#unit=ID). */
function followAddress() {
  const [, what, written] = /^#(unit|gap)=(.+)$/.exec(window.location.hash) || [];
  if (!what) return;
  let id = written;
  try { id = decodeURIComponent(written); } catch (error) { /* not encoded: taken as it stands */ }
  const found = what === "unit" ? units.table.findIndex((unit) => unit.id === id) : gaps.id.indexOf(id);
  if (found < 0) return;
  if (what === "unit") goToUnit(found);
  else goToGap(found);
}

function start() {
  keepStill();
  listViews();
  if (indicators.length) state.shown = classify(indicators[0]);
  data.gapKinds.forEach((kind) => { if (facilityCount[kind]) state.facilityKinds.add(kind); });
  drawHead();
  drawFoot();
  map.invalidateSize({ animate: false }); // the frame has just taken its share of the window
  const all = boxOf(units.county, 0);
  map.fitBounds(all, { ...clearOfCards(), animate: false });
  map.setMinZoom(Math.max(1, map.getZoom() - 2));
  map.setMaxZoom(19);
  map.setMaxBounds(all.pad(4));
  Object.values(layers).forEach((layer) => layer.addTo(map));
  const stage = map.getContainer();
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-describedby", "lc-help");
  controls.help = el("p", { class: "lc-hidden", id: "lc-help" });
  controls.said = el("p", { class: "lc-hidden", role: "status" });
  document.getElementById("lc-stage").append(controls.help, controls.said);
  drawWords();
  Object.values(layers).forEach((layer) => layer.redraw());
  map.on("click", (event) => inspect(event.latlng));
  // The middle of the map can be asked by keyboard: move with the arrows, then press Enter.
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === stage) inspect(map.getCenter());
  });
  showCross(stage);
  map.on("popupclose", (event) => {
    if (event.popup !== state.popup) return; // an earlier one, closed by the new one
    state.selected = null;
    layers.borders.redraw();
    layers.gaps.redraw();
    markUnitRow();
  });
  window.addEventListener("hashchange", followAddress);
  followAddress();
  stage.dataset.ready = "true";
}

start();
