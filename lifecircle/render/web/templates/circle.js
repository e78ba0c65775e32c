// The circle of one spot: what is reached from there on foot, who lives within reach, and who would be
// newly covered by a facility put there. Times come from walk.js; nothing here is measured on a drawing.

const REACH_MINUTES = [5, 10, 15, 30];
const LISTED_MINUTES = 60; // longer walks are not listed; ours
const REACH_WIDTH_M = 120; // how wide a reached street is painted; for show
const NEWLY = "#e5158b"; // in no scale of the map, and told from them with any colour vision

state.spot = null; // {place, pending}, and then what `findSpot` gives: {place, off, unit, nearest, residents, lines, ...}
state.placed = null; // {kind, gains}: the facility put at the spot

/** The network and all places on it, unpacked when the first spot is asked for. */
const walking = once(() => {
  const net = unpackWalk(data.walk);
  const snapped = (pack) => once(() => {
    const at = unpackPlaces(pack);
    return snap(net, at.x, at.y);
  });
  const [facilitySnaps, cellSnaps] = [snapped(data.walk.facilities), snapped(data.walk.cells)];
  const by = (unit) => once(() => {
    const cost = costs(net, unit);
    return { cost, facilities: once(() => locate(net, cost, facilitySnaps())), cells: once(() => locate(net, cost, cellSnaps())) };
  });
  return { net, owner: unpackArray(data.walk.facilities.owner), seconds: by("seconds"), metres: by("metres") };
});
let walkingReady = false;

const minutesUp = (seconds) => Math.ceil(seconds / 6 - 1e-7) / 10;
const inPlane = (net, lines) => {
  const [x, y] = [new Float64Array(lines.x.length), new Float64Array(lines.x.length)];
  for (let i = 0; i < x.length; i++) [x[i], y[i]] = net.toPlane(lines.x[i], lines.y[i]).map((metres) => metres * 10);
  return { x, y, ends: lines.ends };
};

/** The nearest facility of each kind from a spot: {facility, value}, or null where none is reached. */
function nearestOfKinds(measured, at, cutoff) {
  const { net, owner } = walking();
  const search = spread(net, measured.cost, at, 0, cutoff, "from");
  const values = costsAt(net, measured.cost, search, measured.facilities());
  const nearest = data.kinds.map(() => null);
  values.forEach((value, entrance) => {
    const kind = facilities.kind[owner[entrance]];
    if (!Number.isNaN(value) && !(nearest[kind] && nearest[kind].value <= value)) nearest[kind] = { facility: owner[entrance], value };
  });
  return { nearest, search };
}

/** All that the page says of a spot, as numbers. */
function measureSpot(place) {
  const { net, seconds, metres } = walking();
  const point = L.Projection.SphericalMercator.project(place);
  const [x, y] = net.fromPlane(point.x, point.y);
  const snapped = snap(net, [x], [y]);
  const at = locate(net, seconds().cost, snapped);
  const spot = { place, snapped, off: at.chain[0] < 0, unit: findFeature(units.shapes, ...toPlane(place)) };
  if (spot.off) return spot;
  Object.assign(spot, nearestOfKinds(seconds(), at, LISTED_MINUTES * 60));
  const farthest = Math.max(0, ...data.requirements.filter((r) => r.unit === "metres").map((r) => r.limit));
  spot.metres = farthest ? nearestOfKinds(metres(), locate(net, metres().cost, snapped), farthest).nearest : null;
  spot.residents = cells && residentsWithin(snapped);
  return spot;
}

/** The same with the lines of each band, to be painted. */
function findSpot(place) {
  const spot = measureSpot(place);
  if (spot.off) return spot;
  const { net, seconds } = walking();
  spot.lines = REACH_MINUTES.map((minutes) => inPlane(net, reachedLines(net, seconds().cost, spot.search, minutes * 60)));
  return spot;
}

/** Residents who walk to a spot within each of the minutes. */
function residentsWithin(snapped) {
  const { net, seconds } = walking();
  const { cost } = seconds();
  const search = spread(net, cost, locate(net, cost, snapped), 0, Math.max(...REACH_MINUTES) * 60, "to");
  const found = costsAt(net, cost, search, seconds().cells());
  return REACH_MINUTES.map((minutes) => found.reduce((sum, value, cell) => (value <= minutes * 60 ? sum + cells.persons[cell] : sum), 0));
}

