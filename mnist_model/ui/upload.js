// Takes files, shows one of them large with its answer, and hands several to the batch. Gradio runs this with `element`,
// `props` and `server` in scope; the scripts before it define createResultView, createBatch and shrink.
const find = (selector) => element.querySelector(selector);
const image = find("#picture .image-frame img");
app.sayAll(element);
image.alt = app.say("upload.picture");

const layer = document.createElement("div");
layer.className = "boxes";
layer.setAttribute("role", "radiogroup");
layer.setAttribute("aria-label", app.say("upload.found"));
image.after(layer);
const correct = (correction) => server.correct({ ...correction, model: view.model() });
const view = createResultView(find(".result"), layer, props.models, props.storage, correct);
const reveal = () => find("#picture").scrollIntoView({ block: "nearest" });
const batch = createBatch(find(".batch"), (file) => ask(file, true), choose, reveal);

const blank = { ...props.blank, sentence: app.say(props.blank.sentence) };
const ids = new WeakMap(); // of each file, for what is announced
let files = [];
let chosen = 0;
let asked = 0; // what is shown has changed since: an answer to another question is dropped
let waiting = false; // what is shown of the answer is of another picture

// ---- the answer
const nothing = (sentence, state) => ({ ...props.blank, state, sentence, text: "", digits: [], milliseconds: null });

// One file, briefly or with all that result.js shows; null where the app is not reached.
async function ask(file, brief = false) {
  if (file.size > props.max_bytes) {
    const [size, most] = [file.size, props.max_bytes].map((bytes) => Math.round(bytes / 2 ** 20));
    return nothing(app.say("file.large", { name: file.name, size, most }), "error");
  }
  const readable = await file.slice(0, 1).arrayBuffer().catch(() => null); // no folder, and still where it was
  if (!readable) return nothing(app.say("upload.unreadable", { name: file.name }), "error");
  const question = { file, model: view.model(), brief: brief ? "yes" : "no", language: app.language };
  const answer = await server.read_file({ binary: true, data: question }).catch(() => null);
  return answer ?? null; // Gradio answers undefined when it is not reached
}

function wait(now) {
  waiting = now;
  layer.hidden = true; // the boxes go with their picture
  find(".result").setAttribute("aria-busy", now);
}

async function answerChosen() {
  const turn = ++asked;
  wait(true);
  const [file, model] = [files[chosen], view.model()];
  const answer = await ask(file);
  if (turn !== asked) return;
  wait(false);
  view.show(answer ?? nothing(app.say("page.retrying"), "error"));
  layBoxes();
  if (answer?.steps.length) standIn(turn, answer.steps[0].pictures[0]);
  if (!answer) setTimeout(() => turn === asked && answerChosen(), app.RETRY_MS);
  if (answer?.state === "error") givePlace(turn);
  if (answer?.details[0].seen) announce(file, model, answer); // what has ink
}

// A picture that the browser cannot show is announced as the first step has it.
async function announce(file, model, answer) {
  const url = URL.createObjectURL(file);
  const picture = await shrink(url).catch(() => shrink(answer.steps[0].pictures[0]));
  URL.revokeObjectURL(url);
  if (!ids.has(file)) ids.set(file, app.newId());
  app.announce({ source: "upload", id: ids.get(file), answer, model, strokes: null, picture });
}

// A picture that the browser cannot show (TIFF) is shown as the first step has it.
async function standIn(turn, url) {
  await image.decode().catch(() => {});
  if (turn !== asked || image.naturalWidth) return;
  image.style.visibility = "";
  image.src = url;
}

// Of a single file that is no picture there is nothing to show: the place is for another.
async function givePlace(turn) {
  await image.decode().catch(() => {});
  if (turn === asked && files.length === 1 && !image.naturalWidth) showPlace(false);
}

function fail(sentence) {
  view.show(nothing(sentence, "error"));
}

// ---- the files
function takeFiles(list) {
  const all = [...list];
  if (!all.length) return;
  files = all.slice(0, props.max_files);
  const several = files.length > 1;
  const limits = { limit: props.max_files, count: all.length };
  find(".notice").textContent = all.length > files.length ? app.say("upload.too_many", limits) : "";
  find(".batch").hidden = !several;
  find(".remove").title = app.say(several ? "upload.remove_all" : "upload.remove");
  find(".remove").setAttribute("aria-label", find(".remove").title);
  several ? batch.start(files) : batch.clear();
  choose(0);
}

