// The heading in the visitor's language, and its controls.
element.querySelector(".said").innerHTML = props.headings[app.language];
document.title = app.say("page.title");
app.sayAll(element);

const languages = element.querySelector(".language select");
languages.value = app.language;
languages.addEventListener("change", () => {
  app.prefer("language", languages.value);
  location.reload();
});
