// Reading: the document's data, and typed arrays from it. `unpackArray` is the one way out of pack_array (packing.py).

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

const MISSING_32 = 4294967295;
const MISSING_16 = 65535;
const MISSING_8 = 255;

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?()[]{}@%$#_,;";
const DIGIT = new Uint8Array(128);
[...DIGITS].forEach((sign, value) => { DIGIT[sign.charCodeAt(0)] = value; });

/** Bytes from text of to_text (packing.py): five digits to the base 85 are four bytes; zeros may follow. */
function bytes(text) {
  const out = new Uint8Array((text.length / 5) * 4);
  for (let i = 0, at = 0; i < text.length; i += 5) {
    let n = 0;
    for (let j = i; j < i + 5; j++) n = n * 85 + DIGIT[text.charCodeAt(j)];
    out[at++] = n >>> 24;
    out[at++] = n >>> 16;
    out[at++] = n >>> 8;
    out[at++] = n;
  }
  return out;
}

const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i2: Int16Array, i4: Int32Array, f4: Float32Array };

/**
 * Numbers as pack_array (packing.py) packed them: a typed array. Its text is a deflated stream of byte planes
 * (the lowest byte of every number, then the next ones ...) of what a predictor missed, folded: 2m for m of 0 and
 * more, -2m - 1 below; with `halves`, of half bytes, and bytes of the longer numbers only. `north` (see northOf) is asked for by packs with the predictor "plane" only.
 */
function unpackArray(pack, north) {
  const { type, count, planes, predictor, halves } = pack;
  const pairs = halves === null ? 0 : Math.ceil(count / 2);
  const spread = halves === null ? count : halves; // numbers that are there as bytes
  const raw = fflate.inflateSync(bytes(pack.z), { out: new Uint8Array(pairs + spread * planes) });
  const floats = type === "f4";
  const out = floats ? new Uint32Array(count) : new ARRAYS[type](count);
  const whole = (i) => {
    let n = raw[pairs + i];
    for (let plane = 1, place = 256; plane < planes; plane++, place *= 256) n += raw[pairs + plane * spread + i] * place;
    return n;
  };
  if (pairs) {
    for (let i = 0, long = 0; i < count; i++) {
      const half = i % 2 ? raw[i >> 1] >> 4 : raw[i >> 1] & 15;
      out[i] = half < 15 ? half : whole(long++);
    }
  } else if (planes === 1) out.set(raw);
  else for (let i = 0; i < count; i++) out[i] = whole(i);
  if (floats) return new Float32Array(out.buffer);
  // A typed array keeps the lowest bits of what is put into it: all is modulo its width.
  if (predictor === "none") {
    if (type[0] === "i") for (let i = 0; i < count; i++) out[i] = (out[i] >>> 1) & WIDEST[type] ^ -(out[i] & 1);
    return out;
  }
  if (predictor === "delta") addBefore(out, WIDEST[type]);
  else addPlane(out, WIDEST[type], north());
  return out;
}

/** All bits of a folded number but its sign, by type. */
const WIDEST = { u1: 0x7f, u2: 0x7fff, u4: 0x7fffffff, i2: 0x7fff, i4: 0x7fffffff };

/** Misses to numbers: what was expected is the number before. */
function addBefore(out, widest) {
  for (let i = 0, west = 0; i < out.length; i++) {
    const folded = out[i];
    out[i] = west + (((folded >>> 1) & widest) ^ -(folded & 1));
    west = out[i];
  }
}

/** Misses to numbers: what was expected follows from west (w), north (n) and north-west (m). */
function addPlane(out, widest, north) {
  for (let i = 0, w = 0; i < out.length; i++) {
    let expected = w;
    const above = north[i];
    if (above > 0) {
      const n = out[above];
      const m = out[above - 1];
      if (n < w) expected = m >= w ? n : m <= n ? w : w + n - m;
      else expected = m >= n ? w : m <= w ? n : w + n - m;
    }
    const folded = out[i];
    out[i] = expected + (((folded >>> 1) & widest) ^ -(folded & 1));
    w = out[i];
  }
}

/** Position of the northern neighbour of each place of a grid, which is in row order; -1 for none. See north_of. */
function northOf(row, column) {
  const out = new Int32Array(row.length).fill(-1);
  for (let i = 0, above = 0; i < row.length; i++) {
    while (above < i && (row[above] < row[i] - 1 || (row[above] === row[i] - 1 && column[above] < column[i]))) above++;
    if (row[above] === row[i] - 1 && column[above] === column[i]) out[i] = above;
  }
  return out;
}

/** A function that computes its value once, when it is first asked for. */
function once(make) {
  let value;
  let made = false;
  return () => {
    if (!made) { value = make(); made = true; }
    return value;
  };
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
  const ring = starts(unpackArray(pack.rings));
  const vertex = starts(unpackArray(pack.length));
  const [startX, startY] = [unpackArray(pack.x), unpackArray(pack.y)];
  const [dx, dy] = [unpackArray(pack.dx), unpackArray(pack.dy)];
  const x = new Int32Array(vertex[vertex.length - 1]);
  const y = new Int32Array(x.length);
  for (let r = 0, s = 0; r + 1 < vertex.length; r++) {
    let px = startX[r];
    let py = startY[r];
    for (let v = vertex[r]; v < vertex[r + 1]; v++) {
      if (v > vertex[r]) { px += dx[s]; py += dy[s++]; }
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
