// The card: a drawing and its answer as a picture to keep, light whatever the page is.
const CARD = { width: 1200, height: 630, left: 60, side: 510, text: 630, right: 1140, font: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif" };
const TONES = { paper: "#fafaf9", white: "#ffffff", edge: "#e7e5e4", ink: "#1c1917", muted: "#57534e", accent: "#0f766e", track: "#f0efed" };

function drawCard({ strokes, model }, pen, answer) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [CARD.width, CARD.height];
  const brush = canvas.getContext("2d");
  brush.fillStyle = TONES.paper;
  brush.fillRect(0, 0, CARD.width, CARD.height);
  drawPaper(brush, strokes, pen);
  const digits = answer.details.slice(0, answer.read);
  if (digits.length > 1) drawNumber(brush, digits);
  else if (digits.length) drawDigit(brush, digits[0]);
  drawSentence(brush, answer.sentence, digits.length > 1 ? 360 : digits.length ? 312 : 220);
  write(brush, app.say("page.title"), CARD.text, 534, 24, 600, TONES.ink);
  write(brush, app.say("card.model", { model }), CARD.text, 568, 22, 400, TONES.muted);
  return canvas;
}

function write(brush, text, x, y, size, weight, tone, align = "left") {
  brush.font = `${weight} ${size}px ${CARD.font}`;
  brush.textAlign = align;
  brush.fillStyle = tone;
  brush.direction = document.documentElement.dir || "ltr";
  brush.fillText(text, x, y, CARD.right - CARD.text);
}

function fillRound(brush, x, y, width, height, radius, tone) {
  brush.fillStyle = tone;
  brush.beginPath();
  brush.roundRect(x, y, width, height, radius);
  brush.fill();
}

// The ink in the middle of a sheet, as large as it fits.
function drawPaper(brush, strokes, pen) {
  const { left, side } = CARD;
  fillRound(brush, left, left, side, side, 32, TONES.white);
  brush.strokeStyle = TONES.edge;
  brush.lineWidth = 2;
  brush.stroke();
  const range = (axis) => {
    const values = strokes.flat().map((point) => point[axis]);
    return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  };
  const [[x0, x1], [y0, y1]] = [range(0), range(1)];
  const scale = Math.min(370 / Math.max(x1 - x0, y1 - y0), side); // a dot stays a dot
  brush.save();
  brush.translate(left + side / 2 - ((x0 + x1) / 2) * scale, left + side / 2 - ((y0 + y1) / 2) * scale);
  brush.strokeStyle = TONES.ink;
  drawInk(brush, strokes, scale, pen);
  brush.restore();
}

function drawDigit(brush, { label, state, top, bars }) {
  write(brush, label, CARD.text - 10, 240, 230, 600, state === "unsure" ? TONES.muted : TONES.accent);
  top.forEach(([name, percentage], index) => {
    const y = 392 + 40 * index;
    const tone = index ? TONES.muted : TONES.ink;
    const [, probability] = bars.find(([bar]) => bar === name);
    write(brush, name, CARD.text, y, 26, 600, tone);
    fillRound(brush, CARD.text + 36, y - 16, 290, 14, 7, TONES.track);
    if (probability > 0.02) fillRound(brush, CARD.text + 36, y - 16, 290 * probability, 14, 7, TONES.accent);
    write(brush, percentage, CARD.right, y, 26, 400, tone, "right");
  });
}

function drawNumber(brush, digits) {
  const wide = Math.min(110, (CARD.right - CARD.text) / digits.length);
  digits.forEach(({ label, state, confidence }, index) => {
    const x = CARD.text + wide * (index + 0.5);
    fillRound(brush, x - wide / 2, 100, wide * 0.92, wide * 1.7, wide / 7, TONES.track);
    write(brush, label, x - wide * 0.04, 100 + wide * 1.15, wide, 600, state === "unsure" ? TONES.muted : TONES.accent, "center");
    write(brush, confidence, x - wide * 0.04, 100 + wide * 1.52, wide * 0.24, 400, TONES.muted, "center");
  });
}

// In as many lines as it takes, four at most.
function drawSentence(brush, sentence, y) {
  brush.font = `600 32px ${CARD.font}`;
  const lines = [""];
  for (const word of sentence.split(/(?<=\s)|(?<=[，。：])/)) {
    if (brush.measureText(lines[lines.length - 1] + word).width > CARD.right - CARD.text) lines.push("");
    lines[lines.length - 1] += word;
  }
  lines.slice(0, 4).forEach((line, index) => write(brush, line.trim(), CARD.text, y + 42 * index, 32, 600, TONES.ink));
}
