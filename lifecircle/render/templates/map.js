// The map itself: controls, legend, and the first view.

const gapListeners = [];
const onGapKind = (listener) => gapListeners.push(listener);
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

/** Cells stand back behind gaps, whose tint would else mix with theirs. */
function fadeCells() {
  layers.cells.setOpacity(state.gapKind < 0 ? state.opacity : state.opacity * 0.35);
}

function setGapKind(kind) {
  state.gapKind = kind;
  fadeCells();
  if (controls.gaps) controls.gaps.value = kind;
  layers.gaps.redraw();
  gapListeners.forEach((listener) => listener(kind));
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
function choice(label, options, value, act) {
  const groups = new Map();
  const select_ = el("select", { onchange: () => act(select_.value) });
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
    [none, ...unitViews.map((view) => [view.key, view.option, view.group])], "", setUnitView);
  const reached = [...new Set(isochrones.kind.filter((_, band) => isochrones.facility[band] < 0))].sort((a, b) => a - b);
  const [isoChoice] = choice(t("layer_isochrones"),
    [["-1", t("none")], ...reached.map((kind) => [String(kind), data.kinds[kind].label])], "-1",
    (value) => setIsochroneKind(Number(value)));
  const [gapChoice, gapSelect] = choice(t("layer_gaps"),
    [["-1", t("none")], ...[...new Set(gaps.kind)].sort((a, b) => a - b).map((kind) => [String(kind), data.kinds[kind].label])],
    String(state.gapKind), (value) => setGapKind(Number(value)));
  Object.assign(controls, { cells: cellSelect, gaps: gapSelect });
  const opacity = el("input", {
    type: "range", min: "20", max: "100", value: "82", "aria-label": t("opacity"),
    oninput: () => { state.opacity = opacity.value / 100; fadeCells(); },
  });
  const empty = cells && cells.persons.some((persons) => !(persons > 0));
  return card("lc-layers", t("layers"), [
    cellChoice,
    el("label", { class: "lc-choice lc-slider" }, el("span", {}, t("opacity")), opacity),
    unitChoice, isoChoice, gapChoice,
    el("div", { class: "lc-toggles" },
      streets.length ? toggle(t("streets"), true, (on) => { state.streets = on; layers.streets.redraw(); }) : null,
      toggle(t("names"), true, (on) => { state.labels = on; layers.labels.redraw(); }),
      empty ? toggle(t("populated_only"), state.populatedOnly, (on) => { state.populatedOnly = on; layers.cells.redraw(); }) : null),
    facilityChips(),
  ]);
}

