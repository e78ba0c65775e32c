// Walks: the network's arrays, the nearest point on a street, and times from a spot. Numbers in,
// numbers out: no document, no map. Places are metres from the network's origin in the county's
// metric CRS. It does what network.py, place.py and reach.py do, and a test holds them together.

/** Places in metres from those in centimetres. */
const unpackPlaces = (pack) => ({
  x: Float64Array.from(unpackArray(pack.x), (cm) => cm / 100),
  y: Float64Array.from(unpackArray(pack.y), (cm) => cm / 100),
});

/** The function that maps (x, y) of one plane to [x, y] of another: see Polynomial in walking.py. */
function polynomial({ centre, half, degree, x: cx, y: cy }) {
  return (x, y) => {
    const u = (x - centre[0]) / half[0];
    const v = (y - centre[1]) / half[1];
    let [outX, outY] = [0, 0];
    for (let total = 0, term = 0; total <= degree; total++) {
      for (let j = 0; j <= total; j++, term++) {
        const power = u ** (total - j) * v ** j;
        outX += cx[term] * power;
        outY += cy[term] * power;
      }
    }
    return [outX, outY];
  };
}

/**
 * The network. Chain k leads from junction a[k] to b[k] over the segments start[k] .. start[k + 1];
 * segment s of chain k leads from vertex s + k to vertex s + k + 1. The half-edges of junction i are
 * ptr[i] .. ptr[i + 1]: the junction that each leads `to`, `over` which chain, and whether `along` or against it.
 */
function unpackWalk(pack) {
  const [jx, jy] = [unpackArray(pack.junctions.x), unpackArray(pack.junctions.y)];
  const a = unpackArray(pack.chains.a);
  const b = unpackArray(pack.chains.onward).map((step, k) => a[k] + step);
  const start = starts(unpackArray(pack.chains.segments));
  const [stepX, stepY] = [unpackArray(pack.segments.x), unpackArray(pack.segments.y)];
  const over = unpackArray(pack.segments.over);
  const count = start[a.length];
  const x = new Float64Array(count + a.length);
  const y = new Float64Array(x.length);
  const chain = new Int32Array(count);
  const metres = new Float64Array(count);
  for (let k = 0, inner = 0; k < a.length; k++) {
    let [px, py] = [jx[a[k]], jy[a[k]]];
    x[start[k] + k] = px / 100;
    y[start[k] + k] = py / 100;
    for (let s = start[k]; s < start[k + 1]; s++) {
      const last = s + 1 === start[k + 1]; // it leads to a junction
      const dx = last ? jx[b[k]] - px : stepX[inner];
      const dy = last ? jy[b[k]] - py : stepY[inner];
      if (!last) inner++;
      px += dx;
      py += dy;
      x[s + k + 1] = px / 100;
      y[s + k + 1] = py / 100;
      chain[s] = k;
      metres[s] = (Math.floor(Math.sqrt(dx * dx + dy * dy) + 0.5) + over[s]) / 100;
    }
  }
  const [toPlane, toMetric] = [polynomial(pack.toPlane), polynomial(pack.toMetric)];
  const [originX, originY] = pack.origin;
  const net = {
    junctions: jx.length, a, b, start, x, y, chain, metres,
    islet: unpackArray(pack.chains.islet), ...unpackTiming(pack, count),
    accessSpeed: pack.accessMetresPerSecond || pack.metresPerSecond,
    offroadSpeed: pack.offroad ? pack.offroad.metresPerSecond : NaN,
    snapLimit: pack.snapLimit, farthest: pack.offroad ? pack.offroad.limit : pack.snapLimit, isletDetour: pack.isletDetour,
    /** Between the map's plane (EPSG:3857 metres) and metres from the origin. */
    toPlane: (mx, my) => toPlane(mx + originX, my + originY),
    fromPlane: (px, py) => { const [mx, my] = toMetric(px, py); return [mx - originX, my - originY]; },
    ...halfEdges(jx.length, a, b),
  };
  net.grid = indexSegments(net);
  return net;
}

