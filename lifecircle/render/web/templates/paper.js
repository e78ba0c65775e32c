// The map on paper: one sheet, A4 across, made when the browser is about to print.

const SHEET_SIZES_PT = [9.5, 9, 8.5, 8, 7.5, 7, 6.5, 6, 5.5]; // the largest at which nothing is cut off

/** What paper and picture show in their legend: that of the screen, and the kinds of facilities. */
const paperBlocks = () => [...legendBlocks(), facilityBlock()].filter(Boolean);

function drawSheet() {
  const notice = say(frame.notice);
  const stage = el("div", { class: "lc-sheet-map" });
  const legend = el("div", { class: "lc-sheet-legend lc-legend" }, el("h2", {}, t("legend")), legendNodes(paperBlocks()),
    greyNote() ? el("p", { class: "lc-note" }, greyNote()) : null);
  const sheet = el("section", { id: "lc-sheet", "aria-hidden": "true" },
    el("header", {}, el("div", {}, el("h1", {}, nameOf(titleText(), 90)), el("p", {}, datesText()), notice ? el("p", { class: "lc-sheet-notice" }, nameOf(notice, 200)) : null),
      el("p", { class: frame.approval ? "lc-sheet-approval" : "lc-sheet-approval lc-internal" }, nameOf(approvalText(), 60))),
    el("div", { class: "lc-sheet-body" }, stage, legend),
    el("footer", {},
      el("p", {}, nameOf(t("sources_are", { sources: sources().join(t("semicolon")) }), 600)),
      el("p", {}, facts().map((fact) => nameOf(fact, 200)).flatMap((node, i) => (i ? [" · ", node] : [node]))),
      el("p", {}, [ATTRIBUTION, ...(basemap.shown ? [t("basemap_left_out")] : [])].join(" · "))));
  const old = document.getElementById("lc-sheet");
  if (old) old.remove();
  document.body.append(sheet);
  for (const size of SHEET_SIZES_PT) {
    sheet.style.fontSize = `${size}pt`;
    if (legend.scrollHeight <= legend.clientHeight + 1) break;
  }
  const canvas = mapCanvas(stage.clientWidth, stage.clientHeight, 3); // inside the frame
  // Pixels written back make it one image; else Chromium prints every stroke again, in another size.
  const context = canvas.getContext("2d");
  context.putImageData(context.getImageData(0, 0, canvas.width, canvas.height), 0, 0);
  stage.append(canvas);
}

function removeSheet() {
  const sheet = document.getElementById("lc-sheet");
  if (sheet) sheet.remove();
}

const printMap = () => window.print();
window.addEventListener("beforeprint", drawSheet);
window.addEventListener("afterprint", removeSheet);
