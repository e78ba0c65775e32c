// The map as a picture: every layer painted anew at the size and sharpness wanted, then its frame around it.

const METRES_ROUND = WORLD / 10; // of the plane, around the equator

/** A view as the layers' paint functions want it; centre in the plane, sizes in CSS pixels. */
function pictureView(centre, zoom, width, height, dpr) {
  const k = (256 * 2 ** zoom * dpr) / WORLD;
  return {
    k, zoom, dpr, picture: true, width: Math.round(width * dpr), height: Math.round(height * dpr),
    left: (width * dpr) / 2 - centre[0] * k, top: (height * dpr) / 2 + centre[1] * k,
  };
}

/** The part of the map, in CSS pixels from its left, that no card covers: that is what goes to paper. */
function clearSize() {
  const size = map.getSize();
  const covered = controls.cards ? size.x - controls.cards.offsetLeft : 0;
  return { x: size.x > 2 * covered ? size.x - covered : size.x, y: size.y };
}

/** The view that shows all that the map shows now beside its cards, in a box of another shape. */
function sameView(width, height, dpr) {
  const size = clearSize();
  const zoom = map.getZoom() + Math.log2(Math.min(width / size.x, height / size.y));
  return pictureView(toPlane(map.containerPointToLatLng([size.x / 2, size.y / 2])), zoom, width, height, dpr);
}

/** Paint all layers; a layer with `clip(view)` -> [x, y, width, height] is cut to that box. */
function paintMap(context, view) {
  context.fillStyle = "#dfe7e6";
  context.fillRect(0, 0, view.width, view.height);
  const height = (layer) => Number(map.getPane(layer.options.pane).style.zIndex);
  const sheet = el("canvas", {});
  for (const layer of Object.values(layers).sort((a, b) => height(a) - height(b))) {
    sheet.width = view.width; // clears it, and all that its pen was set to
    sheet.height = view.height;
    layer._paint(sheet.getContext("2d"), view);
    context.save();
    if (layer.clip) {
      context.beginPath();
      context.rect(...layer.clip(view));
      context.clip();
    }
    context.globalAlpha = layer._opacity;
    context.drawImage(sheet, 0, 0);
    context.restore();
  }
}

/** A round number of metres, at most so many. */
function roundMetres(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].find((first) => first * power <= most) * power;
}

/** Scale bar and north arrow in the lower left corner, on a plate that keeps them legible. */
function paintBearings(context, view) {
  const { dpr } = view;
  const middle = toPlace((view.width / 2 - view.left) / view.k, (view.top - view.height / 2) / view.k);
  const metres = (METRES_ROUND * Math.cos((middle.lat * Math.PI) / 180)) / (256 * 2 ** view.zoom * dpr);
  const length = roundMetres(metres * Math.min(150 * dpr, view.width / 3));
  const bar = length / metres;
  const [x, y] = [14 * dpr, view.height - 14 * dpr];
  context.save();
  context.fillStyle = "rgba(255, 255, 255, 0.88)";
  context.fillRect(x - 6 * dpr, y - 64 * dpr, bar + 44 * dpr, 70 * dpr);
  context.strokeStyle = INK;
  context.fillStyle = INK;
  context.lineWidth = 1.6 * dpr;
  context.beginPath();
  context.moveTo(x, y - 7 * dpr);
  context.lineTo(x, y);
  context.lineTo(x + bar, y);
  context.lineTo(x + bar, y - 7 * dpr);
  context.moveTo(x + bar / 2, y - 4 * dpr);
  context.lineTo(x + bar / 2, y);
  context.stroke();
  context.font = `600 ${11 * dpr}px ${FONT}`;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText("0", x, y - 10 * dpr);
  context.textAlign = "center";
  context.fillText(length >= 1000 ? `${length / 1000} km` : `${length} m`, x + bar, y - 10 * dpr);
  paintArrow(context, x + 12 * dpr, y - 60 * dpr, dpr);
  context.restore();
}

