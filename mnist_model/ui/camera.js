// The Camera tab: frames of the camera are read one after the other, and what is read is laid over the video. Gradio
// runs this with `element`, `props` and `server` in scope; `createResultView` and `steadyAnswer` come before it.
const LIVE_SIDE = 512; // pixels, the longer one, of a frame: of more the recognizer makes as many at first
const FROZEN_SIDE = 1280; // of the picture that stands still: small writing is looked at closer
const SHORTEST_MS = 125; // between two frames
const REST = 0.25; // of the time that an answer took: a server that is slow is asked less often
const PATIENCE_MS = 10000; // without an answer: the app is not reached
const CELL = 8; // pixels: a frame is unchanged where no cell of it differs by more than
const NOISE = 12; // grey levels, of 255

const find = (selector) => element.querySelector(selector);
const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
const [viewer, video, canvas, layer] = [".viewer", "video", ".still canvas", ".boxes"].map(find);
const brush = canvas.getContext("2d", { willReadFrequently: true });
app.sayAll(viewer);
const correct = (correction) => server.correct({ ...correction, model: view.model() });
const view = createResultView(find(".result"), layer, props.models, props.storage, correct);
const blank = { ...props.blank, sentence: app.say("camera.hint") };

let stream = null;
let starts = 0; // a camera that is given after it was started anew, or left, is let go at once
let looks = 0; // the loop that asks ends when there is a newer one
let frozen = null; // the picture that stands still: {id, url, answer}

// "idle", "asking" (for permission), "running" or "frozen"; each control says in camera.css when it is there.
function turn(state, said = "") {
  viewer.dataset.state = state;
  find(".message").textContent = said;
  layer.inert = find(".number").inert = state !== "frozen"; // what is replaced with every frame cannot be chosen
  if (state !== "running") find(".rate").textContent = "";
}
const isOn = (state) => viewer.dataset.state === state;

// ---- the camera
const REASONS = {
  NotAllowedError: "camera.refused",
  SecurityError: "camera.refused",
  NotFoundError: "camera.none",
  OverconstrainedError: "camera.none",
};

function release(given = stream) {
  for (const track of given?.getTracks() ?? []) track.stop();
  if (given === stream) stream = video.srcObject = null;
}

function stop(said) {
  starts += 1;
  looks += 1;
  frozen = null;
  release();
  turn("idle", said);
  view.show(blank, false);
}

function leave() {
  if (isOn("asking") || isOn("running")) return stop(app.say("camera.away"));
  starts += 1;
  release(); // a frozen picture stays
}

async function start() {
  stop("");
  if (!navigator.mediaDevices?.getUserMedia) return turn("idle", app.say("camera.insecure")); // only https has it
  turn("asking", app.say("camera.asking"));
  const asked = starts;
  const chosen = app.preference("camera");
  const which = chosen ? { deviceId: { ideal: chosen } } : { facingMode: { ideal: "environment" } };
  const wanted = { ...which, width: { ideal: 1280 }, height: { ideal: 960 } };
  let given;
  try {
    given = await navigator.mediaDevices.getUserMedia({ video: wanted });
  } catch (error) {
    if (asked === starts) stop(app.say(REASONS[error.name] ?? "camera.taken"));
    return;
  }
  if (asked !== starts) return release(given);
  stream = video.srcObject = given;
  given.getVideoTracks()[0].addEventListener("ended", () => stream === given && stop(app.say("camera.lost")));
  await video.play().catch(() => {}); // let go meanwhile
  if (asked !== starts) return;
  if (!video.videoWidth) return stop(app.say("camera.taken"));
  listCameras();
  turn("running");
  look();
}

async function listCameras() {
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const name = ({ label }, index) => label || app.say("camera.unnamed", { number: index + 1 });
  const select = find(".which-camera select");
  select.replaceChildren(...cameras.map((camera, index) => new Option(name(camera, index), camera.deviceId)));
  select.value = stream?.getVideoTracks()[0].getSettings().deviceId ?? "";
  find(".which-camera").hidden = cameras.length < 2;
}

// ---- frames
function takeFrame(side) {
  const { videoWidth, videoHeight } = video;
  const scale = Math.min(1, side / Math.max(videoWidth, videoHeight));
  const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    find(".screen").style.aspectRatio = `${width} / ${height}`;
    brush.imageSmoothingQuality = "high";
  }
  brush.drawImage(video, 0, 0, width, height);
}

// The mean of the green in each cell.
function measureCells() {
  const { data, width, height } = brush.getImageData(0, 0, canvas.width, canvas.height);
  const columns = Math.ceil(width / CELL);
  const cells = new Float32Array(columns * Math.ceil(height / CELL));
  for (let y = 0, at = 1; y < height; y += 1) {
    const row = Math.floor(y / CELL) * columns;
    for (let x = 0; x < width; x += 1, at += 4) cells[row + Math.floor(x / CELL)] += data[at];
  }
  return cells.map((sum) => sum / CELL ** 2);
}

function isUnchanged(cells, others) {
  return others?.length === cells.length && cells.every((cell, at) => Math.abs(cell - others[at]) <= NOISE);
}

const encode = () => canvas.toDataURL("image/jpeg", 0.8);

// The answer; null when the app is not reached.
async function ask(picture, settled) {
  const question = { picture, model: view.model(), language: app.language, settled };
  const answer = server.read_frame(question).catch(() => null); // Gradio answers undefined when it is not reached
  return (await Promise.race([answer, pause(PATIENCE_MS)])) ?? null;
}

