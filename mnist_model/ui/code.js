// Shows the samples of `props.samples` with the address of this page in them, each with a button that copies it.
const place = element.querySelector(".samples");
const address = (location.origin + location.pathname).replace(/\/+$/, "");
const SHOWN_MS = 2000;

app.sayAll(element);

function show(endpoint) {
  place.replaceChildren(...Object.entries(props.samples[endpoint]).map(([name, text]) => card(name, text.replaceAll("$APP", address))));
}

function card(name, text) {
  const section = make("section", { id: `code-${name}` });
  const code = make("code", { textContent: text });
  // Long lines are scrolled to with the arrow keys too.
  const frame = make("pre", { tabIndex: 0, dir: "ltr" });
  frame.setAttribute("aria-labelledby", `code-${name}-heading`);
  frame.setAttribute("role", "region");
  frame.append(code);
  const head = make("div", { className: "head" });
  const title = app.say(`code.${name}`);
  const copy = make("button", { type: "button", textContent: app.say("code.copy") });
  copy.setAttribute("aria-label", app.say("code.copy_sample", { sample: title }));
  const said = make("span", { className: "said" });
  said.setAttribute("role", "status");
  copy.addEventListener("click", async () => {
    said.textContent = app.say((await copied(text, code)) ? "code.copied" : "code.selected");
    setTimeout(() => (said.textContent = ""), SHOWN_MS);
  });
  head.append(make("h2", { textContent: title, id: `code-${name}-heading` }), said, copy);
  section.append(head, make("p", { textContent: app.say(`code.${name}.hint`) }), frame);
  return section;
}

// Where the clipboard is out of reach, as in a frame that does not allow it, the text is selected for Ctrl+C.
async function copied(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}

function make(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

for (const radio of element.querySelectorAll("input[name=endpoint]")) {
  radio.addEventListener("change", () => show(radio.value));
}
show("predict");
