// The frame: who is signed in, where to go, what happens meanwhile.

import { get, post, session } from "./api.js";
import { areas } from "./areas.js";
import { downloads } from "./downloads.js";
import { attempt, h, icon, show, tell } from "./elements.js";
import { live } from "./live.js";
import { changePassword, languageSwitch, login } from "./login.js";
import { patrols } from "./patrols.js";
import { people } from "./people.js";
import { playback } from "./playback.js";
import { alarms, audit } from "./records.js";
import { speak, t } from "./words.js";

// What each page needs of the user's roles to be worth showing. The platform decides all the same.
const PAGES = [
  ["live", live, ["live", "control"]],
  ["playback", playback, ["playback"]],
  ["downloads", downloads, ["download", "download-history"]],
  ["patrols", patrols, ["patrol"]],
  ["alarms", alarms, ["alarms"]],
  ["people", people, ["users"]],
  ["areas", areas, ["organisations", "devices", "customers", "services", "network", "security", "upper-platforms"]],
  ["audit", audit, ["audit"]],
];

let me = null;
let current = {};
let events = null;

function listen() {
  events?.close();
  events = new WebSocket(`wss://${location.host}/api/events`);
  events.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "access-revoked") leave();
    else current.heard?.(event);
  };
  events.onclose = () => { if (me) setTimeout(() => me && listen(), 3000); };
}

async function leave(message = t("login.ended")) {
  if (!me) return;
  me = null;
  events?.close();
  await current.leave?.();
  current = {};
  login(document.body, enter, message);
}

async function enter() {
  me = await get("/me");
  if (me.must_change_password) {
    changePassword(document.body, enter);
    return;
  }
  frame();
  listen();
}

function frame() {
  const allowed = PAGES.filter(([, , needed]) => needed.some((operation) => me.operations.includes(operation)));
  document.title = t("title");
  const again = () => { current.leave?.(); frame(); };
  show(document.body,
    h("header", { class: "top" },
      h("strong", { class: "brand" }, t("title")),
      h("nav", { class: "pages", "aria-label": t("nav.title") }, allowed.map(([name]) =>
        h("a", { href: `#/${name}`, "data-page": name }, icon(name), h("span", {}, t(`nav.${name}`))))),
      h("div", { class: "self" },
        h("button", { type: "button", class: "plain who", title: t("login.change"), onclick: () => changePassword(document.body, () => { tell(t("login.changed")); again(); }, "") }, me.display_name || me.name),
        languageSwitch(again),
        h("button", { type: "button", class: "plain", title: t("login.leave"), "aria-label": t("login.leave"), onclick: () => attempt(async () => { await post("/logout"); await leave(""); }) }, icon("out")))),
    h("main", { class: "place" }));
  open(allowed);
  onhashchange = () => open(allowed);
}

async function open(allowed) {
  const wanted = location.hash.slice(2);
  const [name, page] = allowed.find(([each]) => each === wanted) ?? allowed[0] ?? [];
  for (const link of document.querySelectorAll(".pages a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  await current.leave?.();
  current = {};
  // A place of its own, so that a page that comes late cannot draw over the next one.
  const place = h("main", { class: "place" });
  document.querySelector(".place").replaceWith(place);
  if (!page) {
    show(place, h("p", { class: "empty" }, t("nav.nothing")));
    return;
  }
  await attempt(async () => {
    const made = await page(place, me);
    if (place.isConnected) current = made;
    else made.leave?.();
  });
}

session.addEventListener("ended", ({ detail }) => leave(detail.message));
await speak();
try {
  await enter();
} catch (error) {
  if (error.status === undefined) console.error(error);
  login(document.body, enter);
}
