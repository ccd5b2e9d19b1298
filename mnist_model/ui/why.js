// Colours the ink by what it counts for, as why.py has found out: on the pad or the picture that `layer` lies on, and in
// the pixels that the model saw. `root` holds result.html.
function createWhy(root, layer) {
  const SIDE = 28;
  const REST_MS = 300; // a stroke that follows soon finds the ink plain, and need not wait for the colours
  const section = root.querySelector(".why");
  const pixels = root.querySelector(".pixels");
  const radios = [...section.querySelectorAll("input")];
  const group = `why-${Math.random()}`; // of each tab its own
  const overlay = makeCanvas(0).canvas;
  overlay.className = "colours";
  overlay.setAttribute("aria-hidden", "true");
  layer.prepend(overlay);
  let [details, chosen] = [[], null];
  let turn = 0; // the colours that are being made have been overtaken

  const kind = () => app.preference("why") ?? "evidence";
  const decode = (text, type) => type.from(atob(text), (letter) => letter.charCodeAt(0));

  function makeCanvas(width, height = width) {
    return Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  }

  // ---- colours
  const palettes = new Map(); // of the theme: to ask for a colour would lay out the page each time
  function palette(element) {
    if (!palettes.has(element)) {
      const style = getComputedStyle(element);
      const read = (name) => style.getPropertyValue(name).match(/[0-9a-f]{2}/gi).map((digits) => parseInt(digits, 16));
      palettes.set(element, { none: read("--why-none"), for: read("--why-for"), against: read("--why-against") });
    }
    return palettes.get(element);
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

  async function load(url) {
    const image = Object.assign(new Image(), { src: url });
    await image.decode();
    return image;
  }

  // One digit's colours, on a canvas like the others'. Beyond a digit that does not stand alone there may be another's ink.
  function colourDigit(why, mask, [width, height], light, alone) {
    const brush = makeCanvas(width, height);
    const [x, y, wide, high] = share(why.box, brush.canvas);
    const margin = (alone ? 1 : 0.04) * height;
    brush.rect(x - margin, y - margin, wide + 2 * margin, high + 2 * margin);
    brush.clip();
    brush.drawImage(paint(why, palette(section), light), ...share(why.square, brush.canvas));
    if (mask) {
      brush.globalCompositeOperation = "destination-in";
      brush.drawImage(mask, ...share(why.mask.place, brush.canvas));
    }
    return brush.canvas;
  }

  // On the pad the visitor's own strokes take the colours; in a picture its ink does, but shows where it counts little.
  async function colourPicture(rest) {
    const mine = ++turn;
    if (rest) await new Promise((resume) => setTimeout(resume, rest));
    if (mine !== turn) return;
    const pad = layer.parentElement?.querySelector(":scope > canvas");
    const size = pad ? [pad.width, pad.height] : [800, 800];
    if (!size[0]) return; // the tab is hidden
    const light = pad ? () => ({}) : (ink, strength) => ({ opacity: strength });
    const explained = details.map(({ why }) => why).filter(Boolean);
    const masks = await Promise.all(explained.map(({ mask }) => mask && load(mask.url)));
    if (mine !== turn) return;
    [overlay.width, overlay.height] = size;
    const brush = overlay.getContext("2d");
    explained.forEach((why, at) => brush.drawImage(colourDigit(why, masks[at], size, light, explained.length === 1), 0, 0));
    if (pad) {
      brush.globalCompositeOperation = "destination-in";
      brush.drawImage(pad, 0, 0);
    }
    layer.classList.add("explained");
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

  function render(rest = 0) {
    const coloured = chosen?.why && kind() !== "off";
    section.hidden = !chosen?.why;
    if (chosen?.why) describe();
    if (!coloured) {
      hide();
      if (chosen?.seen) pixels.src = chosen.seen;
      return;
    }
    pixels.src = paint(chosen.why, palette(pixels), (ink) => ({ brightness: ink })).toDataURL();
    colourPicture(rest);
  }

  // While the pen moves nothing is explained: what was said stays, faintly.
  function show(all, index, settled) {
    const drawing = !settled && all[index].seen !== "";
    section.classList.toggle("stale", drawing);
    if (drawing) return hide();
    [details, chosen] = [all, all[index]];
    render(layer.classList.contains("explained") ? 0 : REST_MS);
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
  document.addEventListener("inkchange", onPad(hide));
  document.addEventListener("redrawn", onPad(() => layer.classList.contains("explained") && render()));
  const recolour = () => {
    palettes.clear();
    if (!section.classList.contains("stale")) render();
  };
  new MutationObserver(recolour).observe(document.body, { attributeFilter: ["class"] }); // light and dark
  return { show };
}
