// Every sentence comes from the platform's one catalogue; this file only fetches and fills in.

const KEPT = "language";
let wordings = {};

export let language =
  localStorage.getItem(KEPT) || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

/** Fetch the wordings of a language and speak it from now on. */
export async function speak(wanted = language) {
  const answer = await fetch(`/pages/words.json?lang=${wanted}`);
  if (!answer.ok) throw new Error(`words: ${answer.status}`);
  wordings = await answer.json();
  language = wanted;
  localStorage.setItem(KEPT, wanted);
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
}

/** A sentence; a key that nobody worded is shown as it is. */
export function t(key, parameters = {}) {
  const template = wordings[key] ?? key;
  return template.replace(/\{(\w+)\}/g, (whole, name) => parameters[name] ?? whole);
}

/** A sentence for a code that may be new to the pages: then the code itself. */
export function coded(group, code) {
  const key = `${group}.${code}`;
  return wordings[key] ?? code;
}

const BEIJING = "Asia/Shanghai";
const DATE_TIME = new Intl.DateTimeFormat("sv-SE", {
  timeZone: BEIJING, dateStyle: "short", timeStyle: "medium",
});

/** A moment in Beijing time, as 2026-11-27 10:00:00. */
export function moment(value) {
  return value ? DATE_TIME.format(new Date(value)) : "";
}

/** Seconds since 1970 of the Beijing midnight of a date such as 2026-11-27. */
export function midnight(date) {
  return Date.parse(`${date}T00:00:00+08:00`) / 1000;
}

/** Today's date in Beijing. */
export function today() {
  return moment(Date.now()).slice(0, 10);
}

/** ISO time with the offset of Beijing, as the API takes it, of seconds since 1970. */
export function iso(seconds) {
  return `${moment(seconds * 1000).replace(" ", "T")}+08:00`;
}

/** A size that a person reads at a glance. */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let step = 0;
  while (bytes >= 1024 && step < units.length - 1) {
    bytes /= 1024;
    step += 1;
  }
  return `${bytes.toFixed(step ? 1 : 0)} ${units[step]}`;
}
