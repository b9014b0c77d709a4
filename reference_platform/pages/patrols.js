// Patrol groups: presets in order, each with the time that the camera stays.

import { post } from "./api.js";
import { attempt, h, show, state } from "./elements.js";
import { channelChoices, inventory, may } from "./inventory.js";
import { Resource } from "./resources.js";
import { t } from "./words.js";

/** Stops as lines of "preset seconds", which is how an operator writes them down. */
function stops(value = []) {
  const typed = h("textarea", { rows: "5", placeholder: "1 10\n2 10", required: true, "aria-label": t("patrols.stops") });
  typed.value = value.map((stop) => `${stop.preset} ${stop.dwell_s}`).join("\n");
  const field = h("div", {}, typed);
  field.value = () => typed.value.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [preset, dwell] = line.split(/[\s,，]+/);
    return { preset: Number(preset), dwell_s: Number(dwell ?? 10) };
  });
  return field;
}

/** Make the page. */
export async function patrols(place) {
  const found = await inventory();
  const own = { channels: found.channels.filter((channel) => may(channel, "patrol")) };
  const resource = new Resource({
    title: t("nav.patrols"), path: "/patrols", hint: t("patrols.hint"),
    columns: [
      { label: t("name"), cell: (each) => each.name },
      { label: t("channel"), cell: (each) => found.channel.get(each.channel)?.name ?? each.channel },
      { label: t("patrols.stops"), cell: (each) => each.stops.map((stop) => `${stop.preset} (${stop.dwell_s} s)`).join(" → ") },
      { label: t("state"), cell: (each) => state(each.running, each.running ? t("patrols.running") : t("patrols.stopped")) },
    ],
    fields: () => [
      { name: "name", label: t("name"), required: true, longest: 64 },
      { name: "channel", label: t("channel"), type: "choice", options: channelChoices(own), required: true, once: true },
      { name: "stops", label: t("patrols.stops"), type: "own", make: stops, hint: t("patrols.stops-hint") },
    ],
    more: (each, again) => h("button", {
      type: "button", onclick: () => attempt(async () => { await post(`/patrols/${each.id}/${each.running ? "stop" : "start"}`); await again(); }),
    }, each.running ? t("patrols.stop") : t("patrols.start")),
  });
  show(place, h("article", {}, resource.element));
  await resource.look();
  return { heard: (event) => event.type === "patrol" && resource.look() };
}
