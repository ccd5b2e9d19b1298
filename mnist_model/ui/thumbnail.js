// A picture as a small JPEG, by default at most 280 pixels high, as a data URL. Fails where the browser cannot show it.
async function shrink(url, mostWidth = Infinity, mostHeight = 280) {
  const picture = Object.assign(new Image(), { src: url });
  await picture.decode();
  const factor = Math.min(1, mostWidth / picture.naturalWidth, mostHeight / picture.naturalHeight);
  const [width, height] = [picture.naturalWidth, picture.naturalHeight].map((side) => Math.max(1, Math.round(side * factor)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "white"; // behind what is transparent
  brush.fillRect(0, 0, width, height);
  brush.drawImage(picture, 0, 0, width, height);
  return canvas.toDataURL("image/jpeg", 0.85);
}