/** Whether a circle judges a cell. */
const judges = (circle, cell) => cells.circles[circle].score()[cell] !== MISSING_16;

/**
 * Who meets a requirement only thanks to a facility at the spot: residents walk to it. `persons` are newly
 * covered, in `cells`; `left` are still beyond; `all` are those that the requirement's circle judges.
 */
function gainOf(requirement, snapped) {
  const { net, seconds, metres } = walking();
  const measured = requirement.unit === "metres" ? metres() : seconds();
  const limit = requirement.unit === "metres" ? requirement.limit : requirement.limit * 60;
  const search = spread(net, measured.cost, locate(net, measured.cost, snapped), 0, limit, "to");
  const walks = costsAt(net, measured.cost, search, measured.cells());
  const gain = { requirement, persons: 0, left: 0, all: 0, cells: [] };
  for (let cell = 0; cell < cells.count; cell++) {
    if (!judges(requirement.circle, cell)) continue;
    gain.all += cells.persons[cell];
    if (meets(cell, requirement)) continue;
    if (walks[cell] <= limit) {
      gain.persons += cells.persons[cell];
      if (cells.persons[cell] > 0) gain.cells.push(cell);
    } else gain.left += cells.persons[cell];
  }
  return gain;
}

// -- what it does --------------------------------------------------------------------------------------

const spotLayers = ["reach", "reachStreets", "newly", "gaps", "spot"];

function redrawSpot() {
  fadeCells();
  spotLayers.forEach((name) => layers[name].redraw());
  drawLegend();
  const focused = document.activeElement && document.activeElement.id;
  here.redraw();
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
}

/** Find and draw the circle of a place; the first one takes a moment, and says so. A facility moves along. */
function showSpot(place) {
  map.closePopup();
  const { placed } = state;
  state.placed = null;
  state.spot = { place, pending: true };
  showTab("here");
  const find = () => {
    state.spot = findSpot(place);
    if (placed) state.placed = facilityHere(placed.kind);
    walkingReady = true;
    redrawSpot();
  };
  if (walkingReady) find();
  else {
    redrawSpot();
    setTimeout(find, 40); // once the words are on the screen
  }
}

function clearSpot() {
  state.spot = null;
  state.placed = null;
  redrawSpot();
}

/** A facility of a kind at the spot, and what it gains; null off the network. */
function facilityHere(kind) {
  if (state.spot.off) return null;
  return { kind, gains: data.requirements.filter((r) => r.kind === kind).map((r) => gainOf(r, state.spot.snapped)) };
}

function putHere(kind) {
  state.placed = facilityHere(kind);
  redrawSpot();
}

function takeAway() {
  state.placed = null;
  redrawSpot();
}

function zoomToSpot() {
  const { x, y } = state.spot.lines[REACH_MINUTES.length - 1];
  const box = L.latLngBounds([state.spot.place]);
  x.forEach((value, i) => box.extend(toPlace(value, y[i])));
  map.fitBounds(box, { ...clearOfCards(), animate: false, maxZoom: 16 });
}

/** While its tab is open, a click asks for a circle; else a popup offers it. */
function asksForCircle(place) {
  if (!data.walk || state.tab !== "here") return false;
  showSpot(place);
  return true;
}

const circleOffer = (place) => (data.walk
  ? el("p", { class: "lc-offer" }, el("button", {
    type: "button", class: "lc-button",
    onclick: () => {
      showSpot(place);
      document.getElementById("lc-page-here").focus();
    },
  }, t("circle_show")))
  : null);

// -- what it says --------------------------------------------------------------------------------------

/** Requirements of a kind by the circles that apply at the spot. */
const askedHere = (spot, kind) => data.requirements.filter((r) => r.kind === kind
  && spot.unit >= 0 && units.table[spot.unit].scores[r.circle] !== null);

function metHere(spot, requirement) {
  const found = (requirement.unit === "metres" ? spot.metres : spot.nearest)[requirement.kind];
  if (!found) return false;
  return requirement.unit === "metres" ? found.value <= requirement.limit : minutesUp(found.value) <= requirement.limit;
}

