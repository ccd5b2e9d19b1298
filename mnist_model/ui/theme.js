// Light or dark: as the visitor chose with the button of the heading, else as Gradio finds it in the address or the
// system has it. In the page's head, so that the first thing painted is right already.
const theme = (() => {
  const MODES = ["auto", "light", "dark"];
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const inAddress = new URLSearchParams(location.search).get("__theme");
  let mode = MODES.includes(app.preference("theme")) ? app.preference("theme") : "auto";

  function isDark() {
    const wish = [mode, inAddress].find((one) => one === "light" || one === "dark");
    return wish ? wish === "dark" : system.matches;
  }

  function apply() {
    const [own, other] = isDark() ? ["-dark", ""] : ["", "-dark"];
    for (const tone of ["--bg", "--col"]) {
      root.style.removeProperty(tone + own);
      root.style.setProperty(tone + other, `var(${tone}${own})`); // of the page before Gradio has its styles
    }
    root.style.colorScheme = isDark() ? "dark" : "light";
    document.body?.classList.toggle("dark", isDark());
  }
  // Gradio sets the class when it starts and when the system changes: what was chosen is put right before the next paint.
  const follower = new MutationObserver(() => mode !== "auto" && apply());
  addEventListener("DOMContentLoaded", () => {
    apply();
    follower.observe(document.body, { attributeFilter: ["class"] });
  });
  system.addEventListener("change", apply);
  apply();

  const turn = () => app.prefer("theme", MODES[(MODES.indexOf(mode) + 1) % MODES.length]);
  document.addEventListener("preferred", () => {
    if (MODES.includes(app.preference("theme"))) mode = app.preference("theme");
    apply();
  });

  return { turn, mode: () => mode };
})();
