// The heading in the visitor's language, which can be chosen in it, as can the theme.
element.querySelector(".said").innerHTML = props.said[app.language];
document.title = app.say("page.title");
app.sayAll(element);

const languages = element.querySelector(".language select");
languages.value = app.language;
languages.addEventListener("change", () => app.prefer("language", languages.value));

// Chosen here, or told by the account of who signs in, which would tell the old one again if it did not know first.
document.addEventListener("preferred", async ({ detail }) => {
  if (detail !== "language" || app.preference("language") === app.language) return;
  await null; // all others have heard of it
  await app.history?.saved();
  document.dispatchEvent(new Event("reloading")); // what is drawn is to be there again
  location.reload();
});

// Each press turns to the next of auto, light and dark.
const button = element.querySelector(".theme");
function name() {
  button.dataset.mode = theme.mode();
  button.setAttribute("aria-label", app.say(`theme.${theme.mode()}`));
  button.title = button.ariaLabel;
}
button.addEventListener("click", theme.turn);
document.addEventListener("preferred", name);
name();
