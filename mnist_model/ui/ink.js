// Strokes on a canvas of any size. A stroke is a list of points [x, y] in units of the pad's height.

// How much wider or narrower than the pen a point was pressed, where the pen tells. On the screen alone: the server inks
// the strokes with one pen, for the network knows digits of the width that MNIST's have.
const pressed = new WeakMap();

function drawInk(brush, strokes, scale, pen) {
  brush.lineCap = brush.lineJoin = "round";
  for (const stroke of strokes) drawStroke(brush, stroke, scale, pen);
}

function drawStroke(brush, points, scale, pen) {
  if (points.some((point) => pressed.has(point))) {
    points.forEach((point, index) => drawPath(brush, points.slice(Math.max(0, index - 1), index + 1), scale, pen * (pressed.get(point) ?? 1)));
  } else drawPath(brush, points, scale, pen);
}

function drawPath(brush, points, scale, width) {
  brush.lineWidth = width * scale;
  brush.beginPath();
  brush.moveTo(points[0][0] * scale, points[0][1] * scale);
  for (const [x, y] of points) brush.lineTo(x * scale, y * scale);
  brush.stroke();
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
