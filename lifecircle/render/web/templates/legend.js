// The legend: what is shown now, as a list of blocks that the card, the paper and the picture draw alike.
//
// A block is {title, unit, note, lines}; a line {mark, text, share}; a mark {fill}, {line, width}, {dash}, {dashed: colour},
// {hatch}, {site} or {dot: kind}. Scripts that draw something of their own add a function to `legendSources`: it gives a block or null.

const legendSources = [];

/** Residents by class of the cells shown, of the setting that is filtered by. */
function personsByClass(shown) {
  if (!state.setting) return shown.persons;
  const persons = new Float64Array(256);
  for (let cell = 0; cell < cells.count; cell++) {
    const unit = cells.unit[cell];
    if (unit !== MISSING_16 && inSetting(unit)) persons[shown.classes[cell]] += cells.persons[cell];
  }
  return persons;
}

/** A colour as it looks where a layer lets the paper of the map shine through. */
function asDrawn(colour, layer) {
  const [over, paper] = [colour, COUNTY_PAPER].map((hex) => parseInt(hex.slice(1), 16));
  const mixed = [16, 8, 0].map((shift) => {
    const [a, b] = [(over >> shift) & 255, (paper >> shift) & 255];
    return Math.round(b + (a - b) * layer._opacity).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/** Which circles among those that a score is of judge by unverified thresholds; null for what is no score. */
function unsureNote(key) {
  const [what, position] = key.split(":").slice(-2);
  const scored = what === "own" || position === "own" ? scoredCircles()
    : ["circle", "score", "complete"].includes(what) ? [Number(position)] : [];
  const unsure = scored.filter(circleUnsure).map((circle) => data.circles[circle].label);
  return unsure.length ? t("legend_unsure", { circles: unsure.join(t("comma")) }) : null;
}

function classLines(view, persons, layer) {
  const total = persons ? persons.reduce((sum, value) => sum + value, 0) : 0;
  const share = (group) => (total > 0 ? percent(persons[group] / total) : null);
  return [
    ...view.classes.map((entry, i) => ({ mark: { fill: asDrawn(entry.color, layer) }, text: entry.label, share: persons ? share(i) : null })),
    { mark: { fill: asDrawn(NO_DATA, layer) }, text: view.missing, share: persons ? share(MISSING_8) : null },
  ];
}

function bandMark(band, position) {
  if (bandsFilled()) return { fill: asDrawn(bandColour(band), layers.isochrones) };
  return { line: data.kinds[isochrones.kind[band]].color, width: bandWidth(position) };
}

/** The gaps of a kind, the thresholds that they lie beyond, and how sure those are. */
function gapBlock() {
  const settingOf = (gap) => units.table[gaps.unit[gap]].setting;
  const shown = gaps.kind.map((_, gap) => gap).filter(shownGap);
  const limits = Object.keys(SETTING).flatMap((setting) => shown.filter((gap) => settingOf(gap) === setting)).map((gap) => t("setting_limit", {
    setting: settingLabel(settingOf(gap)), limit: limitText({ limit: gaps.limit[gap], unit: gaps.limitUnit[gap], flag: gaps.flag[gap] }),
  }));
  return {
    title: t("gap_of", { kind: data.kinds[state.gapKind].label }),
    unit: limits.length ? t("beyond_limits", { limits: [...new Set(limits)].join(t("comma")) }) : null,
    lines: gapLines(),
  };
}

/** Everything that is shown now, with its unit; grey is always explained. */
function legendBlocks() {
  const blocks = [];
  // Where cells and units have a scale each, they say whose it is.
  const whose = (layer, label) => (state.shown && state.unitView ? t("legend_of", { layer, label }) : label);
  if (state.shown) {
    const { indicator } = state.shown;
    const right = state.setting ? t("legend_unit_share_setting", { unit: indicator.unit, setting: settingLabel(state.setting) })
      : t("legend_unit_share", { unit: indicator.unit });
    blocks.push({
      title: whose(t("layer_cells"), indicator.label), unit: right, note: indicator.note || unsureNote(indicator.key),
      lines: classLines(indicator, personsByClass(state.shown), layers.cells),
    });
  }
  if (state.unitView) {
    blocks.push({
      title: whose(t("layer_units"), state.unitView.label), unit: state.unitView.unit, note: state.unitView.note || unsureNote(state.unitView.key),
      lines: classLines(state.unitView, null, layers.units),
    });
  }
  const bands = shownBands();
  if (bands.length) {
    const origin = state.isochroneFacility >= 0 ? isolated(shortened(facilityName(state.isochroneFacility), 40))
      : data.kinds[state.isochroneKind].label;
    blocks.push({
      title: t("isochrones_of", { kind: origin }),
      lines: bands.slice().reverse().map((band, position) => ({
        mark: bandMark(band, position), text: limitLabel(isochrones.limit[band], isochrones.unit[band]),
      })),
    });
  }
  blocks.push(...legendSources.map((source) => source()).filter(Boolean));
  if (state.gapKind >= 0) blocks.push(gapBlock());
  const lines = [{ mark: { line: INK, width: 2.2 }, text: t("county_border") }, { mark: { dash: true }, text: t("unit_border") }];
  if (state.streets && streets.length) lines.push({ mark: { line: STREET, width: 1.6 }, text: t("streets") });
  if (state.setting) lines.push({ mark: { fill: VEIL_SOLID }, text: t("other_settings") });
  blocks.push({ lines });
  return blocks;
}

/** The kinds of facilities that are shown: on screen the layers' card says them. */
function facilityBlock() {
  const kinds = data.kinds.map((_, kind) => kind).filter((kind) => state.facilityKinds.has(kind) && facilityCount[kind]);
  return kinds.length ? { title: t("layer_facilities"), short: true, lines: kinds.map((kind) => ({ mark: { dot: kind }, text: data.kinds[kind].label })) } : null;
}

const greyNote = () => (state.shown || state.unitView ? t("grey_note") : null);

function markNode(mark) {
  if (mark.dot !== undefined) return symbol(mark.dot);
  if (mark.site) return el("span", { class: "lc-site", "aria-hidden": "true" }, el("b", {}, "1"));
  const [name, style] = mark.fill ? ["", `background:${mark.fill}`]
    : mark.line ? ["lc-line", `border-top:${mark.width}px solid ${mark.line}`]
      : mark.dashed ? ["lc-border", `border-top-color:${mark.dashed}`] : [mark.hatch ? "lc-hatch" : "lc-border", null];
  return el("span", { class: `lc-swatch ${name}`, style, "aria-hidden": "true" });
}

function legendNodes(blocks) {
  return blocks.map((block) => el("div", { class: `${block.title ? "lc-legend-block" : "lc-legend-lines"} ${block.short ? "lc-two" : ""}` },
    block.title ? el("h3", {}, nameOf(block.title, 60), block.unit ? el("small", {}, block.unit) : null) : null,
    el("ul", {}, block.lines.map(({ mark, text, share }) => el("li", {}, markNode(mark), el("span", {}, nameOf(text, 60)),
      share ? el("small", {}, share) : null))),
    block.note ? el("p", { class: "lc-note lc-unsure" }, block.note) : null));
}

function drawLegend() {
  if (!controls.legend) return;
  const note = greyNote();
  fill(controls.legend, ...legendNodes(legendBlocks()), ...(note ? [el("p", { class: "lc-note" }, note)] : []));
}
