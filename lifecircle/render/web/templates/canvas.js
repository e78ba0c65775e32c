// Drawing: one canvas per layer, repainted after each move, scaled while the map zooms.

// Circumference of the EPSG:3857 world in decimetres.
const WORLD = 400750166.8557849;

/** The map's plane (EPSG:3857 decimetres) of a latitude and longitude, and back. */
function toPlane(place) {
  const point = L.Projection.SphericalMercator.project(place);
  return [point.x * 10, point.y * 10];
}
const toPlace = (x, y) => L.Projection.SphericalMercator.unproject(L.point(x / 10, y / 10));

/** A canvas that calls paint(context, view); pixels are x * k + left and top - y * k. */
const CanvasLayer = L.Renderer.extend({
  options: { padding: 0.12 },

  initialize(name, zIndex, paint, opacity) {
    L.setOptions(this, { pane: name });
    L.stamp(this);
    this._layers = {};
    this._paint = paint;
    this._opacity = opacity === undefined ? 1 : opacity;
    map.createPane(name).style.zIndex = zIndex;
    map.getPane(name).style.pointerEvents = "none";
  },

  _initContainer() {
    this._container = el("canvas", { "aria-hidden": "true" });
    this._container.style.opacity = this._opacity;
  },

  _destroyContainer() {
    this._container.remove();
    delete this._container;
  },

  setOpacity(opacity) {
    this._opacity = opacity;
    if (this._container) this._container.style.opacity = opacity;
  },

  redraw() {
    if (this._map) this._update();
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const canvas = this._container;
    const size = this._bounds.getSize();
    const dpr = window.devicePixelRatio || 1;
    canvas.width = Math.round(size.x * dpr);
    canvas.height = Math.round(size.y * dpr);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(canvas, this._bounds.min);
    const zoom = this._map.getZoom();
    const k = (256 * 2 ** zoom * dpr) / WORLD;
    const corner = this._map.getPixelOrigin().add(this._bounds.min).multiplyBy(dpr);
    const half = (WORLD / 2) * k;
    const view = {
      k, zoom, dpr, left: half - corner.x, top: half - corner.y,
      width: canvas.width, height: canvas.height,
    };
    this._paint(canvas.getContext("2d"), view);
  },
});

/** Whether a feature's bounds touch the canvas. */
function visible(shapes, feature, view, margin = 0) {
  const b = 4 * feature;
  return shapes.box[b + 2] * view.k + view.left >= -margin
    && shapes.box[b] * view.k + view.left <= view.width + margin
    && view.top - shapes.box[b + 1] * view.k >= -margin
    && view.top - shapes.box[b + 3] * view.k <= view.height + margin;
}

/** Add a feature's rings to the current path; vertices closer than half a pixel are skipped. */
function trace(context, shapes, feature, view) {
  for (let r = shapes.ring[feature]; r < shapes.ring[feature + 1]; r++) {
    const last = shapes.vertex[r + 1] - 1;
    let [px, py] = [NaN, NaN];
    for (let v = shapes.vertex[r]; v <= last; v++) {
      const x = shapes.x[v] * view.k + view.left;
      const y = view.top - shapes.y[v] * view.k;
      if (v === shapes.vertex[r]) context.moveTo(x, y);
      else if (v < last && Math.abs(x - px) + Math.abs(y - py) < 0.5) continue;
      else context.lineTo(x, y);
      px = x;
      py = y;
    }
  }
}

/** Fill a polygon's pixels: those whose centre is inside. Rings end at `ends`; even-odd. */
function fillPixels(pixels, width, height, xs, ys, ends, colour) {
  const count = ends[ends.length - 1];
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    if (ys[i] < low) low = ys[i];
    if (ys[i] > high) high = ys[i];
  }
  const first = Math.max(0, Math.ceil(low - 0.5));
  const last = Math.min(height - 1, Math.ceil(high - 0.5) - 1);
  const crossings = [];
  for (let row = first; row <= last; row++) {
    const y = row + 0.5;
    crossings.length = 0;
    for (let ring = 0, from = 0; ring < ends.length; from = ends[ring], ring++) {
      for (let a = from, b = ends[ring] - 1; a < ends[ring]; b = a++) {
        if (ys[a] > y !== ys[b] > y) {
          crossings.push(xs[a] + ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]));
        }
      }
    }
    if (crossings.length > 2) crossings.sort((p, q) => p - q);
    for (let c = 0; c + 1 < crossings.length; c += 2) {
      const start = Math.max(0, Math.ceil(Math.min(crossings[c], crossings[c + 1]) - 0.5));
      const end = Math.min(width, Math.ceil(Math.max(crossings[c], crossings[c + 1]) - 0.5));
      if (end > start) pixels.fill(colour, row * width + start, row * width + end);
    }
  }
}

/** "#rrggbb" as a pixel of a Uint32Array over ImageData (little-endian: ABGR). */
function pixelOf(colour) {
  const rgb = parseInt(colour.slice(1), 16);
  return ((255 << 24) | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}