function paintArrow(context, x, y, dpr) {
  for (const [side, colour] of [[-1, "#ffffff"], [1, INK]]) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + side * 7 * dpr, y + 24 * dpr);
    context.lineTo(x, y + 19 * dpr);
    context.closePath();
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 1.2 * dpr;
    context.stroke();
  }
  context.fillStyle = INK;
  context.textAlign = "left";
  context.font = `700 ${12 * dpr}px ${FONT}`;
  context.fillText(t("north_short"), x + 10 * dpr, y + 22 * dpr);
}

/** A map picture of its own: the view, scale bar and north arrow. */
function mapCanvas(width, height, dpr) {
  const view = sameView(width, height, dpr);
  const canvas = el("canvas", { width: view.width, height: view.height });
  const context = canvas.getContext("2d");
  paintMap(context, view);
  paintBearings(context, view);
  return canvas;
}

/** Lines of a text that fit a width: broken at spaces and between Chinese characters, but not before a mark that closes. */
function wrapped(context, text, width, most = 40) {
  const lines = [];
  let line = "";
  for (const piece of text.replace(/\s+/g, " ").match(/[\u0021-\u02ff]+[，。、；：）”》]* ?|[^][，。、；：）”》]*/gu) || []) {
    for (const part of context.measureText(piece).width > width ? [...piece] : [piece]) {
      if (line && context.measureText((line + part).trimEnd()).width > width) {
        if (lines.length === most - 1) return [...lines, `${line.trimEnd()}…`];
        lines.push(line.trimEnd());
        line = part === " " ? "" : part;
      } else line += part;
    }
  }
  return line ? [...lines, line] : lines;
}

/**
 * Writes down a column: text(...) and gap(...) move the pen; with `dry` nothing is drawn, only measured.
 * All lengths are CSS pixels; the context is scaled.
 */
function pen(context, x, y, width, dry) {
  return {
    x, y, width,
    text(content, size, { weight = 400, colour = INK, indent = 0, most = 40, right = 0 } = {}) {
      context.font = `${weight} ${size}px ${FONT}`;
      context.textBaseline = "alphabetic";
      context.textAlign = "left";
      for (const line of wrapped(context, content, this.width - indent - right, most)) {
        this.y += size * 1.4;
        context.fillStyle = colour;
        if (!dry) context.fillText(line, this.x + indent, this.y - size * 0.35);
      }
    },
    gap(height) { this.y += height; },
  };
}

