// The units: their settings as a filter of table, map and gaps, and the table that sorts by any indicator.

/** Settings that occur, as [key, label]; "" is all. */
const settings = () => [["", t("all_settings")], ...["urban", "township", "rural"]
  .filter((key) => units.table.some((unit) => unit.setting === key)).map((key) => [key, settingLabel(key)])];

const inSetting = (unit) => !state.setting || units.table[unit].setting === state.setting;
const unitsShown = () => units.table.map((_, unit) => unit).filter(inSetting);

function setSetting(key) {
  state.setting = key;
  ["veil", "gaps", "labels", "ranks"].forEach((name) => layers[name].redraw());
  drawLegend();
  redrawTab("units");
  redrawTab("gaps");
}

/** Buttons that filter by setting; they stand above the units and above the gaps. */
function settingFilter(where) {
  const keys = settings();
  if (keys.length < 3) return null;
  return el("div", { class: "lc-switch lc-settings", role: "group", "aria-label": t("filter_setting") },
    keys.map(([key, label]) => el("button", {
      type: "button", id: `lc-setting-${where}-${key || "all"}`, "aria-pressed": String(state.setting === key), onclick: () => setSetting(key),
    }, label)));
}

const chosenUnit = () => (state.selected && state.selected.cell < 0 ? state.selected.unit : -1);

/** Mark the row of the unit that is selected on the map. */
function markUnitRow() {
  document.querySelectorAll(".lc-units tr[data-unit]").forEach((row) => {
    row.classList.toggle("lc-chosen", Number(row.dataset.unit) === chosenUnit());
  });
}

const CIRCLED = ["①", "②", "③", "④", "⑤", "⑥", "⑦", "⑧", "⑨"];
const circled = (i) => CIRCLED[i] || String(i + 1);
const scoredCircles = () => data.circles.map((_, i) => i).filter((i) => units.table.some((unit) => unit.scores[i]));

/** What the table can show beside the residents: scores, shares, or the coverage of one requirement. */
function unitMeasures() {
  const of = (key) => scoredCircles().map((i) => ({
    key: `${key}${i}`, label: `${circled(i)}${circleUnsure(i) ? "*" : ""}`, title: data.circles[i].label, circle: i,
    value: (unit) => (unit.scores[i] ? unit.scores[i][key] : null),
  }));
  const three = (position) => columns().map((label, denominator) => ({
    key: `coverage${denominator}`, label, title: label,
    value: (unit) => (unit.coverage[position] ? unit.coverage[position][denominator] : null),
  }));
  return [
    { key: "score", label: t("measure_score"), columns: of("score"), text: (value) => number(value, 1), percent: (value) => value },
    { key: "complete", label: t("measure_complete"), columns: of("complete"), text: percent, percent: (value) => value * 100 },
    ...data.requirements.map((r, position) => ({
      key: `requirement${position}`, group: t("coverage_of", { circle: data.circles[r.circle].label }),
      label: `${data.kinds[r.kind].label} · ${limitText(r)}`, flag: r.flag, unknown: !data.kinds[r.kind].known,
      columns: three(position), text: percent, percent: (value) => value * 100,
    })),
  ];
}

function sortedUnits(columnOf) {
  const { sort, down } = state.units;
  const collator = new Intl.Collator(htmlLang(), { numeric: true });
  const value = columnOf[sort] || columnOf.residents;
  return unitsShown().sort((a, b) => {
    const [p, q] = [value(units.table[a]), value(units.table[b])];
    if (p === null || q === null) return (p === null) - (q === null); // no data comes last, either way
    const way = typeof p === "string" ? collator.compare(p, q) : p - q;
    return (down ? -way : way) || a - b;
  });
}

function unitHead({ key, label, title }, first) {
  const on = state.units.sort === key;
  return el("th", { scope: "col", "aria-sort": on ? (state.units.down ? "descending" : "ascending") : null },
    el("button", {
      type: "button", id: `lc-sort-${key}`, title: title || label,
      onclick: () => {
        Object.assign(state.units, { sort: key, down: on ? !state.units.down : !first });
        redrawTab("units");
      },
    }, label, el("span", { class: "lc-arrow", "aria-hidden": "true" }, on ? (state.units.down ? "▼" : "▲") : "")));
}

function unitCell(value, measure) {
  if (value === null || measure.unknown) return el("td", { class: "lc-number" }, "–");
  const { color } = SCORE_CLASSES[scoreClass(measure.percent(value))];
  return el("td", { class: "lc-number lc-score", style: `border-bottom-color:${color}` }, measure.text(value));
}

function unitList() {
  const measures = unitMeasures();
  const measure = measures.find(({ key }) => key === state.units.measure) || measures[0];
  const heads = [{ key: "name", label: t("unit") }, { key: "residents", label: t("residents") }, ...measure.columns];
  const columnOf = { name: (unit) => unit.name, residents: (unit) => unit.residents };
  measure.columns.forEach(({ key, value }) => { columnOf[key] = value; });
  const rows = sortedUnits(columnOf);
  const [chooser] = choice(t("choose_indicator"), measures.map(({ key, label, group }) => [key, label, group]), measure.key, (key) => {
    Object.assign(state.units, { measure: key, sort: "residents", down: true });
    redrawTab("units");
  }, "lc-measure");
  return el("div", {},
    settingFilter("units"), chooser,
    el("p", { class: "lc-note lc-count", role: "status" }, t("units_count", { count: number(rows.length), all: number(units.table.length) })),
    el("table", { class: `lc-units lc-columns-${measure.columns.length}` },
      el("caption", { class: "lc-hidden" }, t("units_caption")),
      el("thead", {}, el("tr", {}, heads.map((head) => unitHead(head, head.key === "name")))),
      el("tbody", {}, rows.map((i) => {
        const unit = units.table[i];
        return el("tr", { onclick: () => goToUnit(i), "data-unit": i, class: i === chosenUnit() ? "lc-chosen" : null },
          el("th", { scope: "row" }, el("button", { type: "button", class: "lc-link", id: `lc-unit-${i}` }, nameOf(unit.name, 60)),
            el("small", {}, settingLabel(unit.setting))),
          el("td", { class: "lc-number" }, number(unit.residents)),
          measure.columns.map(({ value }) => unitCell(value(unit), measure)));
      }))),
    measure.columns.some(({ circle }) => circle !== undefined)
      ? el("ul", { class: "lc-key" }, measure.columns.map(({ label, title, circle }) => el("li", {}, `${label} ${title} `, circleMark(circle)))) : null,
    measure.flag === "unverified" ? el("p", { class: "lc-note" }, unsureMark(measure.flag), " ", t("unverified_note")) : null,
    measure.unknown ? el("p", { class: "lc-note" }, t("no_facility_known")) : null,
    el("p", { class: "lc-note" }, t("dash_note")));
}
