// The panel: what is compared, sums of cities and provinces, and the counties in their order.

const shownPlace = () => places()[state.place] || places()[0] || null;

function choice(id, label, options, chosen, act) {
  const groups = new Map();
  options.forEach((option) => groups.set(option.group || "", [...(groups.get(option.group || "") || []), option]));
  const nodes = [...groups].map(([group, inside]) => {
    const each = inside.map(({ key, label: text }) => el("option", { value: key, selected: key === chosen }, shortened(text, 60)));
    return group ? el("optgroup", { label: shortened(group, 60) }, each) : each;
  });
  return el("label", { class: "lc-choice" }, el("span", {}, label),
    el("select", { id, onchange: (event) => act(event.target.value) }, nodes));
}

function choices() {
  const standards = data.standards.map(({ key, label }) => ({ key, label: say(label) }));
  const listed = topics().map((each) => ({ key: topicOf(each), label: labelOf(data.kinds, each.kind), group: labelOf(data.circles, each.circle) }));
  return el("div", { class: "lc-choices" },
    standards.length > 1 ? choice("lc-standard", t("standard"), standards, state.standard, (key) => { state.standard = key; pickTopic(); redraw(); }) : null,
    choice("lc-topic", t("indicator"), listed, state.topic, (key) => { state.topic = key; redraw(); }),
    el("div", { class: "lc-choice" }, el("span", { id: "lc-by" }, t("measured_by")),
      el("div", { class: "lc-switch", role: "group", "aria-labelledby": "lc-by" }, DENOMINATORS.map((key) => el("button", {
        type: "button", id: `lc-by-${key}`, "aria-pressed": String(state.denominator === key), onclick: () => { state.denominator = key; redraw(); },
      }, t(key))))));
}

/** The indicator with its threshold, how sure that is, and whom it is meant for. */
function headline() {
  const indicator = data.indicators[shownIndicator()];
  if (!indicator) return null;
  return el("p", { class: "lc-asked" }, el("strong", {}, wayText(indicator.ways[0])),
    indicator.flag === "unverified" ? el("em", { class: "lc-flag lc-flag-unverified" }, t("flag_unverified")) : null,
    el("span", {}, t(`share_${state.denominator}`)));
}

const bar = (share, colour) => el("span", { class: "lc-bar", "aria-hidden": "true" },
  el("span", { style: `width:${(100 * share).toFixed(1)}%${colour ? `;background:${colour}` : ""}` }));

function sumRow(place) {
  const position = places().indexOf(place);
  const sum = place.sums[shownIndicator()];
  const inside = figures.filter(({ county }) => inPlace(county, place));
  const added = inside.filter((figure) => figure.state === "ok").length;
  const share = sum && sum[1] > 0 ? Math.min(1, sum[0] / sum[1]) : null;
  const left = leftOut(place);
  return el("tr", { class: `lc-${place.level} ${position === state.place ? "lc-chosen" : ""}` },
    el("th", { scope: "row" }, el("button", {
      type: "button", class: "lc-link", id: `lc-place-${position}`, "aria-pressed": String(position === state.place), onclick: () => choosePlace(position),
    }, nameOf(placeName(place), 40))),
    el("td", { class: "lc-number" }, share === null ? "–" : [el("strong", {}, percent(share)), bar(share)]),
    el("td", { class: "lc-number" }, share === null ? t("no_sum") : amounts({ covered: sum[0], total: sum[1] })),
    el("td", { class: `lc-number ${left.length ? "lc-open" : ""}`, title: left.length ? `${t("not_in_sum")}${t("colon")}${left.join(t("semicolon"))}` : null },
      t("of_counties", { count: number(added), all: number(inside.length) })));
}

