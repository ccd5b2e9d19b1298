// What all tabs share, as the global `app`; in the page's head, so that it is there before any of them.
const app = (() => {
  const phrases = $PHRASES; // of each language, by key
  const known = (tag) => tag.split("-")[0].toLowerCase();
  const language = [known(navigator.language)].find((code) => code in phrases) ?? "en";
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";

  // A sentence in the visitor's language, `values` in the place of its {names}: what `say` of language.py does.
  function say(key, values = {}) {
    return phrases[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  // Fills elements that name what they say: data-say="key" for the text, data-say-label="key" for aria-label.
  function sayAll(root) {
    for (const element of root.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
    for (const element of root.querySelectorAll("[data-say-label]")) element.setAttribute("aria-label", say(element.dataset.sayLabel));
  }

  // Kept in this browser under one key, as far as it allows that.
  const STORAGE_KEY = "handwritten-digits";
  const kept = (() => {
    try {
      return JSON.parse(localStorage.getItem(STORAGE_KEY)) ?? {};
    } catch {
      return {};
    }
  })();

  function preference(name) {
    return kept[name];
  }

  const preferences = () => ({ ...kept });

  // All that show it follow "preferred".
  function prefer(name, value) {
    if (kept[name] === value) return;
    kept[name] = value;
    document.dispatchEvent(new CustomEvent("preferred", { detail: name }));
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(kept));
    } catch {} // forbidden or full: it holds until the page is left
  }

  function newId() {
    return Date.now().toString(36) + Math.random().toString(36).slice(2);
  }

  // A tab announces each answer that has settled. `detail`:
  //   source    "draw", "upload" or "camera"
  //   id        the same for all answers to one drawing, until it is cleared, or to one picture
  //   answer    the dictionary of result.py
  //   model     the name of the one that answered
  //   strokes   of a drawing, lists of [x, y] in units of the pad's height, and `page` ("digit" or "number"); else null
  //   picture   a data URL of what was read, at most 280 pixels high
  function announce(detail) {
    document.dispatchEvent(new CustomEvent("answered", { detail }));
  }

  return { language, say, sayAll, preference, preferences, prefer, newId, announce };
})();
