// The button of the theme: each press turns to the next of auto, light and dark.
const button = element.querySelector(".theme");
function name() {
  button.dataset.mode = theme.mode();
  button.setAttribute("aria-label", app.say(`theme.${theme.mode()}`));
  button.title = button.ariaLabel;
}
button.addEventListener("click", theme.turn);
document.addEventListener("preferred", name);
name();