// One question at a time. A frame that is like the one before is not asked about, once its reading is steady.
async function look() {
  const mine = ++looks;
  let [answers, asked, steady, announced] = [[], null, false, ""];
  const times = [];
  while (mine === looks) {
    const began = performance.now();
    takeFrame(LIVE_SIDE);
    const cells = measureCells();
    if (!steady || !isUnchanged(cells, asked)) {
      const answer = await ask(encode(), false);
      if (mine !== looks) return;
      find(".message").textContent = answer ? "" : app.say("page.retrying");
      if (!answer) {
        await pause(app.RETRY_MS);
        continue;
      }
      asked = cells;
      answers = [answer, ...answers].slice(0, 3);
      const shown = steadyAnswer(answers, app.say("camera.unsteady"));
      steady = shown.steady;
      const { sentence } = shown.answer;
      view.show(shown.answer, steady && sentence !== announced);
      if (steady) announced = sentence;
    }
    showRate(times, performance.now());
    const took = performance.now() - began;
    await pause(Math.max(SHORTEST_MS - took, REST * took));
  }
}

// Frames in a second that were read, or seen to be the same as one that was.
function showRate(times, now) {
  times.push(now);
  if (times.length > 12) times.shift();
  if (times.length % 4) return; // a figure that changes with every frame cannot be read
  const rate = ((times.length - 1) * 1000) / (now - times[0]);
  find(".rate").textContent = app.say("camera.rate", { rate: app.number(rate, { maximumFractionDigits: 1 }) });
}

// ---- standing still
function freeze() {
  looks += 1;
  takeFrame(FROZEN_SIDE);
  frozen = { id: app.newId(), url: encode(), answer: null };
  turn("frozen");
  readFrozen();
}

async function readFrozen() {
  const picture = frozen;
  find(".keep").disabled = true;
  const model = view.model();
  const answer = await ask(picture.url, true);
  if (picture !== frozen || model !== view.model()) return;
  find(".message").textContent = answer ? "" : app.say("page.retrying");
  if (!answer) {
    await pause(app.RETRY_MS);
    return picture === frozen && readFrozen();
  }
  frozen.answer = answer;
  view.show(answer);
  markCrowded(layer);
  find(".keep").disabled = answer.state === "error";
}

function resume() {
  if (!stream) return start(); // let go when the tab was left
  frozen = null;
  turn("running");
  look();
}

// A copy of the picture, at most so many pixels high, with the boxes of its answer where they are wanted.
function copyPicture(height, answer) {
  const copy = document.createElement("canvas");
  const scale = Math.min(1, height / canvas.height);
  Object.assign(copy, { width: Math.round(canvas.width * scale), height: Math.round(canvas.height * scale) });
  const pen = copy.getContext("2d");
  pen.drawImage(canvas, 0, 0, copy.width, copy.height);
  for (const box of answer ? layer.querySelectorAll(".box") : []) drawBox(pen, box, answer.details[box.dataset.index]);
  return copy.toDataURL("image/jpeg", 0.9);
}

function drawBox(pen, shown, { box, label }) {
  const unit = Math.max(1, pen.canvas.height / 480); // lines and letters as thick on a large picture
  const [width, height] = [pen.canvas.width / unit, pen.canvas.height / unit];
  const [x, y, wide, high] = box.map((value, index) => (value / 100) * (index % 2 ? height : width));
  pen.setTransform(unit, 0, 0, unit, 0, 0);
  pen.strokeStyle = pen.fillStyle = getComputedStyle(shown).borderTopColor;
  pen.lineWidth = 2;
  pen.strokeRect(x - 4, y - 4, wide + 8, high + 8);
  const top = y > 26 ? y - 25 : y + high + 5;
  pen.fillRect(x - 5, top, 18, 20);
  pen.fillStyle = "white";
  pen.font = "bold 15px sans-serif";
  pen.textAlign = "center";
  pen.fillText(label || "?", x + 4, top + 15);
}

function keep() {
  const { id, answer } = frozen;
  const number = answer.details.slice(0, answer.read).map(({ label }) => label).join("");
  const link = document.createElement("a");
  link.href = copyPicture(Infinity, answer);
  link.download = `digits-${number || "none"}.jpg`;
  link.click();
  app.announce({ source: "camera", id, answer, model: view.model(), strokes: null, picture: copyPicture(280) });
  find(".message").textContent = app.say("camera.kept");
}

// ---- what the visitor does
for (const [name, react] of Object.entries({ start, freeze, resume, keep, stop: () => stop(app.say("camera.idle")) })) {
  find(`.${name}`).addEventListener("click", () => {
    react();
    if (!element.contains(document.activeElement) || !document.activeElement.offsetParent) {
      // The button that was pressed is gone: its successor takes the keys.
      [...element.querySelectorAll(".controls button")].find((button) => button.offsetParent)?.focus({ preventScroll: true });
    }
  });
}
find(".which-camera select").addEventListener("change", (event) => {
  app.prefer("camera", event.target.value);
  start();
});
view.onModel(() => (isOn("frozen") ? readFrozen() : isOn("running") && look()));
document.addEventListener("visibilitychange", () => document.hidden && leave());
window.addEventListener("pagehide", leave);
new ResizeObserver(() => viewer.clientWidth || leave()).observe(viewer); // another tab of the page lies over this one
stop(app.say("camera.idle"));
