// The answers to many files, as files to download. Of each: name, state, sentence, text, digits and milliseconds, as of
// upload.py; state "unread" where it was stopped before.

// A file's name is a visitor's content: a spreadsheet would take a cell that begins so for a formula, and run it. An
// apostrophe before it makes it text.
const FORMULA = /^[=+\-@\t\r]/;

function toCell(value) {
  const text = String(value ?? "");
  const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// RFC 4180, in UTF-8: a header, and a row for each file; the confidences of the digits lie between spaces, 0 to 1.
function toCsv(answers) {
  const header = ["file", "text", "confidences", "state", "reason", "milliseconds"];
  const rows = answers.map(({ name, text, digits, state, sentence, milliseconds }) => [
    name,
    text,
    digits.map(({ confidence }) => confidence.toFixed(4)).join(" "),
    state,
    state === "sure" ? "" : sentence,
    milliseconds,
  ]);
  return [header, ...rows].map((row) => `${row.map(toCell).join(",")}\r\n`).join("");
}

// What the API's /read answers to each file, with the file's name, and the reason where nothing was read.
function toJson(answers) {
  const objects = answers.map(({ name, text, digits, sentence }) => ({ name, text, digits, reason: text ? null : sentence }));
  return JSON.stringify(objects, null, 2);
}

function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // the browser needs it until it has begun
}
