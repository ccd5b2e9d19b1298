// The drawing pad. Strokes are kept as vectors, [[x, y], ...] in 0..1 of the pad, and drawn again whenever the pad
// changes its size or colours. Gradio runs this with `element`, `props` and `server` in scope.
const PEN = 0.06; // width of the pen, of the pad's side
const LIVE_MS = 100; // at most one question so often while the pen moves
const KEY_STEP = 0.04;

const pad = element.querySelector("canvas");
const brush = pad.getContext("2d");
const nib = element.querySelector(".nib");
const view = createResultView(element.querySelector(".result"));

let strokes = [];
let past = []; // what `strokes` was before each change, for undo
let current = null; // the stroke under the pen
let pointer = null; // the pointer that draws it

// ---- the answer: each change of the drawing has a number, and an answer is shown only if it is newer than the last
let version = 0;
let shown = 0;
let waiting = 0; // live questions under way
let askedAt = 0;

async function ask(settled) {
  const asked = version;
  askedAt = performance.now();
  waiting += 1;
  const answer = await server.recognize(strokes).catch(() => null); // Gradio answers undefined when it is not reached
  waiting -= 1;
  if (asked <= shown) return;
  shown = asked;
  view.show(answer ?? props.unreachable, settled && asked === version);
}

function askWhileDrawing() {
  if (!waiting && performance.now() - askedAt > LIVE_MS) ask(false);
}

function settle() {
  element.querySelector(".undo").disabled = !past.length;
  element.querySelector(".clear").disabled = !strokes.length;
  element.querySelector(".invitation").hidden = strokes.length > 0;
  if (strokes.length) return ask(true);
  shown = version; // an answer still on its way belongs to ink that is gone
  view.show(props.value);
}

// ---- ink
function fit() {
  const side = Math.round(pad.clientWidth * devicePixelRatio);
  if (!side) return; // the tab is hidden
  pad.width = pad.height = side;
  redraw();
}

function redraw() {
  brush.clearRect(0, 0, pad.width, pad.height);
  brush.strokeStyle = getComputedStyle(pad).color;
  brush.lineCap = brush.lineJoin = "round";
  brush.lineWidth = PEN * pad.width;
  for (const stroke of strokes) drawLine(stroke);
}

function drawLine(points) {
  brush.beginPath();
  brush.moveTo(points[0][0] * pad.width, points[0][1] * pad.width);
  for (const [x, y] of points) brush.lineTo(x * pad.width, y * pad.width);
  brush.stroke();
}

// ---- changes
function remember() {
  past.push(strokes.map((stroke) => stroke.slice()));
  strokes = strokes.slice();
  version += 1;
}

function penDown(point) {
  remember();
  current = [point];
  strokes.push(current);
  element.querySelector(".invitation").hidden = true;
  drawLine(current);
}

function penMove(point) {
  const last = current[current.length - 1];
  if (Math.hypot(point[0] - last[0], point[1] - last[1]) < 0.003) return;
  current.push(point);
  version += 1;
  drawLine([last, point]);
}

function penUp() {
  current = pointer = null;
  version += 1; // even if the ink is that of the last question: this answer is the one to announce
  settle();
}

function undo() {
  if (!past.length || current) return;
  strokes = past.pop();
  shown = version;
  version += 1;
  redraw();
  settle();
}

function clear() {
  if (!strokes.length || current) return;
  remember();
  strokes = [];
  redraw();
  settle();
}

// ---- mouse, pen and finger
function position(event) {
  const box = pad.getBoundingClientRect();
  const part = (value) => Math.round(Math.min(Math.max(value, 0), 1) * 1e4) / 1e4;
  return [part((event.clientX - box.left) / box.width), part((event.clientY - box.top) / box.height)];
}

pad.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary || current) return;
  event.preventDefault(); // no text selection, no synthetic mouse events
  pad.focus({ preventScroll: true, focusVisible: false });
  pad.setPointerCapture(event.pointerId);
  pointer = event.pointerId;
  penDown(position(event));
});
pad.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const steps = event.getCoalescedEvents?.() ?? [];
  for (const step of steps.length ? steps : [event]) penMove(position(step));
  askWhileDrawing();
});
for (const end of ["pointerup", "pointercancel"]) {
  pad.addEventListener(end, (event) => event.pointerId === pointer && penUp());
}

// ---- keyboard
const held = new Set();
let at = [0.5, 0.5];

function moveNib(event) {
  const step = event.shiftKey ? KEY_STEP / 4 : KEY_STEP;
  const along = (less, more) => step * (held.has(more) - held.has(less));
  const clip = (value) => Math.min(Math.max(value, 0), 1);
  at = [clip(at[0] + along("ArrowLeft", "ArrowRight")), clip(at[1] + along("ArrowUp", "ArrowDown"))];
  if (current && pointer === null) {
    penMove(at);
    askWhileDrawing();
  }
}

function showNib() {
  nib.style.left = `${at[0] * 100}%`;
  nib.style.top = `${at[1] * 100}%`;
  nib.classList.toggle("down", current !== null);
}

pad.addEventListener("keydown", (event) => {
  if (event.key.startsWith("Arrow")) {
    held.add(event.key);
    moveNib(event);
  } else if (event.key === " " && pointer === null) {
    if (!event.repeat) current ? penUp() : penDown(at);
  } else return;
  event.preventDefault(); // the page must not scroll
  showNib();
});
pad.addEventListener("keyup", (event) => held.delete(event.key));
pad.addEventListener("blur", () => {
  held.clear();
  if (current && pointer === null) penUp();
  showNib();
});
document.addEventListener("keydown", (event) => {
  const here = element.contains(event.target) || event.target === document.body;
  if (!here || !pad.offsetParent) return;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") undo();
  else if (["Delete", "Backspace", "Escape"].includes(event.key)) clear();
  else return;
  event.preventDefault();
});

element.querySelector(".undo").addEventListener("click", undo);
element.querySelector(".clear").addEventListener("click", clear);
new ResizeObserver(fit).observe(pad);
new MutationObserver(redraw).observe(document.body, { attributeFilter: ["class"] }); // light and dark
showNib();
view.show(props.value, false);