function paintMark(context, mark, x, y) {
  context.save();
  context.lineWidth = 1;
  context.strokeStyle = "rgba(23, 49, 59, 0.35)";
  if (mark.dot !== undefined) {
    const { color, symbol: sign } = data.kinds[mark.dot];
    context.beginPath();
    context.arc(x + 11, y + 1, 7.5, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
    context.fillStyle = "#ffffff";
    context.font = `600 9.5px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(sign, x + 11, y + 1.5);
  } else if (mark.site) paintSite(context, x + 11, y + 1, 8, "1");
  else if (mark.line || mark.dash || mark.dashed) {
    context.strokeStyle = mark.line || mark.dashed || INK;
    context.lineWidth = mark.width || 1.5;
    if (mark.dash || mark.dashed) context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(x, y + 1);
    context.lineTo(x + 22, y + 1);
    context.stroke();
  } else {
    context.fillStyle = mark.hatch ? hatch(context, 1) : mark.fill;
    context.fillRect(x, y - 6, 22, 13);
    if (mark.hatch) context.strokeStyle = GAP;
    context.strokeRect(x, y - 6, 22, 13);
  }
  context.restore();
}

function writeLegend(context, column, dry) {
  column.text(t("legend"), 15, { weight: 700 });
  for (const block of paperBlocks()) {
    column.gap(8);
    if (block.title) column.text(block.title, 12.5, { weight: 700, most: 3 });
    if (block.unit) column.text(block.unit, 11, { colour: "#55666d", most: 5 });
    column.gap(2);
    for (const { mark, text, share } of block.lines) {
      const top = column.y;
      column.text(text, 12, { indent: 31, right: share ? 48 : 0, most: 2 });
      if (dry) continue;
      paintMark(context, mark, column.x, top + 8);
      if (!share) continue;
      context.font = `400 11px ${FONT}`;
      context.textAlign = "right";
      context.fillStyle = "#55666d";
      context.fillText(share, column.x + column.width, top + 12.5);
    }
    if (block.note) column.text(block.note, 11, { colour: "#7a4a00", most: 5 });
  }
  column.gap(6);
  if (greyNote()) column.text(greyNote(), 11, { colour: "#55666d" });
}

function writeHead(context, column) {
  column.text(titleText(), 24, { weight: 700, most: 2 });
  column.text(datesText(), 12.5, { colour: "#55666d", most: 2 });
  if (say(frame.notice)) column.text(say(frame.notice), 12.5, { weight: 600, colour: "#7a4a00", most: 2 });
  column.text(approvalText(), 14, { weight: 700, colour: frame.approval ? INK : "#b3261e", most: 2 });
  column.gap(8);
}

function writeFoot(context, column) {
  column.gap(6);
  column.text(t("sources_are", { sources: sources().join(t("semicolon")) }), 11.5, { most: 4 });
  column.text(facts().join(" · "), 11.5, { most: 4 });
  column.text([ATTRIBUTION, ...(basemap.shown ? [t("basemap_left_out")] : [])].join(" · "), 11.5, { most: 2 });
}

/** Map, title, legend, scale, north arrow, sources and approval on one canvas, twice as sharp as the screen. */
function pictureCanvas(dpr) {
  const size = clearSize();
  const [margin, legend] = [24, 236];
  const width = Math.max(size.x, 480) + legend + 3 * margin;
  const probe = el("canvas", {}).getContext("2d");
  const measure = (write, wide) => { const column = pen(probe, 0, 0, wide, true); write(probe, column, true); return column.y; };
  const head = measure(writeHead, width - 2 * margin);
  const foot = measure(writeFoot, width - 2 * margin);
  const mapWidth = width - legend - 3 * margin;
  const mapHeight = Math.ceil(Math.max(size.y, 360, measure(writeLegend, legend)));
  const canvas = el("canvas", { width: Math.round(width * dpr), height: Math.round((head + mapHeight + foot + 2 * margin) * dpr) });
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const top = margin + head;
  context.drawImage(mapCanvas(mapWidth, mapHeight, dpr), Math.round(margin * dpr), Math.round(top * dpr));
  context.scale(dpr, dpr);
  context.strokeStyle = INK;
  context.lineWidth = 1.5;
  context.strokeRect(margin, top, mapWidth, mapHeight);
  writeHead(context, pen(context, margin, margin, width - 2 * margin, false));
  writeLegend(context, pen(context, mapWidth + 2 * margin, top, legend, false), false);
  writeFoot(context, pen(context, margin, top + mapHeight, width - 2 * margin, false));
  return canvas;
}

/** A file's name of ASCII letters, digits, hyphens: county, what is shown, date. */
function pictureName() {
  const shown = state.shown ? state.shown.indicator.key.replace(/^kind:(\d+)$/, (_, kind) => data.kinds[kind].key) : "map";
  const parts = [data.key, shown, frame.generated, language].map((part) => part.replace(/[^A-Za-z0-9-]+/g, "-").slice(0, 60));
  return `${parts.filter(Boolean).join("_")}.png`;
}

/** Save the picture; where a browser cannot hold so many pixels, with fewer. */
function savePicture(_, dpr = Math.max(2, window.devicePixelRatio || 1)) {
  pictureCanvas(dpr).toBlob((blob) => {
    if (!blob) {
      if (dpr > 1) savePicture(null, dpr / 2);
      return;
    }
    const link = el("a", { href: URL.createObjectURL(blob), download: pictureName() });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }, "image/png");
}
