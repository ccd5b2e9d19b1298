// The table of all models beside the pad; answers are the dictionaries of compare.py. A picture that is uploaded is
// answered by Python through `props.value`, a drawing by canvas.js.
function createView(element) {
  const root = element.querySelector(".comparison");
  const find = (selector) => root.querySelector(selector);
  const nothing = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="; // transparent

  function make(tag, className, ...content) {
    const made = document.createElement(tag);
    made.className = className;
    made.append(...content);
    return made;
  }

  function makeCell(className, ...content) {
    const cell = make("td", className, ...content);
    cell.setAttribute("role", "cell");
    return cell;
  }

  function makeRow({ name, description, parameters, accuracy }) {
    const head = make("th", "", make("span", "model-name", name), make("span", "description", description));
    head.scope = "row";
    head.setAttribute("role", "rowheader");
    head.title = description;
    const amount = make("span", "amount", make("span", "track", make("span", "bar")), make("span", "percentage"));
    const row = make(
      "tr",
      "",
      head,
      makeCell("answer", make("span", "read"), make("span", "differs", app.say("compare.differs"))),
      makeCell("confidence", amount, make("span", "note")),
      makeCell("time"),
      makeCell("parameters", parameters, make("span", "unit", ` ${app.say("compare.unit_parameters")}`)),
      makeCell("accuracy", accuracy, make("span", "unit", ` ${app.say("compare.unit_accuracy")}`)),
    );
    row.setAttribute("role", "row");
    return row;
  }

  const empty = { label: "", state: "none", differs: false, confidence: 0, words: "", time: "", note: "" };
  const rows = props.models.map((facts) => makeRow(facts[app.language]));
  find("tbody").replaceChildren(...rows);

  function fill(row, { label, state, differs, confidence, words, time, note }) {
    const part = (name) => row.querySelector(`.${name}`);
    row.dataset.state = state;
    row.classList.toggle("dissent", differs);
    part("read").textContent = label || (time ? "–" : "");
    part("differs").hidden = !differs;
    part("amount").hidden = Boolean(note);
    part("bar").style.width = `${confidence * 100}%`;
    part("percentage").textContent = words;
    part("note").textContent = note;
    part("time").textContent = time;
  }

  function show(answer, settled = true) {
    root.dataset.state = answer.state;
    find(".sentence").textContent = answer.sentence;
    find(".pixels").src = answer.seen || nothing;
    rows.forEach((row, index) => fill(row, answer.rows[index] ?? empty));
    // Answers that change while the pen moves would be read out one after the other: announce the settled one.
    if (settled) find(".announcement").textContent = answer.sentence;
  }

  // ---- drawn or uploaded: each has its own answer
  const uploading = () => element.querySelector("input[value=upload]").checked;
  let uploaded = { ...props.uploaded, sentence: app.say(props.uploaded.sentence) };
  watch("value", () => {
    uploaded = props.value;
    root.setAttribute("aria-busy", "false");
    if (uploading()) show(uploaded);
  });
  for (const radio of element.querySelectorAll("input[name=source]")) {
    radio.addEventListener("change", () => {
      root.setAttribute("aria-busy", "false");
      if (!uploading()) return askAnew();
      dropAnswers();
      show(uploaded);
    });
  }
  followPicture(element, () => uploading() && root.setAttribute("aria-busy", "true"));
  return { show };
}