/**
 * The `pace` of each segment in seconds per metre (Infinity: barred), and what a slope adds along it (`late`) and
 * against it, in seconds: see pacing.py. Where a speed and the factor of steps say all, there is no more in the page.
 */
function unpackTiming(pack, count) {
  const { timing } = pack;
  if (!timing) {
    const steps = unpackArray(pack.segments.steps);
    return { pace: Float64Array.from(steps, (step) => (step ? pack.stepsFactor : 1) / pack.metresPerSecond), late: null, lateBack: null };
  }
  const paces = timing.paces.map((pace) => (pace === null ? Infinity : pace));
  const late = (part) => (part ? Float64Array.from(unpackArray(part), (n) => n * timing.quantum) : null);
  return { pace: Float64Array.from(unpackArray(timing.pace), (code) => paces[code]), late: late(timing.ahead), lateBack: late(timing.back) };
}

const BARRED = 1e9; // seconds or metres over a barred segment: sums along a chain stay numbers
const LATEST = 1e8; // whatever costs more crosses something barred: there is no such walk

function halfEdges(junctions, a, b) {
  const degree = new Uint32Array(junctions);
  a.forEach((junction) => { degree[junction]++; });
  b.forEach((junction) => { degree[junction]++; });
  const ptr = starts(degree);
  const next = ptr.slice();
  const to = new Int32Array(2 * a.length);
  const over = new Int32Array(2 * a.length);
  const along = new Uint8Array(2 * a.length);
  for (let k = 0; k < a.length; k++) {
    to[next[a[k]]] = b[k]; along[next[a[k]]] = 1; over[next[a[k]]++] = k;
    to[next[b[k]]] = a[k]; over[next[b[k]]++] = k;
  }
  return { ptr, to, over, along };
}

/**
 * What walking costs, in "seconds" or in "metres": `along` the chains and `against` them (one and the same but on a
 * slope), each with the cost of every segment (`own`), from its chain's first end to it (`ahead`) and of every chain
 * (`total`); and `beside` the street for so many metres.
 */
function costs(net, unit) {
  const inMetres = unit === "metres";
  const sums = (late) => {
    const own = new Float64Array(net.metres.length);
    const ahead = new Float64Array(net.metres.length);
    const total = new Float64Array(net.a.length);
    for (let s = 0; s < own.length; s++) {
      if (net.pace[s] === Infinity) own[s] = BARRED;
      else own[s] = inMetres ? net.metres[s] : net.metres[s] * net.pace[s] + (late ? late[s] : 0);
      ahead[s] = total[net.chain[s]];
      total[net.chain[s]] += own[s];
    }
    return { own, ahead, total };
  };
  const along = sums(net.late);
  const beside = (metres) => metres / (metres > net.snapLimit ? net.offroadSpeed : net.accessSpeed);
  return {
    along, against: net.late && !inMetres ? sums(net.lateBack) : along, beside: inMetres ? (metres) => metres : beside,
  };
}

/** Costs along and against the chains of whoever goes away from a spot; who comes "to" it takes each step the other way. */
const outward = (cost, direction) => (direction === "from" ? [cost.along, cost.against] : [cost.against, cost.along]);

// -- the nearest point on a street ------------------------------------------------------------------

/** Squared distance of (x, y) to segment s, and the fraction of the nearest point along it. */
const nearestOn = { d2: 0, fraction: 0 };
function measure(net, s, x, y) {
  const v = s + net.chain[s];
  const dx = net.x[v + 1] - net.x[v];
  const dy = net.y[v + 1] - net.y[v];
  const length2 = dx * dx + dy * dy;
  let along = length2 === 0 ? 0 : ((x - net.x[v]) * dx + (y - net.y[v]) * dy) / length2;
  along = Math.min(1, Math.max(0, along));
  const ex = x - net.x[v] - along * dx;
  const ey = y - net.y[v] - along * dy;
  nearestOn.d2 = ex * ex + ey * ey;
  nearestOn.fraction = along;
  return nearestOn.d2;
}

