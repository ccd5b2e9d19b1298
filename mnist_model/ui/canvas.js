// The drawing pad, square or wide: props.pages says what for. Strokes are kept as vectors, [[x, y], ...] in units of the
// pad's height, and drawn again whenever the pad changes its size or colours. Gradio runs this with `element`, `props`
// and `server` in scope; `createView` is defined by the script before it.
const LIVE_MS = 100; // at most one question so often while the pen moves
const KEY_STEP = 0.04;

const pad = element.querySelector("canvas");
const brush = pad.getContext("2d");
const nib = element.querySelector(".nib");
const view = createView(element);
app.sayAll(element);
const said = (answer) => ({ ...answer, sentence: app.say(answer.sentence) });
const unreachable = said(props.unreachable);
const pages = props.pages.map((one) => ({ ...one, blank: said(one.blank) }));

let page = pages[0];
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
  const question = { strokes, model: view.model?.(), language: app.language };
  const answer = await server[page.answer](question).catch(() => null); // Gradio answers undefined when it is not reached
  waiting -= 1;
  if (asked <= shown) return;
  shown = asked;
  view.show(answer ?? unreachable, settled && asked === version);
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
  view.show(page.blank);
}

// What is asked has changed, if not the ink: an answer on its way is to the question before.
function dropAnswers() {
  shown = version;
  version += 1;
}

function askAnew() {
  dropAnswers();
  settle();
}

// ---- ink
function fit() {
  if (!pad.clientWidth) return; // the tab is hidden
  pad.width = Math.round(pad.clientWidth * devicePixelRatio);
  pad.height = Math.round(pad.clientHeight * devicePixelRatio);
  nib.style.width = nib.style.height = `${page.pen * pad.clientHeight}px`;
  redraw();
}

function redraw() {
  brush.clearRect(0, 0, pad.width, pad.height);
  brush.strokeStyle = getComputedStyle(pad).color;
  brush.lineCap = brush.lineJoin = "round";
  brush.lineWidth = page.pen * pad.height;
  for (const stroke of strokes) drawLine(stroke);
}

function drawLine(points) {
  brush.beginPath();
  brush.moveTo(points[0][0] * pad.height, points[0][1] * pad.height);
  for (const [x, y] of points) brush.lineTo(x * pad.height, y * pad.height);
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
  redraw();
  askAnew();
}

function clear() {
  if (!strokes.length || current) return;
  remember();
  strokes = [];
  redraw();
  settle();
}

// ---- the pages
function turn(name) {
  if (current) penUp();
  page = pages.find((one) => one.name === name);
  fitInto(page.width);
  element.querySelector(".tab-grid").classList.toggle("wide", page.width > 1);
  namePad();
  at = [page.width / 2, 0.5];
  version += 1;
  fit();
  showNib();
  settle();
}

function namePad() {
  element.querySelector(".invitation").textContent = app.say(page.invitation);
  pad.setAttribute("aria-label", app.say(page.label));
}

// Nothing drawn, and nothing that undo brings back, may lie beyond the narrower page.
function fitInto(width) {
  let [least, most] = [Infinity, 0];
  for (const [x] of [strokes, ...past].flat(2)) [least, most] = [Math.min(least, x), Math.max(most, x)];
  if (most <= width) return;
  const factor = Math.min(1, width / (most - least + page.pen));
  const move = ([x, y]) => [width / 2 + (x - (least + most) / 2) * factor, 0.5 + (y - 0.5) * factor];
  strokes = strokes.map((stroke) => stroke.map(move));
  past = past.map((drawing) => drawing.map((stroke) => stroke.map(move)));
}

for (const radio of element.querySelectorAll("input[name=page]")) {
  radio.addEventListener("change", () => turn(radio.value));
}

// ---- mouse, pen and finger
const clip = (value, most) => Math.min(Math.max(value, 0), most);

function position(event) {
  const box = pad.getBoundingClientRect();
  const part = (value, most) => Math.round(clip(value / box.height, most) * 1e4) / 1e4;
  return [part(event.clientX - box.left, page.width), part(event.clientY - box.top, 1)];
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
  at = [clip(at[0] + along("ArrowLeft", "ArrowRight"), page.width), clip(at[1] + along("ArrowUp", "ArrowDown"), 1)];
  if (current && pointer === null) {
    penMove(at);
    askWhileDrawing();
  }
}

function showNib() {
  nib.style.left = `${(at[0] / page.width) * 100}%`;
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
  const here = element.contains(event.target) ? !event.target.closest("select") : event.target === document.body;
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
namePad();
showNib();
view.show(page.blank, false);
