// The answer beside the pad.
function createView(element) {
  const correct = (correction) => server.correct({ ...correction, strokes, page: page.name, model: view.model() });
  const [root, layer] = [element.querySelector(".result"), element.querySelector(".boxes")];
  const view = createResultView(root, layer, props.models, props.storage, correct);
  view.onModel(askAnew);
  return view;
}