/** Squares of a grid, each with the segments that pass near its middle. */
function indexSegments(net) {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let v = 0; v < net.x.length; v++) {
    west = Math.min(west, net.x[v]); east = Math.max(east, net.x[v]);
    south = Math.min(south, net.y[v]); north = Math.max(north, net.y[v]);
  }
  const [x0, y0] = [west - 1, south - 1];
  const side = Math.max(60, Math.sqrt(((east - x0) * (north - y0)) / 4e6));
  const nx = Math.floor((east - x0) / side) + 2;
  const ny = Math.floor((north - y0) / side) + 2;
  const each = (found) => {
    for (let s = 0; s < net.chain.length; s++) {
      const v = s + net.chain[s];
      const column = (x) => Math.floor((x - x0) / side);
      const row = (y) => Math.floor((y - y0) / side);
      const [i0, i1] = [column(Math.min(net.x[v], net.x[v + 1])), column(Math.max(net.x[v], net.x[v + 1]))];
      const [j0, j1] = [row(Math.min(net.y[v], net.y[v + 1])), row(Math.max(net.y[v], net.y[v + 1]))];
      const few = i1 - i0 + j1 - j0 < 2;
      for (let j = j0; j <= j1; j++) {
        for (let i = i0; i <= i1; i++) {
          const near = few || measure(net, s, x0 + (i + 0.5) * side, y0 + (j + 0.5) * side) <= side * side * 0.5000001;
          if (near) found(j * nx + i, s);
        }
      }
    }
  };
  const counts = new Uint32Array(nx * ny);
  each((square) => { counts[square]++; });
  const ptr = starts(counts);
  const next = ptr.slice();
  const listed = new Int32Array(ptr[nx * ny]);
  each((square, s) => { listed[next[square]++] = s; });
  return { x0, y0, side, nx, ny, ptr, listed };
}

/**
 * The nearest point on a street of each place: its segment (-1 where none lies within the limit: off
 * network), the fraction along it, and the metres to it. Rings of squares are searched outward until
 * none left can hold anything nearer. Streets of an islet lose against another street that is at most
 * the detour further. Equal distances go to the lower segment.
 */
function snap(net, xs, ys) {
  const { x0, y0, side, nx, ny, ptr, listed } = net.grid;
  const segment = new Int32Array(xs.length).fill(-1);
  const fraction = new Float64Array(xs.length);
  const metres = new Float64Array(xs.length).fill(Infinity);
  for (let q = 0; q < xs.length; q++) {
    const [x, y] = [xs[q], ys[q]];
    const ci = Math.floor((x - x0) / side);
    const cj = Math.floor((y - y0) / side);
    const rim = Math.min(x - x0 - ci * side, x0 + (ci + 1) * side - x, y - y0 - cj * side, y0 + (cj + 1) * side - y);
    let [any2, anyAt, anyOn] = [Infinity, -1, 0];
    let [main2, mainAt, mainOn] = [Infinity, -1, 0];
    let bound = net.farthest;
    for (let r = 0; r === 0 || (r - 1) * side + rim <= bound; r++) {
      for (let j = Math.max(cj - r, 0); j <= Math.min(cj + r, ny - 1); j++) {
        const step = j === cj - r || j === cj + r ? 1 : Math.max(2 * r, 1);
        for (let i = ci - r; i <= ci + r; i += step) {
          if (i < 0 || i >= nx) continue;
          for (let p = ptr[j * nx + i]; p < ptr[j * nx + i + 1]; p++) {
            const s = listed[p];
            const d2 = measure(net, s, x, y);
            if (d2 < any2 || (d2 === any2 && s < anyAt)) {
              any2 = d2; anyAt = s; anyOn = nearestOn.fraction;
            }
            if (!net.islet[net.chain[s]] && (d2 < main2 || (d2 === main2 && s < mainAt))) {
              main2 = d2; mainAt = s; mainOn = nearestOn.fraction;
            }
          }
        }
      }
      bound = Math.min(net.farthest, Math.sqrt(main2), Math.sqrt(any2) + net.isletDetour);
    }
    if (mainAt >= 0 && Math.sqrt(main2) <= Math.min(net.farthest, Math.sqrt(any2) + net.isletDetour)) {
      any2 = main2; anyAt = mainAt; anyOn = mainOn;
    }
    if (anyAt >= 0 && Math.sqrt(any2) <= net.farthest) {
      segment[q] = anyAt;
      fraction[q] = anyOn;
      metres[q] = Math.sqrt(any2);
    }
  }
  return { segment, fraction, metres };
}

