// Find a unit, a facility by its name, or the facilities of a kind, and go there: a combobox with a list below it.

const HITS_LISTED = 20;

/** What is searched: [text in small letters, name, note, go()], units before facilities. */
const searchable = once(() => [
  ...units.table.map((unit, i) => [unit.name.toLowerCase(), () => unit.name, () => t("unit"), () => goToUnit(i)]),
  ...facilities.kind.map((kind, i) => {
    const category = facilities.category[i];
    const words = [facilities.name[i], ...Object.values(data.kinds[kind].labels), ...(category && typeof category === "object" ? Object.values(category) : [category])];
    return [words.filter(Boolean).join("\n").toLowerCase(), () => facilityName(i), () => data.kinds[kind].label, () => goToFacility(i),
      (facilities.name[i] || "").toLowerCase()];
  }),
]);

/** The first hits, and how many: units, then facilities by name, then those of a kind, named before unnamed. */
function hitsOf(text) {
  const found = [[], [], [], []];
  for (const entry of searchable()) {
    if (!entry[0].includes(text)) continue;
    const name = entry[4];
    found[name === undefined ? 0 : name.includes(text) ? 1 : name ? 2 : 3].push(entry);
  }
  const all = found.flat();
  return { hits: all.slice(0, HITS_LISTED), count: all.length };
}

function search() {
  const list = el("ul", { class: "lc-found", id: "lc-found", role: "listbox", "aria-label": t("search_results"), hidden: true });
  const status = el("p", { class: "lc-hidden", role: "status" });
  const input = el("input", {
    type: "search", id: "lc-search", placeholder: t("search"), "aria-label": t("search"), autocomplete: "off", role: "combobox",
    "aria-controls": "lc-found", "aria-expanded": "false", "aria-autocomplete": "list", maxlength: "200",
    oninput: show, onkeydown: key, onfocus: show, onblur: close,
  });
  let [hits, active] = [[], -1];

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }
  function go(hit) {
    input.value = "";
    close();
    hit[3]();
  }
  function mark(position) {
    active = position;
    list.querySelectorAll("[role=option]").forEach((node, i) => {
      node.setAttribute("aria-selected", String(i === active));
      if (i === active) node.scrollIntoView({ block: "nearest" });
    });
    if (active < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `lc-hit-${active}`);
  }
  function show() {
    const text = input.value.trim().toLowerCase();
    if (!text) { close(); return; }
    const found = hitsOf(text);
    hits = found.hits;
    const more = found.count - hits.length;
    fill(list, ...hits.map((hit, i) => el("li", {
      id: `lc-hit-${i}`, role: "option", "aria-selected": "false",
      onmousedown: (event) => event.preventDefault(), // the field keeps the focus until the click
      onclick: () => go(hit),
    }, el("span", {}, nameOf(hit[1](), 60)), el("small", {}, hit[2]()))));
    if (more > 0) list.append(el("li", { class: "lc-empty", role: "presentation" }, t("more_hits", { count: number(more) })));
    if (!hits.length) list.append(el("li", { class: "lc-empty", role: "presentation" }, t("nothing_found")));
    status.textContent = hits.length ? t("hits_count", { count: number(found.count) }) : t("nothing_found");
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(-1);
  }
  function key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing) return; // Enter ends the choice of a character
    if (event.key === "Escape") { if (list.hidden) input.value = ""; close(); event.preventDefault(); }
    else if (event.key === "Enter" && !list.hidden && hits.length) { event.preventDefault(); go(hits[Math.max(0, active)]); }
    else if (step && list.hidden) show();
    else if (step && hits.length) { event.preventDefault(); mark((active + step + hits.length + (active < 0 && step < 0 ? 1 : 0)) % hits.length); }
  }
  return el("div", { class: "lc-search" }, input, list, status);
}
