// "Wrong? It is: 0 1 2 ..." below the answer. `root` holds correction.html; `storage` says where corrections are kept, and
// is empty where they are not; `send(correction)` gives the answer of correction.py.
function createCorrection(root, storage, send) {
  const find = (selector) => root.querySelector(selector);
  const AGREED = "corrections"; // the preference
  let meant = { detail: null, index: 0 };
  let waiting = null; // the label that was clicked before the visitor agreed

  app.sayAll(root);
  if (storage) find(".where").textContent = app.say(`correction.where_${storage}`);

  const buttons = () => root.querySelectorAll(".labels button");

  function makeButton([label]) {
    const button = document.createElement("button");
    button.type = "button";
    button.value = button.textContent = label;
    return button;
  }

  function report(sentence) {
    find(".said").textContent = sentence;
    find(".withdraw").hidden = !app.preference(AGREED);
  }

  function mark(label) {
    for (const button of buttons()) button.setAttribute("aria-pressed", button.value === label);
  }

  async function keep(label) {
    const about = meant;
    mark(label);
    report("");
    const { detail, index } = about;
    const answer = await send({ label, index, seen: detail.seen, agreed: true, language: app.language }).catch(() => null);
    if (about !== meant) return; // another answer is on the page by now
    if (!answer?.kept) mark("");
    const name = label === "none" ? app.say("correction.none") : label;
    report(answer?.kept ? app.say("correction.kept", { label: name }) : (answer?.sentence ?? app.say("correction.failed")));
  }

  function ask(label) {
    waiting = label;
    find(".agreement").hidden = label === null;
    if (label !== null) find(".agreement").focus();
  }

  // Where the focus was is about to be hidden: it goes back to the row.
  function backTo(label) {
    ask(null);
    [...buttons()].find((button) => button.value === label)?.focus();
  }

  find(".labels").addEventListener("click", ({ target }) => {
    if (target.tagName !== "BUTTON") return;
    app.preference(AGREED) ? keep(target.value) : ask(target.value);
  });
  find(".agree").addEventListener("click", () => {
    const label = waiting;
    app.prefer(AGREED, true);
    backTo(label);
    keep(label);
  });
  find(".decline").addEventListener("click", () => backTo(waiting));
  find(".withdraw").addEventListener("click", () => {
    app.prefer(AGREED, false);
    mark("");
    report(app.say("correction.withdrawn"));
    buttons()[0].focus();
  });

  // The detail of an answer that a click means from now on.
  function show(detail, index) {
    if (detail === meant.detail) return;
    meant = { detail, index };
    root.hidden = !storage || !detail.seen;
    find(".ten").replaceChildren(...detail.bars.map(makeButton));
    for (const button of buttons()) button.disabled = button.value === (detail.label || "none"); // that was the answer
    mark("");
    ask(null);
    report("");
  }

  return { show };
}
