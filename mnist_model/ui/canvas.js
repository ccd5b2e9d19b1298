// The drawing pad, square or wide: props.pages says what for. Strokes are kept as vectors, [[x, y], ...] in units of the
// pad's height, and drawn again whenever the pad changes its size or colours. Gradio runs this with `element`, `props`
// and `server` in scope; the scripts before it define `createView`, and what ink.js, link.js and drawings.js do.
const LIVE_MS = 100; // at most one question so often while the pen moves
const KEY_STEP = 0.04;
const PENS = new Map([["thin", 0.6], ["medium", 1], ["thick", 1.6]]); // of the page's pen

const pad = element.querySelector("canvas");
const brush = pad.getContext("2d");
const nib = element.querySelector(".nib");
app.sayAll(element);
const view = createView(element);
const said = (answer) => ({ ...answer, sentence: app.say(answer.sentence) });
const unreachable = said(props.unreachable);
const pages = props.pages.map((one) => ({ ...one, blank: said(one.blank) }));

let page = pages[0];
let id = app.newId(); // of the drawing, until it is cleared
let strokes = [];
let past = []; // [id, strokes] before each change, for undo
let future = []; // and what undo took back, for redo
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
  const question = { strokes, model: view.model?.(), settled, language: app.language };
  const drawing = { id, strokes, page: page.name, model: question.model };
  const answer = await server[page.answer](question).catch(() => null); // Gradio answers undefined when it is not reached
  waiting -= 1;
  if (asked <= shown) return;
  shown = asked;
  const last = settled && asked === version;
  view.show(answer ?? unreachable, last);
  if (last) view.settled?.(answer ?? unreachable, drawing);
  if (last && !answer) setTimeout(() => asked === version && askAnew(), app.RETRY_MS);
}

function askWhileDrawing() {
  if (!waiting && performance.now() - askedAt > LIVE_MS) ask(false);
}

function settle() {
  element.querySelector(".undo").disabled = !past.length;
  element.querySelector(".redo").disabled = !future.length;
  element.querySelector(".clear").disabled = !strokes.length;
  element.querySelector(".invitation").hidden = strokes.length > 0;
  if (strokes.length) return ask(true);
  shown = version; // an answer still on its way belongs to ink that is gone
  view.show(page.blank);
  view.settled?.(page.blank, null);
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
  box = null;
  sizeNib();
  redraw();
}

function redraw() {
  brush.clearRect(0, 0, pad.width, pad.height);
  brush.strokeStyle = getComputedStyle(pad).color;
  drawInk(brush, strokes, pad.height, penWidth());
  tell("redrawn");
}

// What lies on the pad, if anything, hears of its ink.
function tell(name) {
  pad.dispatchEvent(new Event(name, { bubbles: true }));
}

// ---- changes
function remember() {
  tell("inkchange");
  past.push([id, strokes]);
  future = [];
  if (!strokes.length) id = app.newId();
  strokes = strokes.slice();
  version += 1;
}

function penDown(point) {
  remember();
  current = [point];
  strokes.push(current);
  element.querySelector(".invitation").hidden = true;
  redraw();
}

// While the pen moves, only its new curves are drawn. The last one was drawn before it was known where it leads.
function penMove(points) {
  const count = current.length;
  for (const point of points) {
    const last = current[current.length - 1];
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < 0.003) continue;
    current.push(point);
    version += 1;
  }
  if (current.length > count) drawStroke(brush, current, pad.height, penWidth(), Math.max(count - 2, 0));
  askWhileDrawing();
}

function penUp() {
  current = pointer = null;
  version += 1; // even if the ink is that of the last question: this answer is the one to announce
  settle();
  redraw();
}

function travel(from, to) {
  if (!from.length || current) return;
  to.push([id, strokes]);
  [id, strokes] = from.pop();
  tell("inkchange");
  redraw();
  askAnew();
}
const undo = () => travel(past, future);
const redo = () => travel(future, past);

function clear() {
  if (!strokes.length || current) return;
  remember();
  strokes = [];
  redraw();
  settle();
}

// Another drawing in the place of this one, on the page of that name; undo brings this one back.
function open(drawing, name = page.name) {
  if (current) penUp();
  remember();
  [id, strokes] = [app.newId(), drawing];
  element.querySelectorAll("input[name=page]").forEach((radio) => (radio.checked = radio.value === name));
  turn(name);
}

