// Before and after: a divider on the map, the cells of the run before to its left, those of this run to its right.

const compare = { share: 0.5, shown: null, node: null };

/** The classes before of the indicator that is shown, made when they are first asked for. */
function shownBefore() {
  if (!state.shown) return null;
  if (!compare.shown || compare.shown.of !== state.shown) {
    compare.shown = { ...classify(state.shown.indicator, cellsBefore), of: state.shown };
  }
  return compare.shown;
}

/** Where the divider stands, in the plane: it keeps its place in a picture of another shape. */
const dividerX = () => toPlane(map.containerPointToLatLng([map.getSize().x * compare.share, map.getSize().y / 2]))[0];

/** Put the divider where it stands on the screen, and show of each canvas only its side. */
function clipSides() {
  const at = map.getSize().x * compare.share;
  compare.node.style.height = `${map.getSize().y}px`;
  L.DomUtil.setPosition(compare.node, map.containerPointToLayerPoint([at, 0]));
  // The handle stays in reach where the line goes below the cards or off the map.
  const reach = map.getSize().x - clearOfCards().paddingBottomRight[0] - 24;
  compare.handle.style.left = `${Math.max(24, Math.min(at, reach)) - at - 19}px`;
  for (const [layer, left] of [[layers.before, true], [layers.cells, false]]) {
    const canvas = layer._container;
    if (!canvas || !layer._bounds) continue;
    const west = map.layerPointToContainerPoint(layer._bounds.min).x;
    const inner = Math.min(Math.max(at - west, 0), layer._bounds.getSize().x);
    canvas.style.clipPath = left ? `inset(0 ${layer._bounds.getSize().x - inner}px 0 0)` : `inset(0 0 0 ${inner}px)`;
  }
}

function setDivider(share) {
  compare.share = Math.min(1, Math.max(0, share));
  const percentage = Math.round(compare.share * 100);
  compare.handle.setAttribute("aria-valuenow", String(percentage));
  compare.handle.setAttribute("aria-valuetext", t("compare_value", { share: percentage }));
  clipSides();
}

