// The answer on the page. `root` holds result.html; answers are the dictionaries of result.py.
function createResultView(root) {
  const find = (selector) => root.querySelector(selector);
  const nothing = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="; // transparent

  function make(tag, className, text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function makeBar([label, probability], best) {
    const item = make("li", probability > 0 && probability === best ? "best" : "");
    const track = make("span", "track");
    const bar = track.appendChild(make("span", "bar"));
    bar.style.height = `${probability * 100}%`;
    item.append(track, make("span", "name", label));
    item.title = `${label}: ${(probability * 100).toFixed(1)}%`;
    item.setAttribute("role", "img");
    item.setAttribute("aria-label", item.title);
    return item;
  }

  function makeRow([label, percentage]) {
    const item = make("li", "");
    item.append(make("b", "", label), " ", make("span", "", percentage));
    return item;
  }

  function show(answer, settled = true) {
    root.dataset.state = answer.state;
    find(".digit").textContent = answer.digit;
    find(".sentence").textContent = answer.sentence;
    find(".top").replaceChildren(...answer.top.map(makeRow));
    const best = Math.max(...answer.bars.map(([, probability]) => probability));
    find(".bars").replaceChildren(...answer.bars.map((bar) => makeBar(bar, best)));
    find(".pixels").src = answer.seen || nothing;
    // Answers that change while the pen moves would be read out one after the other: announce the settled one.
    if (settled) find(".announcement").textContent = answer.sentence;
  }

  return { show };
}
