// What happened: alarms to be seen to, and the audit log that nobody can edit.

import { get, post, query } from "./api.js";
import { attempt, beijing, h, show, state, table, tell } from "./elements.js";
import { coded, moment, t } from "./words.js";

/** Make the page of alarms. */
export async function alarms(place) {
  const list = h("div");
  const open = h("input", { type: "checkbox", checked: true, onchange: () => look() });

  async function look() {
    await attempt(async () => show(list, table([
      { label: t("time"), cell: (each) => moment(each.at) },
      { label: t("alarms.what"), cell: (each) => each.message },
      { label: t("alarms.where"), cell: (each) => each.channel || each.device || "" },
      { label: t("state"), cell: (each) => state(Boolean(each.acknowledged_at), each.acknowledged_at ? t("alarms.seen", { user: each.acknowledged_by, time: moment(each.acknowledged_at) }) : t("alarms.open")) },
      { label: "", kind: "actions", cell: (each) => !each.acknowledged_at && h("button", {
        type: "button", onclick: () => attempt(async () => { await post(`/alarms/${each.id}/acknowledge`); await look(); }),
      }, t("alarms.acknowledge")) },
    ], await get(`/alarms?open_only=${open.checked}`), t("alarms.none"))));
  }

  show(place, h("article", {}, h("header", {}, h("h1", {}, t("nav.alarms")), h("label", { class: "check" }, open, t("alarms.only-open"))), list));
  await look();
  return { heard: (event) => event.type === "alarm" && look() };
}

/** Make the page of the audit log. */
export async function audit(place) {
  const list = h("div");
  const fields = Object.fromEntries(["user", "operation"].map((name) => [name, h("input", { type: "search", placeholder: t(`audit.${name}`), "aria-label": t(`audit.${name}`) })]));
  for (const name of ["since", "until"]) fields[name] = h("input", { type: "datetime-local", "aria-label": t(`audit.${name}`) });
  const more = h("button", { type: "button", onclick: () => look(true) }, t("audit.more"));
  let shown = [];

  async function look(older = false) {
    await attempt(async () => {
      const found = await get(query("/audit", {
        user: fields.user.value, operation: fields.operation.value,
        since: beijing(fields.since.value), until: beijing(fields.until.value), after: older ? shown.at(-1)?.id : "",
      }));
      shown = older ? [...shown, ...found] : found;
      more.hidden = found.length === 0;
      show(list, table([
        { label: "#", cell: (each) => String(each.id), kind: "number" },
        { label: t("time"), cell: (each) => moment(each.at) },
        { label: t("user"), cell: (each) => each.user },
        { label: t("audit.address"), cell: (each) => each.address },
        { label: t("audit.operation"), cell: (each) => each.operation },
        { label: t("audit.target"), cell: (each) => each.target },
        { label: t("result"), cell: (each) => state(each.result === "done", coded("refusal", each.result)) },
      ], shown));
    });
  }

  const verify = () => attempt(async () => {
    const found = await get("/audit/verify");
    tell(t(found.intact ? "audit.intact" : "audit.broken", { rows: found.rows, row: found.first_broken ?? "" }), found.intact ? "good" : "bad");
  });

  show(place, h("article", {},
    h("header", {}, h("h1", {}, t("nav.audit")), h("button", { type: "button", onclick: verify }, t("audit.verify"))),
    h("form", { class: "filter", onsubmit: (event) => { event.preventDefault(); look(); } }, Object.values(fields), h("button", { class: "primary" }, t("audit.find"))),
    list, more));
  await look();
  return {};
}
