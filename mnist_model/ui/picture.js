// What a gr.Image and its gr.Examples need besides, within `tab`, whenever they change; `changed` hears of another picture.
function followPicture(tab, changed) {
  let seen = "";
  // A browser cannot show every picture that can be read (TIFF), nor a file that is none: the answer stands alone then.
  function hideBroken(image) {
    if (!image) return;
    image.onload = () => (image.style.visibility = "");
    image.onerror = () => (image.style.visibility = "hidden");
  }

  // gr.Examples gives its thumbnails no name: find it by the file, "1-black-on-white.png". They may arrive later.
  function nameExamples() {
    for (const image of tab.querySelectorAll(".picture-column .gallery img")) {
      const name = image.src.split("/").pop().replace(/^\d+-|\.png$/g, "").replaceAll("-", "_");
      image.closest("button").setAttribute("aria-label", app.say(`example.${name}`));
    }
  }

  function describe(image) {
    if (image) image.alt = app.say("upload.picture");
  }

  function follow() {
    const src = tab.querySelector(".picture-column .image-frame img")?.src ?? "";
    if (src !== seen) changed();
    seen = src;
    nameExamples();
    describe(tab.querySelector(".picture-column .image-frame img"));
    hideBroken(tab.querySelector(".picture-column .image-frame img"));
  }
  new MutationObserver(follow).observe(tab, { childList: true, subtree: true, attributeFilter: ["src"] });
  follow();
}
