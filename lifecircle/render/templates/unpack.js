// Reading: the document's data, and typed arrays from base64 text.

const data = JSON.parse(document.getElementById("lifecircle-data").textContent);

/** An element with attributes, listeners (onclick: ...) and children; text is never read as HTML. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** Replace what an element holds. */
function fill(node, ...children) {
  node.textContent = "";
  node.append(...children);
}

const MISSING_16 = 65535;
const MISSING_8 = 255;

function bytes(text) {
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}
const u1 = bytes;
const u2 = (text) => new Uint16Array(bytes(text).buffer);
const i2 = (text) => new Int16Array(bytes(text).buffer);
const u4 = (text) => new Uint32Array(bytes(text).buffer);
const i4 = (text) => new Int32Array(bytes(text).buffer);
const f4 = (text) => new Float32Array(bytes(text).buffer);

/** A function that computes its value once, when it is first asked for. */
function once(make) {
  let value;
  let made = false;
  return () => {
    if (!made) { value = make(); made = true; }
    return value;
  };
}

/** Run lengths back to one value per cell. */
function unrun(pack, count) {
  const length = u4(pack.length);
  const value = u4(pack.value);
  const out = new Uint32Array(count);
  for (let run = 0, at = 0; run < length.length; at += length[run], run++) {
    out.fill(value[run], at, at + length[run]);
  }
  return out;
}

/** Where each of several lists begins in their concatenation, and where the last one ends. */
function starts(lengths) {
  const out = new Uint32Array(lengths.length + 1);
  for (let i = 0; i < lengths.length; i++) out[i + 1] = out[i] + lengths[i];
  return out;
}

/**
 * Lines or polygons: feature f has rings ring[f] .. ring[f + 1], ring r has vertices
 * vertex[r] .. vertex[r + 1] of x, y (EPSG:3857 decimetres); box holds 4 bounds per feature.
 */
function unpackShapes(pack) {
  const ring = starts(u4(pack.rings));
  const vertex = starts(u4(pack.length));
  const start = i4(pack.start);
  const steps = i2(pack.steps);
  const x = new Int32Array(vertex[vertex.length - 1]);
  const y = new Int32Array(x.length);
  for (let r = 0, s = 0; r + 1 < vertex.length; r++) {
    let px = start[2 * r];
    let py = start[2 * r + 1];
    for (let v = vertex[r]; v < vertex[r + 1]; v++) {
      if (v > vertex[r]) { px += steps[s++]; py += steps[s++]; }
      x[v] = px;
      y[v] = py;
    }
  }
  const count = ring.length - 1;
  const box = new Float64Array(4 * count);
  for (let f = 0; f < count; f++) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let v = vertex[ring[f]]; v < vertex[ring[f + 1]]; v++) {
      west = Math.min(west, x[v]); east = Math.max(east, x[v]);
      south = Math.min(south, y[v]); north = Math.max(north, y[v]);
    }
    box.set([west, south, east, north], 4 * f);
  }
  return { count, ring, vertex, x, y, box };
}

/** Whether a place lies in a polygon (even-odd, so holes count as outside). */
function contains(shapes, feature, x, y) {
  const [west, south, east, north] = shapes.box.subarray(4 * feature, 4 * feature + 4);
  if (x < west || x > east || y < south || y > north) return false;
  let inside = false;
  for (let r = shapes.ring[feature]; r < shapes.ring[feature + 1]; r++) {
    const from = shapes.vertex[r];
    const to = shapes.vertex[r + 1];
    for (let a = from, b = to - 1; a < to; b = a++) {
      const [xa, ya, xb, yb] = [shapes.x[a], shapes.y[a], shapes.x[b], shapes.y[b]];
      if (ya > y !== yb > y && x < xa + ((xb - xa) * (y - ya)) / (yb - ya)) inside = !inside;
    }
  }
  return inside;
}

const findFeature = (shapes, x, y, wanted) => {
  for (let f = 0; f < shapes.count; f++) {
    if ((!wanted || wanted(f)) && contains(shapes, f, x, y)) return f;
  }
  return -1;
};