function nearestRow(spot, kind) {
  const found = spot.nearest[kind];
  return el("tr", { "data-kind": data.kinds[kind].key, "data-seconds": found ? found.value : null },
    el("th", { scope: "row" }, symbol(kind), data.kinds[kind].label),
    found
      ? [el("td", { class: "lc-number" }, t("minutes_short", { minutes: number(minutesUp(found.value), 1) })),
        el("td", { class: "lc-place" }, nameOf(facilityName(found.facility), 40))]
      : el("td", { colspan: "2", class: "lc-unknown" }, t("circle_beyond", { minutes: LISTED_MINUTES })),
    el("td", { class: "lc-verdict" }, askedHere(spot, kind).map((r) => shortVerdict(metHere(spot, r), r))));
}

/** A verdict as short as the panel is narrow; its full words are the title, a star that of an unverified threshold. */
function shortVerdict(met, requirement) {
  const limit = limitLabel(requirement.limit, requirement.unit);
  const words = `${data.circles[requirement.circle].label}${t("colon")}${t(met ? "within" : "beyond", { limit })}`;
  return el("span", { class: met ? "lc-met" : "lc-unmet", title: words },
    `${met ? "✓" : "✗"} ${limit}${requirement.flag === "unverified" ? " *" : ""}`);
}

function bandTable(spot) {
  return el("ul", { class: "lc-reach" }, REACH_MINUTES.map((minutes, band) => el("li", { "data-minutes": minutes, "data-persons": spot.residents[band] },
    el("span", { class: "lc-swatch", style: `background:${GOOD_TO_BAD[band]}`, "aria-hidden": "true" }),
    el("span", {}, t("limit_minutes", { limit: minutes })),
    el("strong", {}, people(spot.residents[band])), el("small", {}, t("circle_residents")))));
}

function nearestTable(spot) {
  const kinds = data.kinds.map((_, kind) => kind);
  const known = kinds.filter((kind) => facilityCount[kind]);
  const unknownKinds = kinds.filter((kind) => !facilityCount[kind]);
  const value = (kind) => (spot.nearest[kind] ? spot.nearest[kind].value : Infinity);
  known.sort((a, b) => (value(a) === value(b) ? a - b : value(a) - value(b)));
  return [
    known.some((kind) => askedHere(spot, kind).some((r) => r.flag === "unverified")) ? el("p", { class: "lc-note" }, `* ${t("unverified_note")}`) : null,
    el("table", { class: "lc-services" },
      el("caption", {}, t("circle_nearest")),
      el("colgroup", {}, [34, 19, 26, 21].map((share) => el("col", { style: `width:${share}%` }))),
      el("tbody", {}, known.map((kind) => nearestRow(spot, kind)))),
    unknownKinds.length ? el("p", { class: "lc-note" }, t("circle_unknown", { kinds: unknownKinds.map((kind) => data.kinds[kind].label).join(t("comma")) })) : null,
  ];
}

function putForm() {
  const kinds = [...new Set(data.requirements.map((r) => r.kind))].sort((a, b) => a - b);
  // The kind that is put already, or whose gaps are shown, or else a clinic, which comes last of the usual ones.
  const usual = [state.placed ? state.placed.kind : -1, state.gapKind, ...data.gapKinds.slice(-1)].find((kind) => kinds.includes(kind));
  const chooser = el("select", {
    id: "lc-put-kind", "aria-label": t("put_kind"), onchange: () => { if (state.placed) putHere(Number(chooser.value)); },
  },
    kinds.map((kind) => el("option", { value: kind, selected: kind === usual }, data.kinds[kind].label)));
  return el("div", { class: "lc-put" },
    el("h2", {}, t("put_heading")),
    el("div", { class: "lc-put-row" }, chooser,
      el("button", { type: "button", class: "lc-button", id: "lc-put", onclick: () => putHere(Number(chooser.value)) }, t("put_do")),
      state.placed ? el("button", { type: "button", class: "lc-link", id: "lc-put-away", onclick: takeAway }, t("put_away")) : null),
    state.placed ? putResult(state.placed) : el("p", { class: "lc-note" }, t("put_note")));
}

