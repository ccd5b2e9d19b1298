// What all tabs share, as the global `app`; in the page's head, so that it is there before any of them.
const app = (() => {
  const phrases = $PHRASES; // of each language, by key
  const RETRY_MS = 2000; // where the server is not reached

  // A sentence in the visitor's language, `values` in the place of its {names}: what `say` of language.py does.
  function say(key, values = {}) {
    return phrases[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  // Fills elements that name what they say: data-say="key" for the text, data-say-label="key" for aria-label,
  // data-say-alt="key" for alt.
  function sayAll(root) {
    for (const element of root.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
    for (const element of root.querySelectorAll("[data-say-label]")) element.setAttribute("aria-label", say(element.dataset.sayLabel));
    for (const element of root.querySelectorAll("[data-say-alt]")) element.alt = say(element.dataset.sayAlt);
  }

  // A number as the language writes it, in the digits that are drawn here; `options` of Intl.NumberFormat.
  const formats = new Map(); // one takes longer to make than to use a hundred times
  function number(value, options = {}) {
    const key = JSON.stringify(options);
    if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, { numberingSystem: "latn", ...options }));
    return formats.get(key).format(value);
  }

  // As percentage and short_percentage of words.py: never certain.
  const share = (value, digits) => number(value, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
  function percentage(value) {
    if (value > 0.999) return say("number.over", { share: share(0.999, 1) });
    return value < 0.001 ? say("number.under", { share: share(0.001, 1) }) : share(value, 1);
  }
  const shortPercentage = (value) => (value > 0.99 ? say("number.over_short", { share: share(0.99, 0) }) : share(value, 0));

  // Kept in this browser under one key, as far as it allows that.
  const STORAGE_KEY = "handwritten-digits";
  let kept = {};
  function readKept() {
    try {
      kept = JSON.parse(localStorage.getItem(STORAGE_KEY)) ?? {};
    } catch {}
  }
  readKept();
  // What was chosen in another tab of the browser is not undone from here. It shows here on the next visit.
  addEventListener("storage", readKept);

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

  // ---- the language: the one chosen here, else the browser's where it is spoken
  const browser = navigator.language.split("-")[0].toLowerCase();
  const language = [preference("language"), browser].find((code) => code in phrases) ?? "en";
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";

  // What Gradio itself says, and what gr.I18n does, has begun in the browser's language before this script runs. Its
  // module of languages, which its own settings use, is loaded already: without it all else works, in two languages.
  const gradios = language === "zh" ? "zh-CN" : language; // as Gradio calls it
  if (![navigator.language, browser].includes(gradios)) {
    const scripts = performance.getEntriesByType("resource").map((entry) => entry.name);
    const core = scripts.find((name) => /\/assets\/core-[\w-]+\.js$/.test(name));
    if (core) import(core).then((gradio) => gradio.changeLocale?.(gradios));
    new MutationObserver(nameTabs).observe(document, { childList: true, subtree: true });
  }

  // Gradio names the tabs that are not open once, at the start.
  function nameTabs() {
    const keys = Object.keys(phrases.en).filter((key) => key.startsWith("tab."));
    for (const button of document.querySelectorAll(".tab-container button")) {
      const name = button.textContent.trim();
      const key = keys.find((one) => Object.values(phrases).some((said) => said[one] === name));
      if (key && name !== say(key)) button.textContent = say(key);
    }
  }

  function openTab(panelId) {
    const tab = document.querySelector(`[role=tab][aria-controls="${panelId}"]`);
    tab?.click();
    tab?.scrollIntoView({ block: "nearest", inline: "nearest" }); // the row of tabs slides on a phone
    return tab;
  }

  // Files that are dropped or pasted anywhere go to the Upload tab, unless something else takes them: the browser would
  // open a dropped one in the place of the page.
  let files = [];
  function arrive(event, list) {
    if (event.defaultPrevented || !list?.length) return;
    event.preventDefault();
    files = [...list];
    openTab("upload-tab");
    document.dispatchEvent(new Event("arrived"));
  }
  addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  addEventListener("drop", (event) => arrive(event, event.dataTransfer?.files));
  addEventListener("paste", (event) => arrive(event, event.clipboardData?.files));
  const arrived = () => files.splice(0);

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

  return {
    RETRY_MS, language, say, sayAll, number, percentage, shortPercentage, preference, preferences, prefer, openTab, arrived, newId, announce,
  };
})();
