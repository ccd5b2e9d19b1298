// The dialog that shares a drawing, what canvas.js settled on; `drawCard` gives the canvas with its card.
function createSharing(element) {
  const dialog = element.querySelector("dialog.sharing");
  const find = (selector) => dialog.querySelector(selector);
  const tell = (key) => (find(".told").textContent = key ? app.say(key) : "");
  const card = { url: "" };

  // The address without its query: in a Space that holds the theme of the page around and, in a private one, the
  // visitor's token. The address of the frame (*.hf.space) opens by itself, too.
  const linkTo = (drawing) => location.origin + location.pathname + makeHash(drawing);

  async function show(drawing, pen, answer) {
    find(".link").value = linkTo(drawing);
    find(".card").alt = answer.sentence;
    tell("");
    const read = answer.details.slice(0, answer.read).map(({ label }) => label).join("");
    find(".save").download = read ? `${read.length > 1 ? "number" : "digit"}-${read}.png` : "drawing.png";
    dialog.showModal();
    find(".close").focus({ focusVisible: false }); // neither the link nor a deed
    const picture = await new Promise((done) => drawCard(drawing, pen, answer).toBlob(done));
    URL.revokeObjectURL(card.url);
    card.url = find(".card").src = find(".save").href = URL.createObjectURL(picture);
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(find(".link").value);
      tell("share.copied");
    } catch {
      find(".link").focus();
      find(".link").select();
      tell("share.refused");
    }
  }

  async function send() {
    const data = { title: app.say("page.title"), text: find(".card").alt, url: find(".link").value };
    await navigator.share(data).catch(({ name }) => name !== "AbortError" && copy());
  }

  find(".send").hidden = !navigator.share;
  find(".send").addEventListener("click", send);
  find(".copy").addEventListener("click", copy);
  find(".link").addEventListener("focus", () => find(".link").select());
  find(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ clientX, clientY, target }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const beside = clientX < left || clientX > right || clientY < top || clientY > bottom;
    if (target === dialog && beside) dialog.close();
  });
  return show;
}

const makeHash = ({ strokes, page, model }) => `#${new URLSearchParams({ page, model, ink: encodeInk(strokes) })}`;

// What a link holds, or null: {strokes, page, model}. `pages` are those of the pad.
function readLink(hash, pages) {
  const link = new URLSearchParams(hash.slice(1));
  const page = pages.find(({ name }) => name === link.get("page"));
  const strokes = page && decodeInk(link.get("ink"), page.width);
  return strokes ? { strokes, page: page.name, model: link.get("model") } : null;
}
