// Drawings to choose from, in the form of link.js, and numbers made of them.
const DRAWN = {
  0: "GYoCWjEKGQodMgkeAx4AOAQiFDwQFCwaGgAYBRQNFBMQGQodBB0APwk7CRkNEyMXDQUTAA",
  1: "CI4CVgMeACwJTAAoCUoAKAUa",
  2: "EqABqgEKIQoTEA8YCRQDGgAsFBAUChQAGAUaDR47UF9eOANGAEAE",
  3: "GaYBeCIXGgk2BBQKEBAKGAAUBRQNGg8OEworChQAHgYYChQOGi4AGAkaDxQTDjUQHQUxFw",
  4: "CMgBVhM2HWQDGmgAKAUoAB4DBjubAQMoADgJcgBCBSw",
  5: "Fb4BZAMUABoJMgAUBQ5GExoGGAoUDhAUChoAGAUaDRgPFBMQFwoZBBcDLRMDHp0CLgNkAA",
  6: "FqwCVhMKMSgTGB08EzwAHgo4EBQoGBgGGgUoHQoTBCsJEw0PDwkrABMKExAdKA",
  7: "CpwBahgAJAWCAQAJGhMiO5YBCSgPKAMa",
  8: "HrYCggEdHRMJEwAXCg8KCRADGAQUChQ4OBgOFBQQFAoaABQTLBMQEwoZABMFEw0NEwUTBhkYK0I7KDcAHQUJ",
  9: "FMAClgEdJxMNKwQTCg8UCRQDGgosDhAUChoEFAMUCR4jChcEJwAYF6YBE1o",
};
const SIZE_IN_NUMBER = 0.62;
const SPREAD = 0.4; // from the middle of one digit to that of the next

// The strokes of a digit, or of a number in the middle of a pad of this width.
function exampleStrokes(name, width) {
  if (name.length === 1) return decodeInk(DRAWN[name], 1);
  return [...name].flatMap((digit, index) => {
    const middle = width / 2 + (index - (name.length - 1) / 2) * SPREAD;
    const place = ([x, y]) => [middle + (x - 0.5) * SIZE_IN_NUMBER, 0.5 + (y - 0.5) * SIZE_IN_NUMBER];
    return decodeInk(DRAWN[digit], 1).map((stroke) => stroke.map(place));
  });
}

function exampleButton(name, width, choose) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-label", app.say("pad.example", { name }));
  button.title = button.ariaLabel;
  const strokes = exampleStrokes(name, width);
  const path = strokes.map((stroke) => "M" + stroke.map(([x, y]) => `${(x * 100).toFixed(1)} ${(y * 100).toFixed(1)}`).join("L"));
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", `0 0 ${width * 100} 100`);
  picture.setAttribute("aria-hidden", "true");
  picture.appendChild(document.createElementNS(picture.namespaceURI, "path")).setAttribute("d", path.join(""));
  button.append(picture);
  button.addEventListener("click", () => choose(strokes));
  return button;
}
