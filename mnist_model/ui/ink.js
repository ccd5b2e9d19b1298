// Strokes on a canvas of any size. A stroke is a list of points [x, y] in units of the pad's height.

// How much wider or narrower than the pen a point was pressed, where the pen tells. On the screen alone: the server inks
// the strokes with one pen, for the network knows digits of the width that MNIST's have.
const pressed = new WeakMap();

function drawInk(brush, strokes, scale, pen) {
  brush.lineCap = brush.lineJoin = "round";
  for (const stroke of strokes) drawStroke(brush, stroke, scale, pen);
}

// A smooth curve through the points, straight on where it turns sharply; of a stroke that grows, from the point `first` on.
function drawStroke(brush, points, scale, pen, first = 0) {
  const varies = points.some((point) => pressed.has(point));
  const start = (index) => {
    const [x, y] = points[index].map((value) => value * scale);
    brush.beginPath();
    brush.moveTo(x, y);
    brush.lineTo(x + 0.01, y); // a dot, where nothing follows: a line of no length would be no ink
  };
  start(first);
  brush.lineWidth = scale * pen * (pressed.get(points[first]) ?? 1);
  for (let index = first + 1; index < points.length; index++) {
    if (varies) {
      brush.stroke();
      start(index - 1);
      brush.lineWidth = scale * pen * (pressed.get(points[index]) ?? 1);
    }
    const [from, to] = [points[index - 1], points[index]];
    const third = Math.hypot(to[0] - from[0], to[1] - from[1]) / 3;
    const [there, back] = [direction(points, index - 1), direction(points, index)];
    const controls = [from[0] + third * there[0], from[1] + third * there[1], to[0] - third * back[0], to[1] - third * back[1]];
    brush.bezierCurveTo(...[...controls, ...to].map((value) => value * scale));
  }
  brush.stroke();
}

// Of the curve at a point, as a vector of length 1; none at its ends and at corners of more than 60 degrees.
function direction(points, index) {
  if (index === 0 || index === points.length - 1) return [0, 0];
  const [before, at, after] = points.slice(index - 1, index + 2);
  const [ax, ay, bx, by] = [at[0] - before[0], at[1] - before[1], after[0] - at[0], after[1] - at[1]];
  if (ax * bx + ay * by < 0.5 * Math.hypot(ax, ay) * Math.hypot(bx, by)) return [0, 0];
  const length = Math.hypot(ax + bx, ay + by) || 1;
  return [(ax + bx) / length, (ay + by) / length];
}

// The drawing as a data URL, black on white.
function pictureOf(strokes, width, pen, height = 280) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.round(width * height), height });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "white";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  drawInk(brush, strokes, height, pen);
  return canvas.toDataURL();
}
