// The History tab. Gradio runs this when the tab is first opened; what is listed comes from `app.history` of account.js,
// and is never taken for markup.
const root = element.querySelector(".history");
const find = (selector) => root.querySelector(selector);
const ICONS = {
  reopen: "M4 20l4-1L19 8l-3-3L5 16zM14 7l3 3",
  delete: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
};
const nothing = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="; // transparent
const minutes = { month: "short", day: "numeric", hour: "numeric", minute: "numeric", numberingSystem: "latn" };
const thisYear = new Intl.DateTimeFormat(app.language, minutes);
const anyYear = new Intl.DateTimeFormat(app.language, { ...minutes, year: "numeric" });
let entries = [];
let down = false; // the account is not reached: what is listed is in this browser

function make(tag, className, ...content) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content);
  return made;
}

// ---- one entry
const title = ({ label, sentence }) => label || sentence || app.say("history.no_digit");
function timeOf(entry) {
  const time = new Date(Number.isFinite(entry.time) ? entry.time : 0);
  return (time.getFullYear() === new Date().getFullYear() ? thisYear : anyYear).format(time);
}

function sureness({ label, confidence, sentence }) {
  if (!label) return "";
  if (typeof confidence !== "number") return sentence;
  const least = label.length > 1 && confidence <= 0.999; // "at least over" would say it twice
  return app.say(least ? "history.least" : "history.confidence", { percentage: app.percentage(confidence) });
}

function makeButton(kind, entry, act) {
  const button = make("button", kind);
  button.type = "button";
  button.title = app.say(`history.${kind}`);
  button.setAttribute("aria-label", app.say(`history.${kind}_named`, { answer: title(entry), time: timeOf(entry) }));
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  icon.append(document.createElementNS(icon.namespaceURI, "path"));
  icon.firstChild.setAttribute("d", ICONS[kind]);
  button.append(icon);
  button.addEventListener("click", act);
  return button;
}

function makeEntry(entry) {
  const picture = make("img", "thumbnail");
  picture.alt = "";
  picture.src = String(entry.thumbnail).startsWith("data:image/") ? entry.thumbnail : nothing;
  const words = make("div", "words");
  words.append(
    make("strong", entry.label ? "label" : "label none", title(entry)),
    make("span", "sureness", sureness(entry)),
    make("time", "about", timeOf(entry)),
    make("span", "about model-name", entry.model ?? ""),
  );
  const buttons = make("div", "buttons");
  if (Array.isArray(entry.strokes)) buttons.append(makeButton("reopen", entry, () => reopen(entry)));
  buttons.append(makeButton("delete", entry, () => remove(entry)));
  const item = make("li", "entry", picture, words, buttons);
  item.dataset.state = entry.state;
  return item;
}

function reopen({ strokes, page }) {
  document.dispatchEvent(new CustomEvent("reopen", { detail: { strokes, page } }));
}

// The focus goes to the entry that takes the place of the one that goes.
async function remove(entry) {
  const at = entries.indexOf(entry);
  const answer = await app.history.remove(entry.id, down);
  if (answer.said) return say(answer.said);
  await refresh();
  const rows = find(".entries").children;
  (rows[Math.min(at, rows.length - 1)]?.querySelector(".delete") ?? find(".empty")).focus();
}

// ---- all of them
function say(sentence) {
  find(".said").textContent = sentence;
}

function showPlace() {
  const { name, kept, login } = app.history.account();
  const here = kept && !down;
  const key = here ? "history.account" : login === "hub" && !name ? "history.browser_sign_in" : "history.browser";
  find(".where").textContent = app.say(key, { name, most: props.most });
  find(".delete-all").textContent = app.say(here ? "history.account_delete" : "history.delete_all");
  find("#history-question").textContent = app.say(here ? "history.account_question" : "history.browser_question");
  find(".delete-all").hidden = !entries.length && !here; // of the account also what was preferred
}

let asked = 0;
async function refresh() {
  const question = ++asked;
  const answer = await app.history.list();
  if (question !== asked) return;
  entries = answer.found;
  down = Boolean(answer.down);
  showPlace();
  say(answer.said);
  find(".entries").replaceChildren(...entries.map(makeEntry));
  find(".empty").hidden = entries.length > 0;
  find(".export").hidden = !entries.length;
  find(".waiting").hidden = !answer.waiting;
  find(".waiting p").textContent = app.say("history.waiting", { count: answer.waiting });
  root.setAttribute("aria-busy", "false");
}

function exportAll() {
  const content = { exported: new Date().toISOString(), preferences: app.preferences(), answers: entries };
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: "history.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url));
}

function askToDelete(open) {
  find(".question").hidden = !open;
  find(".delete-all").setAttribute("aria-expanded", open);
  find(open ? ".cancel" : ".delete-all").focus();
}

async function act(promise) {
  const answer = await promise;
  await refresh();
  if (answer.said) say(answer.said);
}

app.sayAll(root);
find(".question").setAttribute("aria-labelledby", "history-question");
find(".export").addEventListener("click", exportAll);
find(".move").addEventListener("click", () => act(app.history.move()));
find(".delete-all").addEventListener("click", () => askToDelete(find(".question").hidden));
find(".cancel").addEventListener("click", () => askToDelete(false));
find(".question").addEventListener("keydown", (event) => event.key === "Escape" && askToDelete(false));
find(".confirm").addEventListener("click", async () => {
  await act(app.history.removeAll(down));
  askToDelete(false);
  if (find(".delete-all").hidden) find(".empty").focus();
});
find(".empty").tabIndex = -1; // where the focus goes when nothing is left

document.addEventListener("remembered", () => element.offsetParent && refresh());
// Whenever the tab is opened: another tab of the browser, or another browser, may have added to it.
new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && refresh()).observe(root);
