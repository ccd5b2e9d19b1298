// Shows the answer that Python puts into `props.value`, and lays its boxes on the picture that it belongs to.
const tab = element.closest(".tab-grid");
const layer = document.createElement("div");
layer.className = "boxes";
layer.setAttribute("role", "radiogroup");
layer.setAttribute("aria-label", app.say("upload.found"));
const view = createResultView(element.querySelector(".result"), layer, props.models);
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

// Of what has ink. A picture that the browser cannot show is shown as the first step has it.
async function announce(answer, model) {
  const image = tab.querySelector("#picture .image-frame img");
  if (!image || !answer.picture || !answer.details[0].seen) return;
  const picture = await shrink(image.src).catch(() => shrink(answer.steps[0].pictures[0]));
  app.announce({ source: "upload", id: answer.picture, answer, model, strokes: null, picture });
}

async function shrink(url) {
  const picture = Object.assign(new Image(), { src: url });
  await picture.decode();
  const factor = Math.min(1, 280 / picture.naturalHeight);
  const [width, height] = [picture.naturalWidth, picture.naturalHeight].map((side) => Math.max(1, Math.round(side * factor)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "white"; // behind what is transparent
  brush.fillRect(0, 0, width, height);
  brush.drawImage(picture, 0, 0, width, height);
  return canvas.toDataURL("image/jpeg", 0.85);
}
const size = new ResizeObserver(layBoxes);

watch("value", () => {
  view.show(props.value);
  layBoxes();
  announce(props.value, view.model());
});
view.show({ ...props.value, sentence: app.say(props.value.sentence) }, false);

followPicture(tab, layBoxes);
