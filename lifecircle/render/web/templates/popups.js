// Answers to a click: the facility, gap, cell or unit under it, with its figures.

const SETTING = {
  urban: () => t("setting_urban"), township: () => t("setting_township"), rural: () => t("setting_rural"),
};
const settingLabel = (setting) => (SETTING[setting] ? SETTING[setting]() : t("setting_unknown"));
/** A mark beside a threshold that nobody has checked against its source. */
const unsureMark = (flag) => (flag === "unverified"
  ? el("em", { class: "lc-flag lc-flag-unverified" }, t("flag_unverified")) : null);

/** Whether a circle judges by any such threshold, and the mark that says so. */
const circleUnsure = (circle) => data.requirements.some((r) => r.circle === circle && r.flag === "unverified");
const circleMark = (circle) => (circleUnsure(circle)
  ? el("em", { class: "lc-flag lc-flag-unverified" }, t("thresholds_unverified")) : null);

const limitLabel = (limit, unit) => (unit === "metres" ? t("limit_metres", { limit }) : t("limit_minutes", { limit }));
/** A threshold with, where nobody has checked it, the word for that: for places that hold text alone. */
const limitText = ({ limit, unit, flag }) => (flag === "unverified"
  ? t("limit_unsure", { limit: limitLabel(limit, unit) }) : limitLabel(limit, unit));
const tenths = (value) => (value === MISSING_16 ? null : value / 10);

function symbol(kind) {
  const { color, symbol: sign } = data.kinds[kind];
  return el("span", { class: "lc-symbol", style: `background:${color}`, "aria-hidden": "true" }, sign);
}

function facilityName(facility) {
  return facilities.name[facility] || t("unnamed", { kind: data.kinds[facilities.kind[facility]].label });
}

/** Residents: whole persons, but never a bare 0 for somebody. */
const people = (value) => (value > 0 && value < 1 ? t("below_one") : number(value));

/** Scripts that know more of something add functions here: each gives [term, value] pairs of a position. */
const more = { cell: [], unit: [], gap: [], facility: [] };
const moreOf = (what, position) => more[what].flatMap((tell) => tell(position));

/** A definition list of [term, value] pairs; pairs without a value are left out. */
function pairs(list) {
  return el("dl", { class: "lc-pairs" }, list
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]));
}

function unitButton(unit) {
  return el("button", { class: "lc-link", type: "button", onclick: () => openUnit(unit) }, nameOf(units.table[unit].name, 60));
}

function facilityAnswer(facility) {
  const kind = facilities.kind[facility];
  let entrances = 1;
  facilities.entranceOf.forEach((owner) => { if (owner === facility) entrances++; });
  return el("section", { class: "lc-answer" },
    el("h3", {}, symbol(kind), longText(facilityName(facility), 80)),
    pairs([
      [t("kind"), data.kinds[kind].label],
      [t("source"), longText(facilities.source[facility])],
      [t("id"), longText(facilities.id[facility])],
      [t("category"), longText(say(facilities.category[facility]))],
      [t("address"), longText(facilities.address[facility])],
      [t("hours"), longText(facilities.hours[facility])],
      [t("capacity"), facilities.capacity[facility] === null ? null : number(facilities.capacity[facility])],
      [t("entrances"), entrances > 1 ? String(entrances) : null],
      ...moreOf("facility", facility),
    ]));
}

