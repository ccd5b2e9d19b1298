// The answer beside the pad.
function createView(element) {
  const view = createResultView(element.querySelector(".result"), element.querySelector(".boxes"), props.models);
  view.onModel(askAnew);
  return view;
}
