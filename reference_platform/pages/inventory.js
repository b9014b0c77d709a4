// Organisations and channels as the signed-in user may see them, and the tree that shows them.

import { get } from "./api.js";
import { h, show } from "./elements.js";
import { t } from "./words.js";

/** What the tree and the pages need, fetched together. */
export async function inventory() {
  const [organisations, channels] = await Promise.all([get("/organisations"), get("/channels")]);
  return {
    organisations,
    channels,
    channel: new Map(channels.map((channel) => [channel.id, channel])),
    organisation: new Map(organisations.map((organisation) => [organisation.id, organisation])),
  };
}

/** Whether the user may do something with a channel, as the platform says. */
export const may = (channel, operation) => Boolean(channel?.operations.includes(operation));

function branches({ organisations, channels }, wanted) {
  const known = new Set(organisations.map((organisation) => organisation.id));
  const below = new Map();
  const add = (parent, node) => below.set(parent, [...(below.get(parent) ?? []), node]);
  for (const organisation of organisations) {
    add(known.has(organisation.parent) ? organisation.parent : null, { organisation });
  }
  for (const channel of channels) {
    const text = `${channel.name} ${channel.id}`.toLowerCase();
    if (text.includes(wanted)) add(known.has(channel.organisation) ? channel.organisation : null, { channel });
  }
  return below;
}

function count(below, id) {
  let [online, all] = [0, 0];
  for (const node of below.get(id) ?? []) {
    if (node.channel) {
      all += 1;
      online += node.channel.online ? 1 : 0;
    } else {
      const inner = count(below, node.organisation.id);
      online += inner[0];
      all += inner[1];
    }
  }
  return [online, all];
}

/** The device tree with live state and a search; `chosen(channel)` when one is picked. */
export class Tree {
  #chosen;
  #found = { organisations: [], channels: [] };
  #list = h("ul", { class: "tree", role: "tree" });
  #search = h("input", {
    type: "search", placeholder: t("tree.search"), "aria-label": t("tree.search"), oninput: () => this.#draw(),
  });

  constructor(chosen) {
    this.#chosen = chosen;
    this.element = h("nav", { class: "tree-panel", "aria-label": t("tree.title") }, this.#search, this.#list);
  }

  fill(found) {
    this.#found = found;
    this.#draw();
  }

  #draw() {
    const wanted = this.#search.value.trim().toLowerCase();
    const below = branches(this.#found, wanted);
    show(this.#list, this.#nodes(below, null, wanted !== ""));
    if (!this.#found.channels.length) show(this.#list, h("li", { class: "empty" }, t("tree.empty")));
  }

  #nodes(below, id, searching) {
    return (below.get(id) ?? []).map((node) => {
      if (node.channel) return this.#leaf(node.channel);
      const [online, all] = count(below, node.organisation.id);
      if (searching && !all) return null;
      return h("li", {}, h("details", { open: searching || id === null || all <= 20 },
        h("summary", {}, h("span", { class: "name" }, node.organisation.name), h("span", { class: "count" }, `${online}/${all}`)),
        h("ul", {}, this.#nodes(below, node.organisation.id, searching))));
    });
  }

  #leaf(channel) {
    const words = channel.online ? t("online") : t("offline");
    return h("li", {}, h("button", {
      type: "button", class: `leaf ${channel.online ? "on" : "off"}`, title: `${channel.id} · ${words}`,
      "data-channel": channel.id, onclick: () => this.#chosen(channel),
    }, h("span", { class: "dot", "aria-label": words }), channel.name));
  }
}

/** A field for forms: pick one channel by name. */
export function channelChoices({ channels }) {
  return channels.map((channel) => [channel.id, `${channel.name} · ${channel.id}`]);
}

/** A field for forms: pick an organisation, shown with its place in the tree. */
export function organisationChoices({ organisations }) {
  const byId = new Map(organisations.map((each) => [each.id, each]));
  const path = (each) => (byId.has(each.parent) ? `${path(byId.get(each.parent))} / ${each.name}` : each.name);
  return organisations.map((each) => [each.id, path(each)]).sort((one, other) => one[1].localeCompare(other[1], "zh"));
}