function gapAnswer(gap) {
  const nearest = gaps.nearest[gap];
  return el("section", { class: "lc-answer" },
    el("h3", {}, el("span", { class: "lc-rank" }, String(gaps.rank[gap])),
      t("gap_of", { kind: data.kinds[gaps.kind[gap]].label })),
    pairs([
      [t("rank"), String(gaps.rank[gap])],
      ...moreOf("gap", gap),
      [t("kind"), data.kinds[gaps.kind[gap]].label],
      [t("threshold"), [limitLabel(gaps.limit[gap], gaps.limitUnit[gap]), " ", unsureMark(gaps.flag[gap])]],
      [t("residents_beyond"), people(gaps.persons[gap])],
      [t("residents_unreached"), gaps.unreached[gap] ? people(gaps.unreached[gap]) : null],
      [t("unit"), unitButton(gaps.unit[gap])],
      [t("nearest"), nearest >= 0 ? nameOf(facilityName(nearest)) : t("none_reached")],
      [t("minutes_mean"), gaps.minutes[gap] === null ? null : number(gaps.minutes[gap], 1)],
      [t("area"), t("hectares", { area: number(gaps.hectares[gap], 1) })],
      [t("priority"), gaps.reasons[gap] === null ? number(gaps.priority[gap], 2) : [number(gaps.priority[gap], 2), " ", longText(gaps.reasons[gap], 120)]],
    ]));
}

/** Whether a cell meets a requirement: true, false, or null where that is not known. */
function meets(cell, requirement) {
  const column = cells.kinds[requirement.kind];
  if (!column) return null;
  if (requirement.unit === "metres") {
    if (!column.metres) return null;
    return column.metres()[cell] !== MISSING_16 && column.metres()[cell] <= requirement.limit;
  }
  return column.minutes()[cell] !== MISSING_16 && column.minutes()[cell] <= requirement.limit * 10;
}

function verdict(met, requirement) {
  const limit = limitLabel(requirement.limit, requirement.unit);
  if (met === null) return el("span", { class: "lc-unknown" }, `– ${limit}`);
  return el("span", { class: met ? "lc-met" : "lc-unmet", title: data.circles[requirement.circle].label },
    el("b", {}, met ? `✓ ${t("within", { limit })}` : `✗ ${t("beyond", { limit })}`), " ", unsureMark(requirement.flag));
}

function serviceRow(cell, kind) {
  const column = cells.kinds[kind];
  const minutes = column.minutes()[cell];
  const nearest = column.nearest()[cell] - 1;
  const asked = data.requirements.filter((r) => r.kind === kind
    && cells.circles[r.circle].score()[cell] !== MISSING_16);
  const far = column.metres && column.metres()[cell] !== MISSING_16 ? ` · ${metresText(column.metres()[cell])}` : "";
  return el("tr", {},
    el("th", { scope: "row" }, symbol(kind), data.kinds[kind].label),
    el("td", { class: "lc-number" }, minutes === MISSING_16 ? t("not_reached_short") : t("minutes_short", { minutes: minutesText(minutes) })),
    el("td", { class: "lc-place", title: nearest >= 0 ? facilityName(nearest).slice(0, 200) : null }, nearest >= 0 ? [nameOf(facilityName(nearest), 40), far] : "–"),
    el("td", { class: "lc-verdict" }, asked.map((r) => verdict(meets(cell, r), r))));
}

function circleLine(circle, score, complete, worst, minutes) {
  return el("li", {},
    el("span", { class: "lc-circle-name" }, circle.label, " ", circleMark(data.circles.indexOf(circle))),
    el("strong", {}, score === null ? "–" : t("score_points", { score: number(score, 1) })),
    el("span", { class: complete ? "lc-met" : "lc-unmet" }, complete ? `✓ ${t("complete")}` : `✗ ${t("incomplete")}`),
    complete || worst === null ? null : el("span", {}, t("worst", { kind: data.kinds[worst].label })),
    minutes === null ? null : el("span", {}, t("minutes_to_complete", { minutes: minutesText(minutes) })));
}

