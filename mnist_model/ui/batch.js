// Many files: a gallery and a table of their answers, how far the reading is, and the answers as files. `root` is the
// section of upload.html; `ask(file)` answers one file briefly, and null where the app is not reached; `choose(index)`
// shows one in full; `reveal()` brings it into sight.
function createBatch(root, ask, choose, reveal) {
  const AT_ONCE = 2;
  const THUMBNAIL = 160; // pixels, the longer side
  const find = (selector) => root.querySelector(selector);
  const unread = { state: "unread", sentence: app.say("upload.unread"), text: "", digits: [], milliseconds: null };
  let items = []; // { file, name, answer, card, row }
  let run = 0; // changes when the files, the model, or whether to go on does: what was under way before is dropped
  let reading = false;

  function make(tag, className, text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  const told = ({ state }) => app.say(`upload.state_${state}`);
  const percent = ({ confidence }) => app.shortPercentage(confidence);
  const leastSure = (digits) => digits.reduce((least, one) => (one.confidence < least.confidence ? one : least));

  // ---- one file
  function makeCard({ name }, index) {
    const card = make("button", "card");
    card.type = "button";
    card.setAttribute("role", "radio");
    card.dataset.index = index;
    const picture = make("span", "thumbnail");
    card.append(picture, make("span", "card-text"), make("span", "card-state"), make("span", "card-name", name), make("span", "card-reason"));
    card.title = name;
    card.addEventListener("click", () => {
      choose(index);
      reveal();
    });
    return card;
  }

  function makeRow({ name }) {
    const row = make("tr", "");
    const head = make("th", "", name);
    head.scope = "row";
    row.append(head, ...["text", "confidences", "state", "reason", "time"].map((column) => make("td", `cell-${column}`)));
    return row;
  }

  function fill({ name, answer, card, row }) {
    const { state, sentence, text, digits, milliseconds } = answer;
    card.dataset.state = row.dataset.state = state;
    card.querySelector(".card-text").textContent = text;
    const confidence = digits.length ? ` · ${percent(leastSure(digits))}` : "";
    card.querySelector(".card-state").textContent = told(answer) + confidence;
    const reason = ["none", "error"].includes(state) ? sentence : "";
    card.querySelector(".card-reason").textContent = reason;
    card.setAttribute("aria-label", `${name}: ${sentence}`);
    row.querySelector(".cell-text").textContent = text;
    row.querySelector(".cell-confidences").textContent = digits.map(percent).join(" ");
    row.querySelector(".cell-state").textContent = told(answer);
    row.querySelector(".cell-reason").textContent = state === "sure" || state === "unread" ? "" : sentence;
    row.querySelector(".cell-time").textContent = milliseconds === null ? "" : app.say("time.milliseconds", { value: app.number(milliseconds) });
  }

  // A picture of its own, so that the large one need not be kept.
  async function makeThumbnail({ file, card }) {
    const place = card.querySelector(".thumbnail");
    if (place.firstChild) return;
    const bitmap = await createImageBitmap(file).catch(() => null); // a browser does not know every kind (TIFF)
    if (!bitmap) return;
    const scale = Math.min(1, THUMBNAIL / Math.max(bitmap.width, bitmap.height));
    const canvas = make("canvas", "");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const brush = canvas.getContext("2d");
    brush.imageSmoothingQuality = "high";
    brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    place.replaceChildren(Object.assign(make("img", ""), { src: canvas.toDataURL("image/webp", 0.8), alt: "" }));
  }

  // ---- the reading
  function left(seconds) {
    if (seconds < 60) return app.say("upload.seconds", { count: Math.max(1, Math.round(seconds)) });
    return app.say("upload.minutes", { count: Math.round(seconds / 60) });
  }

  function summary() {
    const count = (...states) => items.filter(({ answer }) => states.includes(answer.state)).length;
    const parts = [["done", items.length - count("unread")], ["unsure", count("unsure")], ["none", count("none")], ["error", count("error")]];
    const [done, ...others] = parts.map(([key, number]) => (number || key === "done" ? app.say(`upload.count_${key}`, { count: number, all: items.length }) : ""));
    return [done, ...others.filter(Boolean)].join(" · ");
  }

  function report(time = "", trouble = "") {
    const done = items.filter(({ answer }) => answer.state !== "unread").length;
    find(".summary").textContent = [summary(), time, trouble].filter(Boolean).join(" · ");
    Object.assign(find("progress"), { max: items.length, value: done });
    find("progress").hidden = find(".halt").hidden = done === items.length;
    find(".halt").textContent = app.say(reading ? "upload.stop" : "upload.go_on");
    if (!reading) find(".batch-announcement").textContent = find(".summary").textContent;
  }

  async function read() {
    const turn = ++run;
    const queue = items.filter(({ answer }) => answer.state === "unread");
    const [began, all] = [performance.now(), queue.length];
    let done = 0;
    reading = true;
    report();
    async function work() {
      while (queue.length && turn === run) {
        const item = queue.shift();
        const answer = await ask(item.file);
        if (turn !== run) return;
        if (!answer) return halt(app.say("upload.unreachable"));
        done += 1;
        item.answer = answer;
        fill(item);
        report(done > AT_ONCE ? left(((performance.now() - began) / done / 1000) * (all - done)) : "");
        if (answer.state !== "error") await makeThumbnail(item);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (turn === run) halt();
  }

  function halt(trouble = "") {
    run += 1;
    reading = false;
    report("", trouble);
  }

  // ---- from outside
  function start(files) {
    items = files.map((file) => ({ file, name: file.name, answer: unread }));
    items.forEach((item, index) => Object.assign(item, { card: makeCard(item, index), row: makeRow(item) }));
    find(".cards").replaceChildren(...items.map(({ card }) => card));
    find("tbody").replaceChildren(...items.map(({ row }) => row));
    items.forEach(fill);
    read();
  }

  function clear() {
    run += 1;
    reading = false;
    items = [];
    find(".cards").replaceChildren();
    find("tbody").replaceChildren();
  }

  function readAnew() {
    for (const item of items) fill(Object.assign(item, { answer: unread }));
    read();
  }

  function mark(chosen) {
    items.forEach(({ card }, index) => {
      card.setAttribute("aria-checked", index === chosen);
      card.tabIndex = index === chosen ? 0 : -1; // a group is one stop of the tab key: the arrows move within it
    });
  }

  find(".cards").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = Number(event.target.dataset.index);
    if (!step || Number.isNaN(at)) return;
    event.preventDefault(); // the page must not scroll
    const next = (at + step + items.length) % items.length;
    choose(next);
    items[next].card.focus();
  });
  find(".halt").addEventListener("click", () => (reading ? halt() : read()));
  const answers = () => items.map(({ name, answer }) => ({ ...answer, name }));
  find(".save-csv").addEventListener("click", () => download("digits.csv", "text/csv", toCsv(answers())));
  find(".save-json").addEventListener("click", () => download("digits.json", "application/json", toJson(answers())));
  return { start, clear, readAnew, mark };
}