/**
 * Snapped places by what it costs to walk: on which chain (-1: off network, or inside a barred segment), from its
 * first end to the place (`ahead`) and from the place to that end (`back`), and between place and street (`access`).
 */
function locate(net, cost, places) {
  const count = places.segment.length;
  const chain = new Int32Array(count).fill(-1);
  const access = new Float64Array(count).fill(Infinity);
  const on = ({ own, ahead, total }) => {
    const out = new Float64Array(count);
    for (let q = 0; q < count; q++) {
      const s = places.segment[q];
      if (s >= 0) out[q] = Math.min(ahead[s] + places.fraction[q] * own[s], total[net.chain[s]]);
    }
    return out;
  };
  for (let q = 0; q < count; q++) {
    const s = places.segment[q];
    if (s < 0 || (net.pace[s] === Infinity && places.fraction[q] > 0 && places.fraction[q] < 1)) continue;
    chain[q] = net.chain[s];
    access[q] = cost.beside(places.metres[q]);
  }
  const ahead = on(cost.along);
  return { chain, ahead, back: cost.against === cost.along ? ahead : on(cost.against), access };
}

// -- times -----------------------------------------------------------------------------------------

/** A binary heap of (key, item); entries that were overtaken are skipped by who takes them out. */
function makeHeap() {
  const keys = [];
  const items = [];
  return {
    get size() { return keys.length; },
    push(key, item) {
      let i = keys.length;
      for (; i > 0 && keys[(i - 1) >> 1] > key; i = (i - 1) >> 1) {
        keys[i] = keys[(i - 1) >> 1];
        items[i] = items[(i - 1) >> 1];
      }
      keys[i] = key;
      items[i] = item;
    },
    /** Take out the entry of the least key. */
    pop() {
      const top = { key: keys[0], item: items[0] };
      const key = keys.pop();
      const item = items.pop();
      const size = keys.length;
      if (size) {
        let i = 0;
        for (let child = 1; child < size; child = 2 * i + 1) {
          if (child + 1 < size && keys[child + 1] < keys[child]) child++;
          if (keys[child] >= key) break;
          keys[i] = keys[child];
          items[i] = items[child];
          i = child;
        }
        keys[i] = key;
        items[i] = item;
      }
      return top;
    },
  };
}

/** Costs from its chain's first end to a place, and from the place to it, of whoever goes away from a spot: see `outward`. */
const oriented = (places, direction) => (direction === "from" ? [places.ahead, places.back] : [places.back, places.ahead]);

/**
 * The cost at every junction of walking "to" or "from" one located place, up to a cutoff (Dijkstra);
 * infinite where that is not reached.
 */
function spread(net, cost, places, spot, cutoff, direction) {
  const best = new Float64Array(net.junctions).fill(Infinity);
  const limit = Math.min(cutoff, LATEST);
  const result = { best, places, spot, cutoff: limit, direction };
  const k = places.chain[spot];
  if (k < 0) return result;
  const heap = makeHeap();
  const enter = (junction, value) => {
    if (value > limit || value >= best[junction]) return;
    best[junction] = value;
    heap.push(value, junction);
  };
  const [ahead, back] = oriented(places, direction);
  const [along, against] = outward(cost, direction).map(({ total }) => total);
  enter(net.a[k], back[spot] + places.access[spot]);
  enter(net.b[k], along[k] - ahead[spot] + places.access[spot]);
  while (heap.size) {
    const { key, item } = heap.pop();
    if (key > best[item]) continue;
    for (let h = net.ptr[item]; h < net.ptr[item + 1]; h++) enter(net.to[h], key + (net.along[h] ? along : against)[net.over[h]]);
  }
  return result;
}

