// Small builders of what every page shows: elements, messages, forms in dialogs, tables.

import { t } from "./words.js";

/** An element: attributes, `on...` listeners, then children (strings, nodes, lists, nothing). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Replace what an element shows. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child != null && child !== false));
}

const ICONS = {
  live: "M3 6h12v12H3zM15 10l6-3v10l-6-3z",
  playback: "M12 4a8 8 0 1 0 8 8M12 8v4l3 2M20 4v4h-4",
  downloads: "M12 4v11M7 11l5 5 5-5M4 20h16",
  patrols: "M5 18a2 2 0 1 0 0-.1M19 6a2 2 0 1 0 0-.1M7 18h7a3 3 0 0 0 0-6h-4a3 3 0 0 1 0-6h7",
  people: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M16 4a4 4 0 0 1 0 7M18 15c3 .5 4 3 4 6",
  areas: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  alarms: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 22h4",
  audit: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7",
  left: "M15 5l-7 7 7 7", right: "M9 5l7 7-7 7", up: "M5 15l7-7 7 7", down: "M5 9l7 7 7-7",
  plus: "M12 5v14M5 12h14", minus: "M5 12h14", close: "M6 6l12 12M18 6L6 18",
  play: "M7 4l13 8-13 8z", pause: "M8 5v14M16 5v14", light: "M12 3v2M5 6l1.5 1.5M19 6l-1.5 1.5M8 13a4 4 0 1 1 8 0c0 2-2 3-2 5h-4c0-2-2-3-2-5zM10 21h4",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  menu: "M4 7h16M4 12h16M4 17h16", out: "M14 4h5v16h-5M3 12h11M10 8l4 4-4 4",
};

/** A line drawing from the set above. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Tell something at the edge of the page for a few seconds. */
export function tell(message, kind = "good") {
  let place = document.querySelector(".notices");
  if (!place) document.body.append((place = h("div", { class: "notices", role: "status" })));
  const notice = h("p", { class: `notice ${kind}` }, message);
  place.append(notice);
  setTimeout(() => notice.remove(), kind === "bad" ? 8000 : 4000);
}

/** Do something and tell the user when it is refused; whether it was done. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    if (error.name === "AbortError") return false;
    if (error.status === undefined) console.error(error);
    tell(error.status === undefined ? t("error.page") : error.message, "bad");
    return false;
  }
}

function control(field, value) {
  const common = { name: field.name, id: `field-${field.name}`, required: field.required };
  if (field.type === "choice" || field.type === "choices") {
    const several = field.type === "choices";
    const chosen = new Set((several ? value ?? [] : [value ?? ""]).map(String));
    const options = field.options.map(([key, words]) =>
      h("option", { value: key, selected: chosen.has(String(key)) }, words));
    return h("select", { ...common, multiple: several, size: several ? String(Math.min(8, Math.max(3, options.length))) : null }, options);
  }
  if (field.type === "check") return h("input", { ...common, type: "checkbox", checked: Boolean(value) });
  if (field.type === "text") return h("textarea", { ...common, rows: "3" }, value ?? "");
  if (field.type === "own") return field.make(value);
  const shown = field.type === "datetime-local" && value ? value.slice(0, field.step ? 19 : 16) : value ?? "";
  return h("input", {
    ...common, type: field.type ?? "text", value: String(shown), autocomplete: field.autocomplete ?? "off",
    min: field.min, max: field.max, step: field.step, pattern: field.pattern, maxlength: field.longest, inputmode: field.inputmode,
  });
}

/** What a field for date and time holds, as the API takes it: the operator means Beijing time. */
export function beijing(typed) {
  if (!typed) return null;
  return typed.length === 16 ? `${typed}:00+08:00` : `${typed}+08:00`;
}

function read(field, element) {
  if (field.type === "own") return element.value();
  if (field.type === "choices") return [...element.selectedOptions].map((option) => option.value);
  if (field.type === "check") return element.checked;
  if (field.type === "number") return element.value === "" ? null : Number(element.value);
  if (field.type === "datetime-local") return beijing(element.value);
  return element.value;
}

/** A form in a dialog; `save` gets the values and may be refused, which the dialog shows. */
export function ask(title, fields, values, save, done = t("save")) {
  const problem = h("p", { class: "problem", role: "alert" });
  const elements = new Map(fields.map((field) => [field, control(field, values[field.name])]));
  const rows = fields.map((field) => h("div", { class: `row ${field.type ?? ""}` },
    h("label", { for: `field-${field.name}` }, field.label, field.required ? h("span", { class: "must" }, " *") : null),
    elements.get(field),
    field.hint ? h("small", {}, field.hint) : null));
  const submit = h("button", { class: "primary" }, done);
  const dialog = h("dialog", {},
    h("form", {
      onsubmit: async (event) => {
        event.preventDefault();
        submit.disabled = true;
        show(problem);
        try {
          await save(Object.fromEntries(fields.map((field) => [field.name, read(field, elements.get(field))])));
          dialog.close("saved");
        } catch (error) {
          if (error.status === undefined) console.error(error);
          show(problem, error.status === undefined ? t("error.page") : error.message);
        } finally {
          submit.disabled = false;
        }
      },
    },
    h("h2", {}, title), rows, problem,
    h("footer", {}, h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")), submit)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "saved")));
}

/** Ask before something is lost. */
export function confirmed(question, done) {
  return ask(question, [], {}, async () => {}, done);
}

/** A table that becomes a stack of cards on a narrow screen. */
export function table(columns, rows, empty) {
  if (!rows.length) return h("p", { class: "empty" }, empty ?? t("nothing"));
  return h("div", { class: "scroller" }, h("table", {},
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col" }, column.label)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column) =>
      h("td", { "data-label": column.label, class: column.kind }, column.cell(row))))))));
}

/** A coloured dot with its words. */
export function state(good, words) {
  return h("span", { class: `state ${good ? "good" : "bad"}` }, words);
}
