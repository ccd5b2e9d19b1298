// The answer beside the pad, sharing it, and opening what was shared.
function createView(element) {
  const correct = (correction) => server.correct({ ...correction, strokes, page: page.name, model: view.model() });
  const [root, layer] = [element.querySelector(".result"), element.querySelector(".boxes")];
  const view = createResultView(root, layer, props.models, props.storage, correct);
  view.onModel(askAnew);

  const share = createSharing(element);
  const button = element.querySelector("button.share");
  const openTab = () => app.openTab(element.closest("[role=tabpanel]")?.id);
  const pageOf = (drawing) => props.pages.find(({ name }) => name === drawing.page);
  let last = null; // the drawing and its answer
  const ANNOUNCE_MS = 300; // once the pen rests: a picture takes its time, and the next stroke must not wait for it
  let announcing = 0;
  button.addEventListener("click", () => share(last.drawing, pageOf(last.drawing).pen, last.answer));

  let linked = null; // the strokes that the link of the page's address holds
  const isLink = () => new URLSearchParams(location.hash.slice(1)).has("ink");

  function openLink() {
    if (!isLink()) return;
    const link = readLink(location.hash, props.pages);
    if (!link) return view.show({ ...page.blank, state: "error", sentence: app.say("share.broken") });
    openTab();
    view.useModel(link.model);
    linked = link.strokes;
    open(linked, link.page);
  }

  // Of the history, by strokes and the name of their page.
  function reopen({ detail }) {
    openTab();
    open(detail.strokes, props.pages.some(({ name }) => name === detail.page) ? detail.page : undefined);
  }

  function settled(answer, drawing) {
    if (linked && drawing?.strokes !== linked && isLink()) {
      linked = null;
      history.replaceState(null, "", location.pathname + location.search); // it is no longer what is drawn
    }
    last = drawing && answer.state !== "error" ? { drawing, answer } : null;
    button.disabled = !last;
    if (!last) return;
    clearTimeout(announcing);
    announcing = setTimeout(() => announce(drawing, answer), ANNOUNCE_MS);
  }

  function announce(drawing, answer) {
    const { width, pen } = pageOf(drawing);
    app.announce({ source: "draw", ...drawing, answer, picture: pictureOf(drawing.strokes, width, pen) });
  }

  // What is drawn, answered or not, is there again when the page has loaded anew.
  function keepInAddress() {
    const drawing = { strokes, page: page.name, model: view.model() };
    if (strokes.length) history.replaceState(null, "", makeHash(drawing));
  }

  function ready() {
    addEventListener("hashchange", openLink);
    document.addEventListener("reopen", reopen);
    document.addEventListener("reloading", keepInAddress);
    openLink();
  }
  return { ...view, settled, ready };
}