function putResult({ kind, gains }) {
  return el("div", { role: "status" },
    el("ul", { class: "lc-gains" }, gains.map(({ requirement, persons, left, all }) => el("li", {
      "data-circle": data.circles[requirement.circle].key, "data-persons": persons, "data-left": left,
    },
    el("span", { class: "lc-circle-name" }, data.circles[requirement.circle].label, " · ", limitLabel(requirement.limit, requirement.unit), " ", unsureMark(requirement.flag)),
    el("span", { class: "lc-gain" }, el("span", { class: "lc-swatch", style: `background:${NEWLY}`, "aria-hidden": "true" }), t("put_gain", { persons: people(persons) })),
    el("small", {}, all > 0 ? t("put_share", { before: percent((all - left - persons) / all), after: percent((all - left) / all) }) : null,
      t("put_left", { persons: people(left) }))))),
    facilityCount[kind] ? null : el("p", { class: "lc-note" }, t("put_unknown", { kind: data.kinds[kind].label })),
    frame.otherSettings ? el("p", { class: "lc-note" }, settingsNote()) : null,
    el("p", { class: "lc-note" }, t("put_move")));
}

/** Where residents of some settings move otherwise, this page does not: it says so. */
const settingsNote = () => t("circle_settings", {
  profile: say(frame.profile), settings: frame.otherSettings.map(settingLabel).join(t("comma")),
});

function spotHead(spot) {
  const { lat, lng } = spot.place;
  return [
    el("p", { class: "lc-spot-place" },
      el("strong", {}, spot.unit >= 0 ? nameOf(units.table[spot.unit].name, 30) : t("circle_outside")),
      el("small", {}, t("circle_at", { lon: lng.toFixed(5), lat: lat.toFixed(5) }))),
    el("p", { class: "lc-put-row" },
      spot.lines ? el("button", { type: "button", class: "lc-link", onclick: zoomToSpot }, t("circle_zoom")) : null,
      el("button", { type: "button", class: "lc-link", id: "lc-spot-clear", onclick: clearSpot }, t("circle_clear"))),
  ];
}

function drawHere(box) {
  const spot = state.spot;
  box.dataset.state = !spot ? "empty" : spot.pending ? "pending" : "ready";
  box.append(el("p", { class: spot ? "lc-note lc-how" : "lc-how" }, t("circle_how"), " ",
    el("button", { type: "button", class: "lc-link", id: "lc-spot-centre", onclick: () => showSpot(map.getCenter()) }, t("circle_centre"))));
  if (!spot) {
    box.append(el("p", { class: "lc-note" }, t("circle_intro")));
    return;
  }
  if (spot.pending) {
    box.append(el("p", { class: "lc-empty", role: "status" }, t("circle_pending")));
    return;
  }
  box.append(...spotHead(spot));
  if (spot.off) {
    const barred = spot.snapped.segment[0] >= 0;
    box.append(el("p", { class: "lc-empty", role: "status" }, barred ? t("circle_barred", { profile: say(frame.profile) })
      : t("circle_off", { limit: number((data.walk.offroad || { limit: data.walk.snapLimit }).limit) })));
    return;
  }
  if (cells) box.append(el("h2", {}, t("circle_within")), bandTable(spot), putForm());
  box.append(...nearestTable(spot).filter(Boolean), el("p", { class: "lc-note" },
    t("circle_note", { metres: number(spot.snapped.metres[0]) }), " ",
    spot.snapped.metres[0] > data.walk.snapLimit ? [t("circle_offroad"), " "] : null,
    data.walk.timing && data.walk.timing.ahead ? [t("circle_ways"), " "] : null,
    frame.otherSettings ? [settingsNote(), " "] : null,
    data.walk.exact ? null : t("circle_simplified", { nodes: number(data.walk.nodes), tolerance: number(data.walk.tolerance) })));
}

// -- what it paints ------------------------------------------------------------------------------------

/** Trace lines in small groups: one path of thousands of round-ended lines would take seconds. */
function strokeLines(context, view, { x, y, ends }, margin) {
  for (let line = 0, open = 0; line + 1 < ends.length; line++) {
    if (!open) context.beginPath();
    let inView = false;
    for (let i = ends[line]; i < ends[line + 1]; i++) {
      const [px, py] = [x[i] * view.k + view.left, view.top - y[i] * view.k];
      inView = inView || (px > -margin && py > -margin && px < view.width + margin && py < view.height + margin);
      if (i === ends[line]) context.moveTo(px, py);
      else context.lineTo(px, py);
    }
    open = (open + (inView ? 1 : 0)) % 20;
    if (!open || line + 2 === ends.length) {
      context.stroke();
      open = 0;
    }
  }
}

