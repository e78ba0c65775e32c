// The gaps of one kind by their rank: who lacks it, how far it is, and why a unit comes first.

const GAPS_LISTED = 200;

function gapLine(gap) {
  const reasons = gaps.reasons[gap];
  const weight = gaps.priority[gap];
  return el("li", {}, el("button", { type: "button", "data-gap": gap, onclick: () => goToGap(gap) },
    el("span", { class: "lc-rank" }, String(gaps.rank[gap])),
    el("span", { class: "lc-gap-unit" }, nameOf(units.table[gaps.unit[gap]].name, 40), verdictMark(gap)),
    el("strong", {}, t("persons_count", { persons: people(gaps.persons[gap]) })),
    el("small", {}, gaps.minutes[gap] === null ? t("none_reached") : t("nearest_in", { minutes: number(gaps.minutes[gap], 1) }),
      ` · ${settingLabel(units.table[gaps.unit[gap]].setting)} ${limitLabel(gaps.limit[gap], gaps.limitUnit[gap])} `,
      unsureMark(gaps.flag[gap])),
    reasons || weight !== 1 ? el("small", { class: "lc-reason" },
      t("priority_of", { weight: number(weight, 2) }), reasons ? [t("colon"), nameOf(reasons, 90)] : null) : null));
}

function gapList() {
  const kinds = [...new Set([...data.gapKinds, ...gaps.kind])];
  if (!kinds.length) return el("p", { class: "lc-empty" }, t("no_gaps"));
  const kind = kinds.includes(state.gapKind) ? state.gapKind : kinds[0];
  // The map shows them once the list is first opened; whoever turns them off again is not overruled.
  if (!state.gapsListed) {
    state.gapsListed = true;
    if (state.gapKind < 0) setGapKind(kind);
  }
  const [chooser] = choice(t("gaps_of"), kinds.map((key) => [String(key), data.kinds[key].label]), String(kind),
    (key) => setGapKind(Number(key)), "lc-gap-kind");
  const of = gaps.kind.map((_, gap) => gap).filter((gap) => gaps.kind[gap] === kind);
  const rows = of.filter((gap) => inSetting(gaps.unit[gap]) && inVerdict(gap))
    .sort((a, b) => verdictOrder(a) - verdictOrder(b) || gaps.rank[a] - gaps.rank[b]);
  const total = rows.reduce((sum, gap) => sum + gaps.persons[gap], 0);
  return el("div", {},
    settingFilter("gaps"), chooser, verdictFilter(),
    el("p", { class: "lc-note lc-count", role: "status" }, rows.length
      ? t("gaps_summary", { count: number(rows.length), all: number(of.length), persons: number(total) }) : t("no_gaps")),
    rows.some((gap) => gaps.flag[gap] === "unverified")
      ? el("p", { class: "lc-note" }, unsureMark("unverified"), " ", t("unverified_note")) : null,
    el("ol", { class: "lc-gaps" }, rows.slice(0, GAPS_LISTED).map(gapLine),
      rows.length > GAPS_LISTED ? el("li", { class: "lc-empty" }, t("more_gaps", { count: number(rows.length - GAPS_LISTED) })) : null));
}
