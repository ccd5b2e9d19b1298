// The Results tab. Gradio runs this when the tab is first opened, with `element`, `props` and `server` in scope; the
// server sends HTML in which everything from a report is escaped.
const root = element.querySelector(".results");
const find = (selector) => root.querySelector(selector);
const models = find("select");
const question = (asked) => ({ language: app.language, asked });
app.sayAll(element);
const WAIT_MS = 300; // before it says that it waits

// ---- the model: an answer is shown only if nothing was asked since
let asked = 0;

async function showModel(name) {
  const turn = ++asked;
  root.setAttribute("aria-busy", "true");
  const answer = await server.ask_report(question(name)).catch(() => null); // Gradio answers undefined when it is not reached
  if (turn !== asked) return;
  root.setAttribute("aria-busy", "false");
  find(".lead").textContent = answer?.lead ?? app.say("page.retrying");
  find(".report").innerHTML = answer?.html ?? "";
  if (!answer) return setTimeout(() => turn === asked && showModel(name), app.RETRY_MS);
  models.replaceChildren(...answer.models.map((model) => new Option(model, model, false, model === answer.name)));
  models.disabled = false;
  prepareMatrix(answer.name);
  prepareCurves();
  if (find(".worst")) fill(server.ask_worst(question(answer.name)), find(".reason"), find(".worst"));
}

const latest = new WeakMap(); // of each place the promise that fills it

async function fill(promise, said, shown) {
  latest.set(shown, promise);
  const current = () => latest.get(shown) === promise;
  const waiting = setTimeout(() => current() && (said.textContent = app.say("results.fetching")), WAIT_MS);
  const answer = await promise.catch(() => null);
  clearTimeout(waiting);
  if (!current()) return;
  said.textContent = answer ? answer.said : app.say("results.unreachable");
  if (answer) shown.innerHTML = answer.html;
}

models.addEventListener("change", () => showModel(models.value));
showModel(null);

// ---- the confusion matrix: one stop of the tab key, within which the arrows move
function prepareMatrix(name) {
  const matrix = find(".matrix");
  if (!matrix) return;
  const cells = [...matrix.querySelectorAll("button")];
  const at = (row, column) => matrix.querySelector(`[data-row="${row}"][data-column="${column}"]`);

  function choose(cell) {
    for (const other of cells) {
      other.setAttribute("aria-pressed", other === cell);
      other.tabIndex = other === cell ? 0 : -1;
    }
    const place = [name, Number(cell.dataset.row), Number(cell.dataset.column)];
    fill(server.ask_cell(question(place)), find(".said"), find(".shown"));
  }

  function move(event) {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [];
    const cell = event.target.closest("button");
    if (down === undefined || !cell) return;
    event.preventDefault(); // the page must not scroll
    const size = matrix.rows.length;
    let [row, column] = [Number(cell.dataset.row), Number(cell.dataset.column)];
    for (let step = 0; step < size; step += 1) {
      [row, column] = [row + down, column + right]; // past the cells that are empty
      const next = at(row, column);
      if (!next) continue;
      for (const other of cells) other.tabIndex = other === next ? 0 : -1;
      return next.focus();
    }
  }
  matrix.addEventListener("click", (event) => event.target.closest("button") && choose(event.target.closest("button")));
  matrix.addEventListener("keydown", move);
  const count = (cell) => Number(cell.textContent);
  const most = (kind) => [...matrix.querySelectorAll(kind)].sort((a, b) => count(b) - count(a))[0];
  if (cells.length) choose(most(".wrong") ?? most(".right")); // what goes wrong most often, to begin with
}

// ---- the curves: one epoch is marked in all of them, by the slider or by pointing
function prepareCurves() {
  const slider = find(".epoch input");
  if (!slider) return;
  const epochs = JSON.parse(slider.dataset.epochs);

  function mark(index) {
    slider.value = index;
    slider.setAttribute("aria-valuetext", app.say("results.epoch_told", { epoch: epochs[index], figures: told(index) }));
    find(".epoch b").textContent = epochs[index];
    for (const value of root.querySelectorAll(".curve [data-values]")) value.textContent = JSON.parse(value.dataset.values)[index];
    for (const svg of root.querySelectorAll(".curve svg")) {
      svg.querySelectorAll(".rule").forEach((rule, epoch) => rule.classList.toggle("here", epoch === index));
      for (const dot of svg.querySelectorAll(".dot")) dot.classList.toggle("here", Number(dot.dataset.epoch) === index);
    }
  }

  function told(index) {
    const figures = Array.from(root.querySelectorAll(".curve"), (curve) => {
      const values = Array.from(curve.querySelectorAll("li"), (item) => {
        const name = item.firstElementChild.nextSibling.textContent.trim();
        return `${name} ${JSON.parse(item.querySelector("b").dataset.values)[index]}`.trim();
      });
      return `${curve.querySelector("strong").textContent} ${values.join(", ")}`;
    });
    return figures.join("; ");
  }

  function point(event) {
    const svg = event.currentTarget;
    const { left, width } = svg.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * svg.viewBox.baseVal.width;
    const share = (x - svg.dataset.left) / (svg.dataset.right - svg.dataset.left);
    mark(Math.round(Math.min(Math.max(share, 0), 1) * (epochs.length - 1)));
  }
  slider.addEventListener("input", () => mark(Number(slider.value)));
  for (const svg of root.querySelectorAll(".curve svg")) {
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
  }
  mark(epochs.length - 1);
}