function choose(index) {
  chosen = index;
  batch.mark(index);
  showPicture(files[index]);
  answerChosen();
}

function showPicture(file) {
  URL.revokeObjectURL(image.src);
  image.style.visibility = "";
  image.src = URL.createObjectURL(file);
  showPlace(true);
}

// The place for a picture holds it, or the ways to choose one.
function showPlace(taken) {
  find(".image-frame").hidden = find(".remove").hidden = !taken;
  find(".empty").hidden = taken;
}

function clear() {
  asked += 1;
  wait(false);
  files = [];
  batch.clear();
  find(".batch").hidden = true;
  find(".notice").textContent = "";
  URL.revokeObjectURL(image.src);
  image.removeAttribute("src");
  showPlace(false);
  view.show(blank, false);
}

// ---- the boxes on the picture
function layBoxes() {
  // The picture is centred in its element, as large as it fits (object-fit: contain).
  const { offsetLeft, offsetTop, offsetWidth, offsetHeight, naturalWidth, naturalHeight } = image;
  layer.hidden = waiting || !naturalWidth; // not loaded yet, or never shown
  const scale = Math.min(offsetWidth / naturalWidth, offsetHeight / naturalHeight);
  const [width, height] = [scale * naturalWidth, scale * naturalHeight];
  layer.style.left = `${offsetLeft + (offsetWidth - width) / 2}px`;
  layer.style.top = `${offsetTop + (offsetHeight - height) / 2}px`;
  layer.style.width = `${width}px`;
  layer.style.height = `${height}px`;
  markCrowded(layer);
}
new ResizeObserver(layBoxes).observe(image);
image.addEventListener("load", layBoxes);
// A browser cannot show every picture that can be read (TIFF), nor a file that is none: the answer stands alone then.
image.addEventListener("error", () => (image.style.visibility = "hidden"));

// ---- where files come from
find("input[type=file]").addEventListener("change", ({ target }) => {
  takeFiles(target.files);
  target.value = ""; // else the same file could not be chosen again
});

const dropping = (event) => event.dataTransfer?.types.includes("Files");
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  element.addEventListener(kind, (event) => {
    if (dropping(event)) element.classList.toggle("dropping", kind === "dragenter" || kind === "dragover");
  });
}

// What was dropped or pasted, wherever on the page: page.js keeps it until this tab is there.
document.addEventListener("arrived", () => takeFiles(app.arrived()));

find(".paste").addEventListener("click", async () => {
  try {
    const copied = await navigator.clipboard.read();
    const pictures = copied.map((item) => [item, item.types.find((type) => type.startsWith("image/"))]).filter(([, type]) => type);
    if (!pictures.length) return fail(app.say("upload.nothing_copied"));
    takeFiles(await Promise.all(pictures.map(async ([item, type]) => new File([await item.getType(type)], "pasted.png", { type }))));
  } catch {
    fail(app.say("upload.no_clipboard"));
  }
});

find(".camera").addEventListener("click", () => app.openTab("camera-tab")?.focus());
find(".remove").addEventListener("click", () => {
  clear();
  find("input[type=file]").focus();
});

// What is said of an example is found by its file, "1-black-on-white.png".
for (const { name, url } of props.examples) {
  const button = Object.assign(document.createElement("button"), { type: "button" });
  const key = name.replace(/^\d+-|\.png$/g, "").replaceAll("-", "_");
  button.setAttribute("aria-label", app.say(`example.${key}`));
  button.append(Object.assign(document.createElement("img"), { src: url, alt: "" }));
  button.addEventListener("click", async () => {
    const content = await (await fetch(url)).blob();
    takeFiles([new File([content], name, { type: content.type })]);
  });
  find("#examples").append(button);
}

view.onModel(() => {
  if (!files.length) return;
  if (files.length > 1) batch.readAnew();
  answerChosen();
});
view.show(blank, false);
takeFiles(app.arrived());
