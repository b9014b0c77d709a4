// One page for every kind of thing that is listed, added, changed and deleted.

import { get, patch, post, remove } from "./api.js";
import { ask, attempt, confirmed, h, show, table } from "./elements.js";
import { t } from "./words.js";

const given = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/**
 * A section that shows one resource of the API.
 *
 * `path`: where it lives; `fields(item)`: the form of a new (null) or existing one; `columns`: the
 * table; `more(item, again)`: further buttons; `values(item)`: what the form starts with;
 * `sent(values, item)`: what is sent.
 */
export class Resource {
  constructor(options) {
    this.options = { values: (item) => item ?? {}, sent: (values) => values, more: () => [], ...options };
    this.list = h("div");
    this.element = h("section", { class: "resource" },
      h("header", {}, h("h2", {}, options.title),
        options.fields && !options.fixed && h("button", { type: "button", class: "primary", onclick: () => this.add() }, t("add"))),
      options.hint && h("p", { class: "hint" }, options.hint), options.tools, this.list);
  }

  async look() {
    await attempt(async () => {
      const { path, columns, fields, fixed, more } = this.options;
      const items = await get(this.options.listed?.() ?? path);
      const actions = {
        label: "", kind: "actions", cell: (item) => [
          more(item, () => this.look()),
          fields && h("button", { type: "button", onclick: () => this.change(item) }, t("change")),
          fields && !fixed && h("button", { type: "button", class: "danger", onclick: () => this.drop(item) }, t("delete")),
        ],
      };
      show(this.list, table([...columns, actions], items));
    });
    return this;
  }

  async add() {
    const { path, fields, values, sent, title } = this.options;
    if (await ask(`${t("add")} · ${title}`, fields(null), values(null), (typed) => post(path, given(sent(typed, null))))) await this.look();
  }

  async change(item) {
    const { path, fields, values, sent, title } = this.options;
    const shown = fields(item).filter((field) => !field.once);
    const save = (typed) => patch(`${path}/${item.id}`, given({ ...sent(typed, item), version: item.version }));
    if (await ask(`${t("change")} · ${title}`, shown, values(item), save)) await this.look();
  }

  async drop(item) {
    if (!(await confirmed(t("delete-question", { name: item.name ?? item.id }), t("delete")))) return;
    await attempt(() => remove(`${this.options.path}/${item.id}?version=${item.version}`));
    await this.look();
  }
}
