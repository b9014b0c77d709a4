// The download centre: choose a period, follow it, save the file; and everybody's history.

import { get, post, remove } from "./api.js";
import { ask, attempt, h, show, state, table } from "./elements.js";
import { channelChoices, inventory, may } from "./inventory.js";
import { coded, moment, size, t } from "./words.js";

const LOOK_MS = 1000;
const OVER = new Set(["ready", "failed", "cancelled", "removed"]);

function progress(download) {
  if (download.state === "ready") return state(true, t("downloads.ready"));
  if (OVER.has(download.state)) {
    return state(false, download.error ? coded("refusal", download.error) : t(`downloads.${download.state}`));
  }
  return h("progress", { value: String(download.progress), max: "1", "aria-label": t("downloads.progress") });
}

/** Make the page; returns what leaves it. */
export async function downloads(place) {
  const found = await inventory();
  const named = (id) => found.channel.get(id)?.name ?? id;
  const list = h("div");
  const history = h("div");
  let timer = 0;

  async function choose() {
    const own = { channels: found.channels.filter((channel) => may(channel, "download")) };
    const fields = [
      { name: "channel", label: t("channel"), type: "choice", options: channelChoices(own), required: true },
      { name: "start", label: t("start"), type: "datetime-local", step: "1", required: true },
      { name: "end", label: t("end"), type: "datetime-local", step: "1", required: true },
      { name: "source", label: t("playback.source"), type: "choice", options: [["platform", t("playback.source-platform")], ["device", t("playback.source-device")]] },
    ];
    if (await ask(t("downloads.new"), fields, {}, (values) => post("/downloads", values), t("downloads.begin"))) await look();
  }

  async function look() {
    clearTimeout(timer);
    await attempt(async () => {
      const own = await get("/downloads");
      show(list, table([
        { label: t("channel"), cell: (each) => named(each.channel) },
        { label: t("period"), cell: (each) => `${moment(each.start)} – ${moment(each.end)}` },
        { label: t("user"), cell: (each) => each.user },
        { label: t("size"), cell: (each) => (each.bytes ? size(each.bytes) : "") },
        { label: t("state"), cell: progress },
        { label: "", kind: "actions", cell: (each) => [
          each.state === "ready" && h("a", { class: "button primary", href: `/api/downloads/${each.id}/file`, download: "" }, t("downloads.save")),
          h("button", { type: "button", onclick: () => attempt(async () => { await remove(`/downloads/${each.id}`); await look(); }) },
            OVER.has(each.state) ? t("delete") : t("downloads.cancel")),
        ] },
      ], own.filter((each) => !["cancelled", "removed"].includes(each.state)), t("downloads.none")));
      const past = await get("/downloads/history");
      show(history, table([
        { label: t("user"), cell: (each) => each.user },
        { label: t("channel"), cell: (each) => named(each.channel) },
        { label: t("device"), cell: (each) => each.device },
        { label: t("period"), cell: (each) => `${moment(each.start)} – ${moment(each.end)}` },
        { label: t("downloads.when"), cell: (each) => moment(each.started) },
        { label: t("size"), cell: (each) => (each.bytes ? size(each.bytes) : "") },
        { label: t("result"), cell: (each) => coded("downloads", each.result) },
      ], past, t("downloads.no-history")));
      if (own.some((each) => !OVER.has(each.state))) timer = setTimeout(look, LOOK_MS);
    });
  }

  show(place, h("article", {},
    h("header", {}, h("h1", {}, t("nav.downloads")), h("button", { type: "button", class: "primary", onclick: choose }, t("downloads.new"))),
    list, h("h2", {}, t("downloads.history")), h("p", { class: "hint" }, t("downloads.history-hint")), history));
  await look();
  return { leave: () => clearTimeout(timer) };
}