function cellAnswer(cell) {
  const unit = cells.unit[cell];
  const residential = cells.residential()[cell];
  const judged = data.circles.map((circle, i) => [circle, cells.circles[i]])
    .filter(([, column]) => column.score()[cell] !== MISSING_16);
  const kinds = data.kinds.map((_, kind) => kind).filter((kind) => cells.kinds[kind]);
  const asked = (kind) => data.requirements.some((r) => r.kind === kind
    && cells.circles[r.circle].score()[cell] !== MISSING_16);
  kinds.sort((a, b) => asked(b) - asked(a));
  return el("section", { class: "lc-answer" },
    el("h3", {}, t("cell"), el("small", {}, ` ${cells.id[cell]}`)),
    pairs([
      [t("unit"), unit === MISSING_16 ? "–" : unitButton(unit)],
      [t("setting"), unit === MISSING_16 ? null : settingLabel(units.table[unit].setting)],
      [t("persons"), people(cells.persons[cell])],
      [t("residential_land"), Number.isNaN(residential) ? t("no_data") : t("square_metres", { area: number(residential) })],
      ...moreOf("cell", cell),
    ]),
    el("ul", { class: "lc-circles" }, judged.map(([circle, column]) => circleLine(
      circle, tenths(column.score()[cell]), column.complete()[cell] === 1,
      column.worst()[cell] === MISSING_8 ? null : column.worst()[cell],
      column.minutes()[cell] === MISSING_16 ? null : column.minutes()[cell]))),
    compareAnswer(cell),
    el("table", { class: "lc-services" },
      el("caption", {}, t("nearest_of_each")),
      el("tbody", {}, kinds.map((kind) => serviceRow(cell, kind)))));
}

function unitAnswer(unit) {
  const row = units.table[unit];
  const judged = data.circles.map((circle, i) => [circle, row.scores[i]]).filter(([, score]) => score);
  const lacking = row.coverage.map((shares, i) => [data.requirements[i], shares])
    .filter(([, shares]) => shares && shares[0] !== null)
    .sort((a, b) => a[1][0] - b[1][0]);
  return el("section", { class: "lc-answer" },
    el("h3", {}, longText(row.name, 80)),
    pairs([
      [t("setting"), settingLabel(row.setting)],
      [t("residents"), number(row.residents)],
      [t("households"), row.households === null ? null : number(row.households)],
      [t("id"), longText(row.id)],
      ...moreOf("unit", unit),
    ]),
    el("ul", { class: "lc-circles" }, judged.map(([circle, score]) => el("li", {},
      el("span", { class: "lc-circle-name" }, circle.label, " ", circleMark(data.circles.indexOf(circle))),
      el("strong", {}, score.score === null ? "–" : t("score_points", { score: number(score.score, 1) })),
      el("span", {}, t("complete_residents", { share: percent(score.complete) })),
      score.unsure ? el("span", {}, t("unsure_residents", { share: percent(score.unsure) })) : null,
      score.worst === null ? null : el("span", {}, t("worst", { kind: data.kinds[score.worst].label }))))),
    el("table", { class: "lc-services" },
      el("caption", {}, t("residents_within")),
      el("tbody", {}, lacking.map(([r, shares]) => el("tr", {},
        el("th", { scope: "row" }, symbol(r.kind), data.kinds[r.kind].label),
        data.kinds[r.kind].known
          ? [el("td", { class: "lc-number" }, percent(shares[0])), el("td", { class: "lc-place" }, bar(shares[0]))]
          : [el("td", { class: "lc-number" }, "–"), el("td", { class: "lc-place lc-unknown" }, t("no_facility_known"))],
        el("td", { class: "lc-verdict" }, limitLabel(r.limit, r.unit), " ", unsureMark(r.flag)))))));
}

/** A bar of a share of 1. */
const bar = (share) => el("span", { class: "lc-bar", "aria-hidden": "true" },
  el("span", { style: `width:${Math.max(0, Math.min(1, share || 0)) * 100}%` }));

/** Leaflet's padding that keeps a view, or a popup, clear of the cards on the right. */
function clearOfCards() {
  const right = map.getSize().x > 520 ? 280 : 20;
  return { paddingTopLeft: [50, 20], paddingBottomRight: [right, 40] };
}
function panClear() {
  const { paddingTopLeft, paddingBottomRight } = clearOfCards();
  return { autoPanPaddingTopLeft: paddingTopLeft, autoPanPaddingBottomRight: paddingBottomRight };
}

