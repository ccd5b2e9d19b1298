// Colours the ink by what it counts for, as why.py has found out: on the pad or the picture that `layer` lies on, and in
// the pixels that the model saw. `root` holds result.html.
function createWhy(root, layer) {
  const SIDE = 28;
  const section = root.querySelector(".why");
  const pixels = root.querySelector(".pixels");
  const radios = [...section.querySelectorAll("input")];
  const group = `why-${Math.random()}`; // of each tab its own
  let [details, chosen] = [[], null];
  let turn = 0; // the colours that are being made have been overtaken

  const kind = () => app.preference("why") ?? "evidence";
  const decode = (text, type) => type.from(atob(text), (letter) => letter.charCodeAt(0));

  function makeCanvas(width, height = width) {
    return Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  }

  // ---- colours
  function palette(element) {
    const style = getComputedStyle(element);
    const read = (name) => style.getPropertyValue(name).match(/[0-9a-f]{2}/gi).map((digits) => parseInt(digits, 16));
    return { none: read("--why-none"), for: read("--why-for"), against: read("--why-against") };
  }

  // The 28x28 pixels, each in the colour of its value, `light(ink, strength)` of it: as red, green, blue, opacity in 0..1.
  function paint(why, colours, light) {
    const values = decode(why.maps[kind()].values, Int8Array);
    const ink = decode(why.ink, Uint8Array);
    const brush = makeCanvas(SIDE);
    const picture = brush.createImageData(SIDE, SIDE);
    values.forEach((value, index) => {
      const strength = Math.abs(value) / 127;
      const end = value < 0 ? colours.against : colours.for;
      const { brightness = 1, opacity = 1 } = light(ink[index] / 255, strength);
      end.forEach((channel, at) => {
        picture.data[4 * index + at] = brightness * (colours.none[at] + (channel - colours.none[at]) * strength);
      });
      picture.data[4 * index + 3] = 255 * opacity;
    });
    brush.putImageData(picture, 0, 0);
    return brush.canvas;
  }

  function share([left, top, width, height], canvas) {
    const [x, y] = [canvas.width / 100, canvas.height / 100];
    return [left * x, top * y, width * x, height * y];
  }

  // On the pad the visitor's own strokes take the colours; on a picture they lie over the ink, clear where it counts little.
  function colourPicture() {
    const pad = layer.parentElement?.querySelector(":scope > canvas");
    const brush = pad ? makeCanvas(pad.width, pad.height) : makeCanvas(512);
    const colours = palette(section);
    const light = pad ? () => ({}) : (ink, strength) => ({ opacity: ink && 0.9 * strength });
    const explained = details.filter(({ why }) => why);
    for (const { why } of explained) {
      brush.save();
      brush.beginPath();
      const [x, y, width, height] = share(why.box, brush.canvas);
      const margin = explained.length > 1 ? 0.04 * brush.canvas.height : brush.canvas.height;
      brush.rect(x - margin, y - margin, width + 2 * margin, height + 2 * margin);
      brush.clip();
      const [left, top, wide, high] = share(why.square, brush.canvas);
      brush.drawImage(paint(why, colours, light), left, top, wide, high);
      brush.restore();
    }
    if (pad) {
      brush.globalCompositeOperation = "destination-in";
      brush.drawImage(pad, 0, 0);
    }
    const mine = ++turn;
    brush.canvas.toBlob((blob) => {
      if (mine !== turn) return;
      URL.revokeObjectURL(layer.dataset.why);
      layer.dataset.why = URL.createObjectURL(blob);
      layer.style.setProperty("--why", `url(${layer.dataset.why})`);
      layer.classList.add("explained");
    });
  }

  function hide() {
    turn += 1;
    layer.classList.remove("explained");
  }

  // ---- words
  function describe() {
    const { why } = chosen;
    section.dataset.shown = kind();
    for (const radio of radios) {
      radio.checked = radio.value === kind();
      if (radio.value !== "off") radio.nextElementSibling.textContent = why.maps[radio.value].title;
    }
    const map = why.maps[kind()];
    if (!map) return;
    section.querySelectorAll(".scale span").forEach((end, index) => (end.textContent = map.ends[index]));
    const lines = map.sentences.map((text) => Object.assign(document.createElement("p"), { textContent: text }));
    section.querySelector(".words").replaceChildren(...lines);
  }

  function render() {
    const coloured = chosen?.why && kind() !== "off";
    section.hidden = !chosen?.why;
    if (chosen?.why) describe();
    if (!coloured) {
      hide();
      if (chosen?.seen) pixels.src = chosen.seen;
      return;
    }
    pixels.src = paint(chosen.why, palette(pixels), (ink) => ({ brightness: ink })).toDataURL();
    colourPicture();
  }

  // While the pen moves nothing is explained: what was said stays, faintly.
  function show(all, index, settled) {
    section.classList.toggle("stale", !settled);
    if (!settled) return hide();
    [details, chosen] = [all, all[index]];
    render();
  }

  for (const radio of radios) {
    radio.name = group;
    radio.addEventListener("change", () => {
      app.prefer("why", radio.value);
      render();
    });
  }
  app.sayAll(section);
  const onPad = (react) => ({ target }) => layer.parentElement?.contains(target) && react();
  document.addEventListener("pendown", onPad(hide));
  document.addEventListener("redrawn", onPad(() => layer.classList.contains("explained") && render()));
  new MutationObserver(() => section.classList.contains("stale") || render()).observe(document.body, { attributeFilter: ["class"] });
  return { show };
}