function facilityChips() {
  const counts = new Map();
  facilities.kind.forEach((kind) => counts.set(kind, (counts.get(kind) || 0) + 1));
  const judged = new Set(data.requirements.map((r) => r.kind));
  controls.facilities = data.kinds.map((kind, i) => (judged.has(i) || counts.has(i)) && el("button", {
    type: "button", class: "lc-chip", "aria-pressed": "false", "data-kind": kind.key, disabled: !counts.has(i),
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
  const folded = map.getSize().y < (name === "lc-layers" ? 480 : 340) || map.getSize().x < 500;
  const body = el("div", { class: "lc-card-body", id: `${name}-body`, hidden: folded }, content);
  const button = el("button", {
    type: "button", class: "lc-fold", "aria-expanded": String(!folded), "aria-controls": body.id,
    onclick: () => {
      body.hidden = !body.hidden;
      button.setAttribute("aria-expanded", String(!body.hidden));
    },
  }, heading);
  const node = el("section", { class: `lc-float ${name}`, "aria-label": heading }, button, body);
  L.DomEvent.disableClickPropagation(node);
  L.DomEvent.disableScrollPropagation(node);
  return node;
}

const swatch = (color, name = "") => el("span", { class: `lc-swatch ${name}`, style: color ? `background:${color}` : null, "aria-hidden": "true" });

function bandSwatch(band, position) {
  if (bandsFilled()) return swatch(bandColour(band));
  const line = `${bandWidth(position)}px solid ${data.kinds[isochrones.kind[band]].color}`;
  return el("span", { class: "lc-swatch lc-line", style: `border-top:${line}`, "aria-hidden": "true" });
}

function classLines(view, persons) {
  const total = persons ? persons.reduce((sum, value) => sum + value, 0) : 0;
  const share = (group) => (total > 0 ? el("small", {}, percent(persons[group] / total)) : null);
  return el("ul", {},
    view.classes.map((entry, i) => el("li", {}, swatch(entry.color), el("span", {}, entry.label), persons ? share(i) : null)),
    el("li", {}, swatch(NO_DATA), el("span", {}, view.missing), persons ? share(MISSING_8) : null));
}

function legendBlock(title, unit, ...content) {
  return el("div", { class: "lc-legend-block" }, el("h3", {}, title, unit ? el("small", {}, unit) : null), content);
}

/** Everything that is shown now, with its unit; grey is always explained. */
function drawLegend() {
  if (!controls.legend) return;
  const blocks = [];
  if (state.shown) {
    blocks.push(legendBlock(state.shown.indicator.label, t("legend_unit_share", { unit: state.shown.indicator.unit }),
      classLines(state.shown.indicator, state.shown.persons)));
  }
  if (state.unitView) blocks.push(legendBlock(state.unitView.label, state.unitView.unit, classLines(state.unitView, null)));
  const bands = shownBands();
  if (bands.length) {
    const title = state.isochroneFacility >= 0 ? facilityName(state.isochroneFacility) : data.kinds[state.isochroneKind].label;
    blocks.push(legendBlock(t("isochrones_of", { kind: title }), null, el("ul", {},
      bands.slice().reverse().map((band, position) => el("li", {}, bandSwatch(band, position),
        el("span", {}, limitLabel(isochrones.limit[band], isochrones.unit[band])))))));
  }
  const lines = [[swatch(null, "lc-border"), t("unit_border")]];
  if (state.gapKind >= 0) lines.unshift([swatch(null, "lc-hatch"), t("gap_legend", { kind: data.kinds[state.gapKind].label })]);
  blocks.push(el("ul", { class: "lc-legend-lines" }, lines.map(([mark, text]) => el("li", {}, mark, el("span", {}, text)))));
  if (state.shown || state.unitView) blocks.push(el("p", { class: "lc-note" }, t("grey_note")));
  fill(controls.legend, ...blocks);
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

function attribution() {
  const node = el("span", {}, ["© OpenStreetMap contributors, ODbL", ...frame.datasets.map(datasetLine)]
    .filter((text, i, all) => text && all.indexOf(text) === i).join(" · "));
  const control = L.control.attribution({ prefix: false }).addTo(map);
  fill(control.getContainer(), node);
}

function start() {
  drawHead();
  drawFoot();
  map.invalidateSize({ animate: false }); // the frame has just taken its share of the window
  const all = boxOf(units.county, 0);
  map.fitBounds(all, { ...clearOfCards(), animate: false });
  map.setMinZoom(Math.max(1, map.getZoom() - 2));
  map.setMaxZoom(19);
  map.setMaxBounds(all.pad(4));
  Object.values(layers).forEach((layer) => layer.addTo(map));
  L.control.zoom({ zoomInTitle: t("zoom_in"), zoomOutTitle: t("zoom_out") }).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
  new NorthArrow().addTo(map);
  attribution();
  if (indicators.length) state.shown = classify(indicators[0]);
  data.gapKinds.forEach((kind) => state.facilityKinds.add(kind));
  const stage = map.getContainer();
  stage.setAttribute("aria-label", t("map"));
  stage.setAttribute("role", "application");
  stage.append(el("div", { class: "lc-cards-right" }, layerCard(), legendCard()));
  state.facilityKinds.forEach((kind) => setFacilityKind(kind, true));
  Object.values(layers).forEach((layer) => layer.redraw());
  drawLegend();
  drawPanel();
  map.on("click", (event) => inspect(event.latlng));
  // The middle of the map can be asked by keyboard: move with the arrows, then press Enter.
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === stage) inspect(map.getCenter());
  });
  map.on("popupclose", (event) => {
    if (event.popup !== state.popup) return; // an earlier one, closed by the new one
    state.selected = null;
    layers.borders.redraw();
    layers.gaps.redraw();
  });
  stage.dataset.ready = "true";
}

start();