/** The cost between the spot of a search and each place; NaN where off network or beyond the cutoff. */
function costsAt(net, cost, search, places) {
  const { best, spot, cutoff, direction } = search;
  const out = new Float64Array(places.chain.length).fill(NaN);
  const own = search.places.chain[spot];
  if (own < 0) return out;
  const [ahead, back] = oriented(places, direction);
  const [spotAhead, spotBack] = oriented(search.places, direction).map((side) => side[spot]);
  const { total } = outward(cost, direction)[1];
  for (let q = 0; q < out.length; q++) {
    const k = places.chain[q];
    if (k < 0) continue;
    let value = Math.min(best[net.a[k]] + ahead[q], best[net.b[k]] + (total[k] - back[q]));
    if (k === own) {
      const straight = ahead[q] >= spotAhead ? ahead[q] - spotAhead : spotBack - back[q];
      value = Math.min(value, straight + search.places.access[spot]);
    }
    value += places.access[q];
    if (value <= cutoff) out[q] = value;
  }
  return out;
}

/**
 * The parts of streets within a limit of a search's spot, as lines: line i has the points ends[i] ..
 * ends[i + 1] of x, y. To be drawn, not to be measured.
 */
function reachedLines(net, cost, search, limit) {
  const [x, y, ends] = [[], [], [0]];
  const { best, places, spot, direction } = search;
  const own = places.chain[spot];
  const [along, against] = outward(cost, direction);
  const [middleAlong, middleAgainst] = oriented(places, direction).map((side) => side[spot]);
  const point = (s, fraction) => {
    const v = s + net.chain[s];
    x.push(net.x[v] + fraction * (net.x[v + 1] - net.x[v]));
    y.push(net.y[v] + fraction * (net.y[v + 1] - net.y[v]));
  };
  let [open, at] = [-1, 0]; // the segment and fraction where the last line ends
  const piece = (s, from, to) => {
    if (to < from) return;
    const goesOn = open >= 0 && ((s === open && from === at) || (s === open + 1 && at === 1 && from === 0));
    if (!goesOn) {
      if (open >= 0) ends.push(x.length);
      point(s, from);
    }
    point(s, to);
    [open, at] = [s, to];
  };
  const access = places.access[spot];
  const share = (value, length) => (length > 0 ? Math.min(1, Math.max(0, value / length)) : 1);
  for (let k = 0; k < net.a.length; k++) {
    const [byA, byB] = [best[net.a[k]], best[net.b[k]]];
    if (byA > limit && byB > limit && k !== own) continue;
    // The cost at a point of the chain, from costs along it to there and against it from there.
    const near = (ahead, back) => Math.min(byA + ahead, byB + against.total[k] - back,
      k !== own ? Infinity : access + (ahead >= middleAlong ? ahead - middleAlong : middleAgainst - back));
    for (let s = net.start[k]; s < net.start[k + 1]; s++) {
      if (net.pace[s] === Infinity) continue;
      const [ahead, back] = [along.ahead[s], against.ahead[s]];
      const left = limit - near(ahead, back);
      const right = limit - near(ahead + along.own[s], back + against.own[s]);
      const [onward, backward] = [share(left, along.own[s]), share(right, against.own[s])];
      if (onward + backward >= 1 && (left >= 0 || right >= 0)) { piece(s, 0, 1); continue; }
      if (left > 0) piece(s, 0, onward);
      if (k === own && middleAlong >= ahead && middleAlong <= ahead + along.own[s] && limit > access) {
        const here = share(middleAlong - ahead, along.own[s]);
        piece(s, Math.max(0, here - (limit - access) / against.own[s]), Math.min(1, here + (limit - access) / along.own[s]));
      }
      if (right > 0) piece(s, 1 - backward, 1);
    }
    if (open >= 0) ends.push(x.length);
    open = -1;
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y), ends };
}
