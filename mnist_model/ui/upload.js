// Shows the answer that Python puts into `props.value`, and lays its boxes on the picture that it belongs to.
const tab = element.closest(".tab-grid");
const layer = document.createElement("div");
layer.className = "boxes";
layer.setAttribute("role", "radiogroup");
layer.setAttribute("aria-label", "What was found in the picture");
const correct = (correction) => server.correct({ ...correction, model: view.model() });
const view = createResultView(element.querySelector(".result"), layer, props.models, props.storage, correct);
view.onModel(() => trigger("choose"));

function layBoxes() {
  const image = tab.querySelector("#picture .image-frame img");
  if (!image || !props.value.picture || !image.src.includes(props.value.picture)) return layer.remove();
  if (layer.parentElement !== image.parentElement) {
    image.after(layer);
    size.disconnect();
    size.observe(image);
    image.addEventListener("load", layBoxes, { once: true });
  }
  // The picture is centred in its element, as large as it fits (object-fit: contain).
  const { offsetLeft, offsetTop, offsetWidth, offsetHeight, naturalWidth, naturalHeight } = image;
  layer.hidden = !naturalWidth; // not loaded yet, or never shown
  const scale = Math.min(offsetWidth / naturalWidth, offsetHeight / naturalHeight);
  const [width, height] = [scale * naturalWidth, scale * naturalHeight];
  layer.style.left = `${offsetLeft + (offsetWidth - width) / 2}px`;
  layer.style.top = `${offsetTop + (offsetHeight - height) / 2}px`;
  layer.style.width = `${width}px`;
  layer.style.height = `${height}px`;
  layer.classList.remove("crowded");
  layer.classList.toggle("crowded", tagsOverlap());
}

function tagsOverlap() {
  const tags = Array.from(layer.querySelectorAll(".tag"), (tag) => tag.getBoundingClientRect());
  const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return tags.some((tag, index) => tags.slice(0, index).some((other) => overlap(tag, other)));
}
const size = new ResizeObserver(layBoxes);

watch("value", () => {
  view.show(props.value);
  layBoxes();
});
view.show(props.value, false);

followPicture(tab, layBoxes);
