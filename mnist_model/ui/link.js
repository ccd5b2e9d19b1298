// A drawing as text for a link: whole steps of 1/250 of the pad's height, points in line left out, each point as the way
// from the one before in bytes of 7 bits (the eighth: more follows), all in base64url.
const GRID = 250;
const MOST_BYTES = 6000; // what every browser and messenger takes for an address
const MOST_STROKES = 200; // as drawing.py

function encodeInk(strokes) {
  const rounded = strokes.map((stroke) => stroke.map((point) => point.map((value) => Math.round(value * GRID))));
  for (let tolerance = 1; ; tolerance *= 2) {
    const bytes = pack(rounded.map((stroke) => simplify(stroke, tolerance)));
    if (bytes.length > MOST_BYTES && tolerance < GRID) continue;
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }
}

// The strokes, or null where the text is none that `encodeInk` makes for a pad of this width.
function decodeInk(text, width) {
  if (!/^[\w-]+$/.test(text) || text.length > MOST_BYTES * 1.4) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const strokes = unpack(bytes);
    const inside = ([x, y]) => x >= 0 && x <= width * GRID && y >= 0 && y <= GRID;
    if (!strokes.length || strokes.length > MOST_STROKES || !strokes.flat().every(inside)) return null;
    return strokes.map((stroke) => stroke.map(([x, y]) => [x / GRID, y / GRID]));
  } catch {
    return null;
  }
}

// Ramer, Douglas and Peucker: a point stays if without it the line would leave it by more than the tolerance.
function simplify(points, tolerance) {
  const [first, last] = [points[0], points[points.length - 1]];
  const [dx, dy] = [last[0] - first[0], last[1] - first[1]];
  const length = Math.hypot(dx, dy);
  const distance = ([x, y]) =>
    length ? Math.abs(dy * (x - first[0]) - dx * (y - first[1])) / length : Math.hypot(x - first[0], y - first[1]);
  let [farthest, most] = [0, tolerance];
  for (let index = 1; index < points.length - 1; index++) {
    if (distance(points[index]) > most) [farthest, most] = [index, distance(points[index])];
  }
  if (!farthest) return points.length > 1 ? [first, last] : [first];
  return [...simplify(points.slice(0, farthest + 1), tolerance).slice(0, -1), ...simplify(points.slice(farthest), tolerance)];
}

function pack(strokes) {
  const bytes = [];
  const put = (value) => {
    for (; value > 127; value >>= 7) bytes.push((value & 127) | 128);
    bytes.push(value);
  };
  let at = [0, 0];
  for (const stroke of strokes) {
    put(stroke.length);
    for (const point of stroke) {
      for (const axis of [0, 1]) {
        const way = point[axis] - at[axis];
        put(way < 0 ? -2 * way - 1 : 2 * way); // the sign is the last bit
      }
      at = point;
    }
  }
  return bytes;
}

function unpack(bytes) {
  let index = 0;
  const take = () => {
    for (let [value, shift] = [0, 0]; shift < 21; shift += 7) {
      if (index >= bytes.length) break;
      value |= (bytes[index] & 127) << shift;
      if (bytes[index++] < 128) return value;
    }
    throw new RangeError("no number of at most three bytes");
  };
  const strokes = [];
  let at = [0, 0];
  while (index < bytes.length) {
    const stroke = [];
    for (let left = take(); left > 0; left--) {
      at = at.map((value) => {
        const way = take();
        return value + (way & 1 ? -(way + 1) / 2 : way / 2);
      });
      stroke.push(at);
    }
    if (!stroke.length) throw new RangeError("an empty stroke");
    strokes.push(stroke);
  }
  return strokes;
}