// ---- the pages
function turn(name) {
  if (current) penUp();
  const turned = name !== page.name;
  page = pages.find((one) => one.name === name);
  if (turned) showExamples(); // else the one that was chosen keeps the focus
  fitInto(page.width);
  element.querySelector(".tab-grid")?.classList.toggle("wide", page.width > 1);
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
  const drawings = [strokes, ...[...past, ...future].map(([, drawing]) => drawing)];
  for (const [x] of drawings.flat(2)) [least, most] = [Math.min(least, x), Math.max(most, x)];
  if (most <= width) return;
  const factor = Math.min(1, width / (most - least + page.pen));
  const move = (point) => {
    const moved = [width / 2 + (point[0] - (least + most) / 2) * factor, 0.5 + (point[1] - 0.5) * factor];
    if (pressed.has(point)) pressed.set(moved, pressed.get(point));
    return moved;
  };
  const moveAll = (drawing) => drawing.map((stroke) => stroke.map(move));
  strokes = moveAll(strokes);
  [past, future] = [past, future].map((states) => states.map(([name, drawing]) => [name, moveAll(drawing)]));
}

function showExamples() {
  const buttons = page.examples.map((name) => exampleButton(name, page.width, open));
  element.querySelector(".drawings").replaceChildren(...buttons);
}

for (const radio of element.querySelectorAll("input[name=page]")) {
  radio.addEventListener("change", () => turn(radio.value));
}

// ---- the pen
let pen = "medium";
const penWidth = () => page.pen * PENS.get(pen);

function followPen() {
  if (PENS.has(app.preference("pen"))) pen = app.preference("pen");
  element.querySelector(`.pens input[value=${pen}]`).checked = true;
  sizeNib();
  redraw();
}
for (const radio of element.querySelectorAll(".pens input")) {
  radio.addEventListener("change", () => app.prefer("pen", radio.value));
}
document.addEventListener("preferred", ({ detail }) => detail === "pen" && followPen()); // also on the pad of another tab

function changePen(by) {
  const names = [...PENS.keys()];
  app.prefer("pen", names[clip(names.indexOf(pen) + by, names.length - 1)]);
}

// ---- mouse, pen and finger
const clip = (value, most) => Math.min(Math.max(value, 0), most);

let box = null; // where the pad lies: to ask at each point would lay out the page each time
addEventListener("scroll", () => (box = null), { capture: true, passive: true });

function position(event) {
  box ??= pad.getBoundingClientRect();
  const part = (value, most) => Math.round(clip(value / box.height, most) * 1e4) / 1e4;
  const point = [part(event.clientX - box.left, page.width), part(event.clientY - box.top, 1)];
  if (event.pointerType === "pen" && event.pressure) pressed.set(point, 0.5 + event.pressure); // 0.5 is an even hand's
  return point;
}

pad.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary || current) return;
  event.preventDefault(); // no text selection, no synthetic mouse events
  pad.focus({ preventScroll: true, focusVisible: false });
  pad.setPointerCapture(event.pointerId);
  pointer = event.pointerId;
  box = null;
  penDown(position(event));
});
pad.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const steps = event.getCoalescedEvents?.() ?? [];
  penMove((steps.length ? steps : [event]).map(position));
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
  if (current && pointer === null) penMove([at]);
}

function sizeNib() {
  nib.style.width = nib.style.height = `${penWidth() * pad.clientHeight}px`;
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
  } else if (event.key === "[" || event.key === "]") changePen(event.key === "]" ? 1 : -1);
  else return;
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
  const here = element.contains(event.target) ? !event.target.closest("select, dialog") : event.target === document.body;
  if (!here || !pad.offsetParent) return;
  const key = (event.ctrlKey || event.metaKey ? "ctrl+" : "") + event.key.toLowerCase();
  if (key === "ctrl+z") event.shiftKey ? redo() : undo();
  else if (key === "ctrl+y") redo();
  else if (["Delete", "Backspace", "Escape"].includes(event.key)) clear();
  else return;
  event.preventDefault();
});

element.querySelector(".undo").addEventListener("click", undo);
element.querySelector(".redo").addEventListener("click", redo);
element.querySelector(".clear").addEventListener("click", clear);
for (const control of element.querySelectorAll(".tools [aria-label]")) control.title = control.ariaLabel;
new ResizeObserver(fit).observe(pad);
new MutationObserver(redraw).observe(document.body, { attributeFilter: ["class"] }); // light and dark
namePad();
showNib();
showExamples();
followPen();
view.show(page.blank, false);
view.ready?.();
