// Shows the answer that Python puts into `props.value`.
const view = createResultView(element.querySelector(".result"));
watch("value", () => view.show(props.value));
view.show(props.value, false);

// gr.Examples gives its thumbnails no name: take it from the file, "1-black-on-white.png". They may arrive later than this.
const tab = element.closest(".tab-grid");
function nameExamples() {
  for (const image of tab.querySelectorAll("#examples img")) {
    const name = image.src.split("/").pop().replace(/^\d+-|\.png$/g, "").replaceAll("-", " ");
    image.closest("button").setAttribute("aria-label", `Example: ${name}`);
  }
}
new MutationObserver(nameExamples).observe(tab, { childList: true, subtree: true, attributeFilter: ["src"] });
nameExamples();