function sumTable() {
  return el("table", { class: "lc-sums" },
    el("caption", {}, t("sums"), el("small", {}, ` ${t(`unit_${state.denominator}`)}`)),
    el("thead", { class: "lc-hidden" }, el("tr", {}, ["county", "share", "counts", "ranking"].map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, placesListed().map(sumRow)));
}

/** Who is not in the sum that is chosen; named, never counted as nothing. */
function leftOutNote() {
  const place = shownPlace();
  const left = place ? leftOut(place) : [];
  return left.length ? el("p", { class: "lc-warning" }, el("strong", {}, `${t("not_in_sum")} `), longText(left.join(t("semicolon")), 150)) : null;
}

const HEADS = [
  { key: "rank", value: (county) => figures[county].rank || null },
  { key: "county", text: true, value: (county) => say(counties[county].name) },
  { key: "share", value: (county) => (figures[county].state === "ok" ? figures[county].share : null), high: true },
  { key: "counts", value: (county) => (figures[county].total > 0 ? figures[county].total : null), high: true },
];

/** The counties of the place, those without a figure last, by reason. */
function sortedCounties() {
  const head = HEADS.find(({ key }) => key === state.sort);
  const collator = new Intl.Collator(htmlLang(), { numeric: true });
  const wanted = state.find.trim().toLowerCase();
  const some = counties.map((_, county) => county).filter((county) => inPlace(county, shownPlace())
    && (!wanted || [counties[county].name.zh, counties[county].name.en, counties[county].adcode].some((text) => text.toLowerCase().includes(wanted))));
  const keyed = new Map(some.map((county) => [county, head.value(county)]));
  const late = (county) => UNCOLOURED.indexOf(figures[county].state);
  return some.sort((a, b) => {
    const [p, q] = [keyed.get(a), keyed.get(b)];
    if (!head.text && (p === null || q === null)) return (p === null) - (q === null) || late(a) - late(b) || a - b;
    const way = head.text ? collator.compare(p, q) : p - q;
    return (state.down ? -way : way) || a - b;
  });
}

function headCell({ key, high }) {
  const on = state.sort === key;
  return el("th", { scope: "col", "aria-sort": on ? (state.down ? "descending" : "ascending") : null },
    el("button", { type: "button", id: `lc-sort-${key}`, onclick: () => { Object.assign(state, { sort: key, down: on ? !state.down : Boolean(high) }); drawTable(); } },
      t(key), el("span", { class: "lc-arrow", "aria-hidden": "true" }, on ? (state.down ? "▼" : "▲") : "")));
}

function ownMap(county) {
  const { maps } = counties[county];
  const link = maps[state.standard] || Object.values(maps)[0];
  return link ? el("a", { href: link, class: "lc-own", title: t("open_map"), "aria-label": `${t("open_map")}${t("colon")}${say(counties[county].name)}`, onclick: (event) => event.stopPropagation() }, t("own_map")) : null;
}

function countyRow(county, colours) {
  const figure = figures[county];
  const told = figure.state === "ok" ? null : stateText(county);
  const { reason } = counties[county];
  const share = figure.share === null ? null : [el("strong", {}, percent(figure.share)), figure.state === "ok" ? bar(figure.share, colours[figure.group]) : null];
  return el("tr", {
    "data-county": county, class: rowClass(county), onclick: () => chooseCounty(county, true),
    onmouseenter: () => hover(county), onmouseleave: () => hover(-1),
  },
  el("td", { class: "lc-number" }, figure.rank ? number(figure.rank) : "–"),
  el("th", { scope: "row" },
    el("button", { type: "button", class: "lc-link", id: `lc-county-${county}`, onfocus: () => hover(county), onblur: () => hover(-1) }, nameOf(say(counties[county].name), 40)),
    told ? el("small", { class: `lc-state lc-state-${figure.state}` }, told) : null,
    figure.state === "unfinished" && reason ? el("small", { class: "lc-reason", title: reason }, nameOf(reason, 110)) : null),
  el("td", { class: "lc-number" }, share || "–"),
  el("td", { class: "lc-number" }, figure.total > 0 && figure.share !== null ? amounts(figure) : "–"),
  el("td", {}, ownMap(county)));
}

const rowClass = (county) => [county === state.chosen ? "lc-chosen" : "", county === state.hovered ? "lc-hovered" : ""].join(" ").trim() || null;

function markRows() {
  document.querySelectorAll("tr[data-county].lc-chosen, tr[data-county].lc-hovered").forEach((row) => { row.className = ""; });
  for (const county of [state.chosen, state.hovered]) {
    const row = county < 0 ? null : document.querySelector(`#lc-panel tr[data-county="${county}"]`);
    if (row) row.className = rowClass(county) || "";
  }
}

function countyTable() {
  const rows = sortedCounties();
  const colours = classes().map(({ color }) => color);
  const ranked = rows.filter((county) => figures[county].rank).length;
  return [
    el("p", { class: "lc-note lc-count", role: "status" }, rows.length ? t("counties_shown", { count: number(rows.length), ranked: number(ranked) }) : t("nothing_found")),
    el("table", { class: "lc-ranking" },
      el("caption", { class: "lc-hidden" }, t("ranking")),
      el("thead", {}, el("tr", {}, HEADS.map(headCell), el("th", { scope: "col" }, el("span", { class: "lc-hidden" }, t("own_map"))))),
      el("tbody", {}, rows.map((county) => countyRow(county, colours)))),
    el("p", { class: "lc-note" }, t("dash_note")),
  ];
}

/** Draw the table anew; what had the focus keeps it. */
function drawTable() {
  const focused = document.activeElement.id;
  fill(document.getElementById("lc-table"), ...countyTable());
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
}

function drawPanel() {
  const panel = document.getElementById("lc-panel");
  panel.setAttribute("aria-label", t("panel"));
  fill(panel, choices(), headline() || "",
    el("div", { class: "lc-sum-box", tabindex: placesListed().length > 5 ? "0" : null, "aria-label": t("sums"), role: "region" }, sumTable(), leftOutNote()),
    el("div", { class: "lc-find" }, el("input", {
      id: "lc-find", type: "search", placeholder: t("search"), "aria-label": t("search"), value: state.find,
      oninput: (event) => { state.find = event.target.value; drawTable(); },
    })),
    el("div", { id: "lc-table" }));
  drawTable();
}