function paintBands(context, view, widthOf, colourOf) {
  if (!state.spot || !state.spot.lines) return;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (let band = REACH_MINUTES.length - 1; band >= 0; band--) {
    context.strokeStyle = colourOf(band);
    context.lineWidth = widthOf(band);
    strokeLines(context, view, state.spot.lines[band], context.lineWidth + 40 * view.dpr);
  }
}

/** A colour, darker: streets stand out from the band that they lie in. */
function darker(colour) {
  const rgb = parseInt(colour.slice(1), 16);
  return `rgb(${[rgb >> 16, (rgb >> 8) & 255, rgb & 255].map((part) => Math.round(part * 0.6)).join(",")})`;
}

function paintNewly(context, view) {
  context.fillStyle = NEWLY;
  fillNewly(context, view);
}

/** Fill the cells that are newly covered: with colour, or out of the gaps that they lie in. */
function fillNewly(context, view) {
  if (!state.placed) return;
  fillCells(context, view, new Set(state.placed.gains.flatMap((gain) => gain.cells)));
}

function paintSpot(context, view) {
  if (!state.spot) return;
  const [px, py] = toPlane(state.spot.place);
  const [x, y] = [px * view.k + view.left, view.top - py * view.k];
  const placed = state.placed;
  const ring = (radius, colour, width) => {
    context.beginPath();
    context.arc(x, y, radius * view.dpr, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = width * view.dpr;
    context.stroke();
  };
  context.beginPath();
  context.arc(x, y, (placed ? 12 : 5) * view.dpr, 0, 2 * Math.PI);
  context.fillStyle = placed ? data.kinds[placed.kind].color : CHOSEN;
  context.fill();
  ring(placed ? 14 : 9, "#ffffff", 5);
  ring(placed ? 14 : 9, placed ? NEWLY : CHOSEN, 2.6);
  if (!placed) return;
  context.fillStyle = "#ffffff";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `600 ${13 * view.dpr}px ${FONT}`;
  context.fillText(data.kinds[placed.kind].symbol, x, y + 0.8 * view.dpr);
}

if (data.walk) {
  const metre = (view) => (10 * view.k) / Math.cos((map.getCenter().lat * Math.PI) / 180);
  Object.assign(layers, {
    reach: new CanvasLayer("lc-reach", 245, (context, view) => paintBands(context, view,
      () => Math.max(REACH_WIDTH_M * metre(view), 5 * view.dpr), (band) => GOOD_TO_BAD[band]), 0.62),
    reachStreets: new CanvasLayer("lc-reach-streets", 252, (context, view) => paintBands(context, view,
      () => Math.max(0.8, 0.5 * (view.zoom - 11)) * view.dpr, (band) => darker(GOOD_TO_BAD[band]))),
    newly: new CanvasLayer("lc-newly", 247, paintNewly, 0.85), // streets and those reached stay legible on it
    spot: new CanvasLayer("lc-spot", 297, paintSpot),
  });
  here.draw = drawHere;
  // Who is newly covered is in no gap: its hatches would change the colour that the legend names.
  const paintAllGaps = layers.gaps._paint;
  layers.gaps._paint = (context, view) => {
    paintAllGaps(context, view);
    context.globalCompositeOperation = "destination-out";
    context.fillStyle = INK;
    fillNewly(context, view);
    context.globalCompositeOperation = "source-over";
  };
  // The pointer says what a click will do.
  map.on("mousemove", () => { map.getContainer().style.cursor = state.tab === "here" ? "crosshair" : ""; });
  map.measureSpot = measureSpot; // for those who script the page, as its tests do
  legendSources.push(() => (state.spot && state.spot.lines ? {
    title: t("circle_legend"), unit: t("minutes_walk"),
    lines: [
      ...REACH_MINUTES.map((minutes, band) => ({ mark: { fill: asDrawn(GOOD_TO_BAD[band], layers.reach) }, text: t("limit_minutes", { limit: minutes }) })),
      ...(state.placed ? [{ mark: { fill: asDrawn(NEWLY, layers.newly) }, text: t("put_legend", { kind: data.kinds[state.placed.kind].label }) }] : []),
    ],
  } : null));
}
