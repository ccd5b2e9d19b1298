// The answer on the page. `root` holds result.html; `layer` lies on the picture and is given a box for each detail;
// answers are the dictionaries of result.py; `models` are the names to choose from, with a line about each; `storage` and
// `correct` are for createCorrection.
function createResultView(root, layer, models, storage, correct) {
  const find = (selector) => root.querySelector(selector);
  const nothing = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="; // transparent
  const correction = createCorrection(find(".correction"), storage, correct);
  const why = createWhy(root, layer);
  let details = [];
  let settled = false; // else the pen moves, and the next answer is on its way
  app.sayAll(root);

  function make(tag, className, text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  // ---- one digit of the answer
  function makeBar([label, probability], best) {
    const item = make("li", probability > 0 && probability === best ? "best" : "");
    const track = make("span", "track");
    const bar = track.appendChild(make("span", "bar"));
    bar.style.height = `${probability * 100}%`;
    item.append(track, make("span", "name", label));
    item.title = `${label}: ${app.percentage(probability)}`;
    item.setAttribute("role", "img");
    item.setAttribute("aria-label", item.title);
    return item;
  }

  function makeRow([label, percentage]) {
    const item = make("li", "");
    item.append(make("b", "", label), " ", make("span", "", percentage));
    return item;
  }

  function choose(index) {
    const detail = details[index];
    find(".digit").textContent = detail.label;
    find(".digit").dataset.state = detail.state;
    find(".which").textContent = detail.which;
    find(".top").replaceChildren(...detail.top.map(makeRow));
    const best = Math.max(...detail.bars.map(([, probability]) => probability));
    find(".bars").replaceChildren(...detail.bars.map((bar) => makeBar(bar, best)));
    find(".pixels").src = detail.seen || nothing;
    correction.show(detail, index);
    for (const radio of [...find(".number").children, ...layer.querySelectorAll(".box")]) {
      const chosen = Number(radio.dataset.index) === index;
      radio.setAttribute("aria-checked", chosen);
      radio.tabIndex = chosen ? 0 : -1; // a group is one stop of the tab key: the arrows move within it
    }
    why.show(details, index, settled);
  }

  // ---- choosing a digit, in the number or in the picture
  function makeRadio(className, index) {
    const { name, state, label, confidence } = details[index];
    const radio = make("button", className);
    radio.type = "button";
    radio.dataset.index = index;
    radio.dataset.state = state;
    radio.setAttribute("role", "radio");
    radio.setAttribute("aria-label", name);
    const tag = radio.appendChild(make("span", "tag"));
    tag.append(make("b", "", label || "?"), " ", make("span", "percentage", confidence));
    radio.addEventListener("click", () => choose(index));
    radio.addEventListener("focus", () => choose(index));
    return radio;
  }

  function moveWithin(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const radios = [...event.currentTarget.querySelectorAll("[role=radio]")];
    const at = radios.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault(); // the page must not scroll
    radios[(at + step + radios.length) % radios.length].focus();
  }
  for (const group of [find(".number"), layer]) group.addEventListener("keydown", moveWithin);

  function makeTile(detail, index) {
    const tile = makeRadio("tile", index);
    tile.classList.toggle("spaced", detail.spaced);
    return tile;
  }

  function placeBox(element, [left, top, width, height]) {
    Object.assign(element.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
    return element;
  }

  function makeBox(detail, index) {
    if (!detail.box) return [];
    const box = placeBox(makeRadio("box", index), detail.box);
    const [, top, , height] = detail.box;
    box.classList.toggle("tag-below", top < 10 && top + height < 90);
    box.classList.toggle("tag-inside", top < 10 && top + height >= 90);
    return [box];
  }

  // ---- the steps
  function makePicture(url, boxes) {
    const picture = make("span", "picture");
    picture.append(Object.assign(make("img", ""), { src: url, alt: "" }));
    picture.append(...boxes.map((box) => placeBox(make("span", "outline"), box)));
    return picture;
  }

  function makeStep({ title, sentence, pictures, boxes }) {
    const step = make("li", pictures.length > 1 ? "many" : "");
    const row = make("div", "pictures");
    row.append(...pictures.map((url) => makePicture(url, boxes)));
    const words = make("p", "");
    words.append(make("strong", "", title), sentence);
    step.append(row, words);
    return step;
  }

  // ---- the model that answers
  const select = find(".model select");
  function describeModel() {
    find(".about").textContent = models[select.selectedIndex].about[app.language];
  }
  select.replaceChildren(...models.map(({ name }) => new Option(name)));
  // The same on every tab, and on the next visit.
  select.addEventListener("change", () => {
    describeModel();
    app.prefer("model", select.value);
  });
  document.addEventListener("preferred", ({ detail }) => detail === "model" && useModel(app.preference("model"), true));
  function useModel(name, tell = false) {
    if (name === select.value || !models.some((model) => model.name === name)) return;
    select.value = name;
    describeModel();
    if (tell) select.dispatchEvent(new Event("change"));
  }
  useModel(app.preference("model"));
  describeModel();

  function show(answer, last = true) {
    [details, settled] = [answer.details, last];
    root.dataset.state = answer.state;
    const several = details.length > 1;
    root.classList.toggle("several", several);
    find(".sentence").textContent = answer.sentence;
    find(".number").style.setProperty("--count", answer.read + details.filter(({ spaced }) => spaced).length / 2);
    find(".number").replaceChildren(...(answer.read > 1 ? details.slice(0, answer.read).map(makeTile) : []));
    layer.querySelectorAll(".box").forEach((box) => box.remove());
    layer.append(...details.flatMap(makeBox));
    find(".steps").hidden = !answer.steps.length;
    find(".steps ol").replaceChildren(...answer.steps.map(makeStep));
    choose(answer.chosen);
    // Answers that change while the pen moves would be read out one after the other: announce the settled one.
    if (settled) find(".announcement").textContent = answer.sentence;
  }

  return { show, model: () => select.value, useModel, onModel: (react) => select.addEventListener("change", react) };
}

// Says of the boxes on a picture, once they are placed, whether there is room for all of their tags.
function markCrowded(layer) {
  layer.classList.remove("crowded");
  const tags = Array.from(layer.querySelectorAll(".tag"), (tag) => tag.getBoundingClientRect());
  const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  layer.classList.toggle("crowded", tags.some((tag, index) => tags.slice(0, index).some((other) => overlap(tag, other))));
}