const popupContent = (place) => el("div", { class: "lc-popup", lang: htmlLang() }, state.answer(), circleOffer(place));

function nameCloseButton() {
  const button = state.popup.getElement().querySelector(".leaflet-popup-close-button");
  button.setAttribute("aria-label", t("close"));
  button.setAttribute("title", t("close"));
}

function openPopup(place) {
  const popup = L.popup({ maxWidth: 420, minWidth: 300, maxHeight: Math.max(220, Math.min(340, map.getSize().y - 150)), ...panClear() })
    .setLatLng(place)
    .setContent(popupContent(place));
  state.popup = popup;
  popup.openOn(map);
  nameCloseButton();
  controls.said.textContent = popup.getElement().querySelector("h3").textContent.slice(0, 200);
}

/** The same answer in the language of now, where it stands. */
function redrawPopup() {
  if (!state.popup || !state.popup.isOpen()) return;
  state.popup.options.autoPan = false;
  state.popup.setContent(popupContent(state.popup.getLatLng()));
  state.popup.options.autoPan = true;
  nameCloseButton();
}

/** Select something, mark it on the map and answer for it; answer() gives the popup's sections. */
function select(place, chosen, answer) {
  state.selected = { cell: -1, unit: -1, gap: -1, facility: -1, ...chosen };
  state.answer = answer;
  const before = state.isochroneFacility;
  const has = state.selected.facility >= 0 && isochrones.facility.includes(state.selected.facility);
  state.isochroneFacility = has ? state.selected.facility : -1;
  if (state.isochroneFacility !== before) { redrawIsochrones(); drawLegend(); }
  layers.borders.redraw();
  layers.gaps.redraw();
  markUnitRow();
  openPopup(place);
}

function openUnit(unit) {
  select(toPlace(units.labelX[unit], units.labelY[unit]), { unit }, () => [unitAnswer(unit)]);
}

function openGap(gap) {
  select(toPlace(gaps.labelX[gap], gaps.labelY[gap]), { gap }, () => [gapAnswer(gap)]);
}

/** Facilities whose marks lie under a point of the screen, nearest first. */
function facilitiesAt(place) {
  const here = map.latLngToContainerPoint(place);
  const reach = markRadius(map.getZoom()) + 4;
  const found = [];
  for (let i = 0; i < facilities.count; i++) {
    if (!state.facilityKinds.has(facilities.kind[i])) continue;
    const distance = here.distanceTo(map.latLngToContainerPoint(toPlace(facilities.x[i], facilities.y[i])));
    if (distance <= reach) found.push([distance, i]);
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, 6).map(([, facility]) => facility);
}

/** Gap and cell of a place, -1 for none; the cell folds where there is a gap. */
function placeAnswer(gap, cell) {
  const answers = gap >= 0 ? [gapAnswer(gap)] : [];
  if (cell >= 0) answers.push(gap >= 0 ? el("details", {}, el("summary", {}, t("cell_here")), cellAnswer(cell)) : cellAnswer(cell));
  return answers;
}

/** Answer for a place: facilities first, then gap and cell, else the unit. */
function inspect(place) {
  if (asksForCircle(place) || asksForSite(place)) return;
  const found = facilitiesAt(place);
  if (found.length) {
    select(place, { facility: found[0] }, () => found.map(facilityAnswer));
    return;
  }
  const [x, y] = toPlane(place);
  const gap = state.gapKind < 0 ? -1 : findFeature(gaps.shapes, x, y, shownGap);
  const drawn = (cell) => cell >= 0 && !(state.populatedOnly && !(cells.persons[cell] > 0));
  const hit = cells && state.shown ? cellAt(x, y) : -1;
  const cell = drawn(hit) ? hit : -1;
  if (gap >= 0 || cell >= 0) {
    select(place, { gap, cell }, () => placeAnswer(gap, cell));
    return;
  }
  const unit = findFeature(units.shapes, x, y);
  if (unit >= 0) select(place, { unit }, () => [unitAnswer(unit)]);
}