function dividerKey(event) {
  const step = event.shiftKey ? 0.1 : 0.02;
  const to = {
    ArrowLeft: compare.share - step, ArrowDown: compare.share - step, ArrowRight: compare.share + step, ArrowUp: compare.share + step,
    PageDown: compare.share - 0.1, PageUp: compare.share + 0.1, Home: 0, End: 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation(); // the arrows would move the map
  setDivider(to);
}

function dragDivider(event) {
  const [from, share, width] = [event.clientX, compare.share, map.getSize().x];
  const move = (to) => setDivider(share + (to.clientX - from) / width);
  const end = () => {
    compare.handle.removeEventListener("pointermove", move);
    compare.handle.removeEventListener("pointerup", end);
    compare.handle.removeEventListener("pointercancel", end);
  };
  compare.handle.setPointerCapture(event.pointerId);
  compare.handle.addEventListener("pointermove", move);
  compare.handle.addEventListener("pointerup", end);
  compare.handle.addEventListener("pointercancel", end);
}

/** Which run: its scenario, standard and date, and its county where the two differ in it. */
function runTag(side, heading, run) {
  const differs = (key) => say(data.before[key]) !== say(data.run[key]);
  const facts = [run.scenario ? say(run.scenario) : "", differs("county") ? say(run.county) : "",
    !run.scenario || differs("standard") ? say(run.standard) : "", run.generated];
  return el("div", { class: `lc-compare-tag lc-compare-tag-${side}` }, el("strong", {}, heading),
    nameOf(facts.filter(Boolean).join(" · "), 90));
}

function drawDivider() {
  const focused = compare.handle && document.activeElement === compare.handle;
  compare.handle = el("div", {
    class: "lc-compare-handle", role: "slider", tabindex: "0", "aria-label": t("compare_slider"), "aria-orientation": "horizontal",
    "aria-valuemin": "0", "aria-valuemax": "100", onkeydown: dividerKey, onpointerdown: dragDivider,
  }, el("span", { "aria-hidden": "true" }, "⇔"));
  L.DomEvent.disableClickPropagation(compare.handle);
  fill(compare.node, el("div", { class: "lc-compare-line" }),
    runTag("before", t("compare_before"), data.before), runTag("after", t("compare_after"), data.run), compare.handle);
  setDivider(compare.share);
  if (focused) compare.handle.focus();
}

/** What an indicator says of a cell, as text; `table` is one of the two runs. */
function figureOf(key, table, cell) {
  const [what, position] = key.split(":");
  if (what === "density") return t("per_km2_value", { persons: number((table.persons[cell] / cells.area()[cell]) * 1e6) });
  if (what === "supply") return table === cells ? supplyOfCell(position, cell) : t("no_data");
  if (what === "kind") {
    const column = table.kinds[position];
    if (!column) return t("no_data");
    const minutes = column.minutes()[cell];
    return minutes === MISSING_16 ? t("not_reached_short") : t("minutes_short", { minutes: minutesText(minutes) });
  }
  const circles = what === "own" ? table.circles : [table.circles[position]];
  const column = circles.find((circle) => circle && circle.score()[cell] !== MISSING_16);
  return column ? t("score_points", { score: number(column.score()[cell] / 10, 1) }) : t("no_data");
}

/** Both runs' figures of a cell: of the indicator that is shown, then of all; null where there is one run only. */
function compareAnswer(cell) {
  if (!cellsBefore) return null;
  const shown = state.shown && state.shown.indicator.key;
  const others = indicators.filter(({ key }) => key !== shown);
  const row = ({ key, option, label }) => el("tr", {},
    el("th", { scope: "row" }, option || label),
    ...[cellsBefore, cells].map((table) => el("td", {}, figureOf(key, table, cell))));
  const sheet = (list, caption) => el("table", { class: "lc-compared" },
    caption ? el("caption", {}, caption) : null,
    el("thead", {}, el("tr", {}, el("td", {}), el("th", { scope: "col" }, t("compare_before")), el("th", { scope: "col" }, t("compare_after")))),
    el("tbody", {}, list.map(row)));
  return [
    state.shown ? sheet([state.shown.indicator], t("compare_title")) : null,
    el("details", {}, el("summary", {}, t("compare_all")), sheet(others, null)),
  ];
}

function startComparing() {
  layers.before = new CanvasLayer("lc-before", 229, (context, view) => {
    if (state.shown) paintCells(context, view, shownBefore(), state.populatedOnly);
    clipSides(); // the canvas has just been laid anew
  }, layers.cells._opacity);
  const paint = layers.cells._paint;
  layers.cells._paint = (context, view) => { paint(context, view); clipSides(); };
  const side = (left) => (view) => {
    const at = Math.min(Math.max(dividerX() * view.k + view.left, 0), view.width);
    return left ? [0, 0, at, view.height] : [at, 0, view.width - at, view.height];
  };
  layers.before.clip = side(true);
  layers.cells.clip = side(false);
  // Whatever redraws or fades the cells of this run does so to those before.
  const { redraw, setOpacity } = layers.cells;
  layers.cells.redraw = () => {
    redraw.call(layers.cells);
    layers.before.redraw();
    compare.node.hidden = !state.shown;
    clipSides();
  };
  layers.cells.setOpacity = (opacity) => { setOpacity.call(layers.cells, opacity); layers.before.setOpacity(opacity); };
  compare.node = el("div", { class: "lc-compare" });
  const pane = map.createPane("lc-divider"); // above all that is drawn, below the answers
  pane.style.zIndex = 640;
  pane.append(compare.node);
  map.on("move resize", clipSides);
  map.whenReady(drawDivider);
  onLanguage(drawDivider);
  legendSources.push(() => (state.shown ? {
    title: t("compare_title"), unit: t("compare_legend"), lines: [{ mark: { fill: asDrawn(NO_DATA, layers.cells) }, text: t("compare_lacking") }],
  } : null));
}

if (cellsBefore) startComparing();
