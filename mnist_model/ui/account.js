// Who is signed in, and the history, which listens to answers from the start and is listed by history.js:
// `app.history`. It is kept in the account of who is signed in, where the server keeps any, else in this browser. A
// change is told by the event "remembered". Gradio runs this with `element`, `props` and `server` in scope; the scripts
// before it define kept and shrink.
const SETTLE_MS = 600; // a drawing that is still drawn is one entry
const THUMBNAIL = [320, 128]; // width and height in pixels, at most
let account = { name: null, kept: false };
let trouble = ""; // what went wrong when an answer was last kept

const unreachable = () => ({ said: app.say("account.unavailable") });
const ask = (name, question = {}) =>
  server[name]({ ...question, language: app.language }).then((answer) => answer ?? unreachable(), unreachable);

// ---- an entry of what was announced
async function entryOf({ source, id, answer, model, strokes, page, picture }, time) {
  const read = answer.details.slice(0, answer.read);
  const sureness = read.map(({ label, bars }) => bars.find(([digit]) => digit === label)?.[1] ?? 0);
  const points = (strokes ?? []).reduce((sum, stroke) => sum + stroke.length, 0);
  const again = points > 0 && points <= props.limits.points;
  return {
    id: String(id),
    time,
    source,
    label: read.map(({ label, spaced }) => (spaced ? " " : "") + label).join("").slice(0, 100),
    state: answer.state,
    sentence: answer.sentence.slice(0, 1000),
    confidence: read.length ? Math.min(...sureness) : null,
    model,
    page: again ? page ?? "digit" : null,
    strokes: again ? strokes.map((stroke) => stroke.map(([x, y]) => [x, y])) : null,
    thumbnail: await shrink(picture, ...THUMBNAIL),
  };
}

// ---- listening: the last answer of each id, as soon as no other followed for a while
const settling = new Map(); // by id: what to do, and the timer that will

document.addEventListener("answered", ({ detail }) => {
  if (detail.answer.state === "error" || !detail.picture) return;
  const time = Date.now();
  clearTimeout(settling.get(detail.id)?.timer);
  const write = async () => {
    clearTimeout(settling.get(detail.id)?.timer);
    settling.delete(detail.id);
    await keep(await entryOf(detail, time)).catch(() => (trouble = app.say("history.full")));
    tell();
  };
  settling.set(detail.id, { write, timer: setTimeout(write, SETTLE_MS) });
});
const settleAll = () => Promise.all([...settling.values()].map(({ write }) => write()));
document.addEventListener("visibilitychange", () => document.hidden && settleAll());

// In the account, and if that fails in this browser: no answer is lost.
async function keep(entry) {
  await known;
  trouble = account.kept ? (await ask("keep", { entries: [entry] })).said : "";
  if (!account.kept || trouble) await kept.put(entry, props.limits.entries);
}

const tell = () => document.dispatchEvent(new Event("remembered"));

// ---- what history.js lists and changes; each answers { said }, a sentence where something went wrong
const inBrowser = (act) => act().then((found) => ({ said: "", found }), () => ({ said: app.say("history.forbidden"), found: [] }));

async function list() {
  await settleAll();
  await known;
  const own = await inBrowser(kept.list);
  if (!account.kept) return { ...own, said: own.said || trouble, waiting: 0 };
  const answer = await ask("entries");
  if (answer.said) return { ...own, said: answer.said, waiting: 0, down: true };
  return { found: answer.found, said: trouble, waiting: own.found.length };
}

async function change(act) {
  const answer = await act();
  tell();
  return answer;
}

// All of this browser's entries to the account.
async function move() {
  const { found } = await inBrowser(kept.list);
  const answer = await ask("keep", { entries: found });
  return answer.said ? answer : inBrowser(kept.clear);
}

app.history = {
  list,
  account: () => ({ ...account, login: props.login }),
  remove: (id, down) => change(() => (account.kept && !down ? ask("forget", { id }) : inBrowser(() => kept.remove(id)))),
  removeAll: (down) => change(() => (account.kept && !down ? ask("forget_all") : inBrowser(kept.clear))),
  move: () => change(move),
  saved: () => saved, // when the account knows all preferences
};

// ---- who is signed in, and their preferences: those of the account count, also in a browser that is new to it
// What was agreed to in this browser holds for it alone: consent is no preference to be carried to another.
function personal(preferences) {
  const { corrections, ...others } = preferences ?? {};
  return others;
}
let following = false; // adopting is no choice to be sent back

async function recognize() {
  if (!props.login) return;
  const answer = await ask("who");
  account = { name: answer.name ?? null, kept: Boolean(answer.kept) };
  for (const [name, value] of Object.entries(personal(answer.found))) app.prefer(name, value);
  following = account.kept;
  showName();
}

let sending = null;
let saved = Promise.resolve();
document.addEventListener("preferred", () => {
  if (!following) return;
  clearTimeout(sending);
  saved = new Promise((done) => (sending = setTimeout(() => ask("prefer", { chosen: personal(app.preferences()) }).then(done), 0)));
});

function showName() {
  element.dataset.login = props.login;
  element.querySelector(".name").textContent = account.name ? app.say("account.name", { name: account.name }) : "";
  element.querySelector(".sign-in").hidden = Boolean(account.name) || props.login !== "hub";
  element.querySelector(".sign-out").hidden = !account.name;
}

app.sayAll(element);
const known = recognize();
