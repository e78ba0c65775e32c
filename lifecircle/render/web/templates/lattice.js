// Cells that are rows and columns of a lattice: their corners, their image, and the one under a place.
// Columns go east, rows south; (0, 0) is the centre of the north-western place.

function readLattice(pack) {
  const row = unpackArray(pack.row);
  const column = unpackArray(pack.column);
  return {
    rows: pack.rows, columns: pack.columns, row, column,
    toPlane: polynomial(pack.toPlane),
    toGrid: polynomial(pack.toGrid),
    north: once(() => northOf(row, column)),
  };
}

/** Corners of a whole cell in the plane, into the scratch arrays. */
function latticeCorners({ row, column, toPlane: place }, cell) {
  [[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]].forEach(([dc, dr], corner) => {
    [scratchX[corner], scratchY[corner]] = place(column[cell] + dc, row[cell] + dr);
  });
}

/** For each place of the lattice the whole cell that fills it, plus 1; 0 for none. */
const wholeCells = once(() => {
  const { rows, columns, row, column } = cells.lattice;
  const out = new Int32Array(rows * columns);
  for (let cell = 0; cell < cells.count; cell++) {
    if (cells.pieceOf[cell] < 0) out[row[cell] * columns + column[cell]] = cell + 1;
  }
  return out;
});

/** Cut cells by the place of the lattice that they lie in. */
const cutCells = once(() => {
  const { columns, row, column } = cells.lattice;
  const out = new Map();
  for (const cell of cells.piece) {
    const place = row[cell] * columns + column[cell];
    if (!out.has(place)) out.set(place, []);
    out.get(place).push(cell);
  }
  return out;
});

function latticeCellAt(x, y) {
  const { rows, columns, toGrid } = cells.lattice;
  const [column, row] = toGrid(x, y).map(Math.round);
  if (column < 0 || row < 0 || column >= columns || row >= rows) return -1;
  const place = row * columns + column;
  const cut = (cutCells().get(place) || []).find((cell) => cellHolds(cell, x, y));
  return cut === undefined ? wholeCells()[place] - 1 : cut;
}

/** The whole cells' colours as an image of the lattice, one pixel per place; made once for what is shown. */
function latticeImage(shown, populatedOnly) {
  if (!shown.image || shown.image.populatedOnly !== populatedOnly) {
    const { rows, columns, row, column } = cells.lattice;
    const pixels = new Uint32Array(rows * columns);
    const colours = classPixels(shown.indicator);
    for (let cell = 0; cell < cells.count; cell++) {
      if (cells.pieceOf[cell] >= 0 || (populatedOnly && !(shown.table.persons[cell] > 0))) continue;
      pixels[row[cell] * columns + column[cell]] = colours[shown.classes[cell]];
    }
    shown.image = { populatedOnly, pixels, colours };
  }
  return shown.image;
}

const MESH = 64; // pixels between places that are carried to the lattice exactly; between them it is as good as straight

function paintLattice(pixels, view, shown, populatedOnly) {
  const { pixels: image, colours } = latticeImage(shown, populatedOnly);
  const { rows, columns, toGrid } = cells.lattice;
  const { width, height, k } = view;
  const grid = (px, py) => toGrid((px - view.left) / k, (view.top - py) / k);
  for (let top = 0; top < height; top += MESH) {
    const tall = Math.min(MESH, height - top);
    for (let west = 0; west < width; west += MESH) {
      const wide = Math.min(MESH, width - west);
      const corners = [[0, 0], [wide, 0], [0, tall], [wide, tall]].map(([dx, dy]) => grid(west + dx, top + dy));
      if (Math.max(...corners.map(([c]) => c)) < -1 || Math.min(...corners.map(([c]) => c)) > columns
        || Math.max(...corners.map(([, r]) => r)) < -1 || Math.min(...corners.map(([, r]) => r)) > rows) continue;
      for (let line = 0; line < tall; line++) {
        const down = (line + 0.5) / tall;
        const [c0, r0] = [0, 1].map((axis) => corners[0][axis] + (corners[2][axis] - corners[0][axis]) * down);
        const [c1, r1] = [0, 1].map((axis) => corners[1][axis] + (corners[3][axis] - corners[1][axis]) * down);
        const [stepC, stepR] = [(c1 - c0) / wide, (r1 - r0) / wide];
        // Half a place is added, so that cutting off decimals finds the place.
        let [c, r] = [c0 + 0.5 * stepC + 0.5, r0 + 0.5 * stepR + 0.5];
        const from = (top + line) * width + west;
        for (let at = from; at < from + wide; at++, c += stepC, r += stepR) {
          if (c >= 0 && r >= 0 && c < columns && r < rows) pixels[at] = image[Math.floor(r) * columns + Math.floor(c)];
        }
      }
    }
  }
  const box = cells.rings && cells.rings.box;
  cells.piece.forEach((cell, piece) => {
    if (populatedOnly && !(shown.table.persons[cell] > 0)) return;
    const [west, south, east, north] = [box[4 * piece], box[4 * piece + 1], box[4 * piece + 2], box[4 * piece + 3]];
    const reach = Math.max(east - west, north - south) / 2;
    paintCell(pixels, view, cell, (west + east) / 2, (south + north) / 2, reach, colours[shown.classes[cell]]);
  });
}
