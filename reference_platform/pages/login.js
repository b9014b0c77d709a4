// Logging in, and the change of a password that somebody else made.

import { post } from "./api.js";
import { h, show } from "./elements.js";
import { language, speak, t } from "./words.js";

function form(title, fields, button, save, below) {
  const problem = h("p", { class: "problem", role: "alert" });
  const inputs = fields.map((field) => h("input", { ...field, required: true, id: field.name }));
  const submit = h("button", { class: "primary" }, button);
  return h("form", {
    class: "entrance",
    onsubmit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      show(problem);
      try {
        await save(...inputs.map((input) => input.value));
      } catch (error) {
        show(problem, error.status === undefined ? t("error.page") : error.message);
        inputs.at(-1).select();
      } finally {
        submit.disabled = false;
      }
    },
  },
  h("h1", {}, title),
  inputs.map((input, index) => h("label", {}, fields[index].title, input)),
  problem, submit, below);
}

/** The button that speaks the other language; `again` draws the page anew. */
export function languageSwitch(again) {
  const other = language === "zh" ? "en" : "zh";
  return h("button", { type: "button", class: "plain language", lang: other, onclick: async () => { await speak(other); again(); } }, t("language.other"));
}

/** Ask for name and password until the platform accepts them; then `done(answer)`. */
export function login(place, done, message = "") {
  const again = () => login(place, done, message);
  document.title = t("title");
  show(place, h("main", { class: "door" },
    form(t("title"), [
      { name: "user", title: t("people.name"), autocomplete: "username", autocapitalize: "none", autofocus: true },
      { name: "password", title: t("password"), type: "password", autocomplete: "current-password" },
    ], t("login.enter"), async (user, password) => done(await post("/login", { user, password })),
    [message && h("p", { class: "hint" }, message), languageSwitch(again)])));
  place.querySelector("#user").focus();
}

/** A password made by somebody else has to go first; then `done()`. */
export function changePassword(place, done, hint = t("login.must-change")) {
  show(place, h("main", { class: "door" },
    form(t("login.change"), [
      { name: "old", title: t("login.old"), type: "password", autocomplete: "current-password" },
      { name: "new", title: t("login.new"), type: "password", autocomplete: "new-password" },
      { name: "again", title: t("login.again"), type: "password", autocomplete: "new-password" },
    ], t("save"), async (old, wanted, again) => {
      if (wanted !== again) throw Object.assign(new Error(t("login.differ")), { status: 0 });
      await post("/me/password", { old, new: wanted });
      done();
    }, h("p", { class: "hint" }, hint))));
}
