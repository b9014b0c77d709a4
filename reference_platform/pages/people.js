// Users and roles: who they are, what they may do, and with which cameras.

import { get, query } from "./api.js";
import { h, show, state } from "./elements.js";
import { inventory, organisationChoices } from "./inventory.js";
import { Resource } from "./resources.js";
import { coded, moment, t } from "./words.js";

const LEVELS = ["system-management", "system-function", "data-access"];

/** Picks operations by check boxes, grouped by level; only one level when `only` says so. */
function operations(all, chosen, only = () => true) {
  const boxes = new Map();
  const field = h("fieldset", { class: "checks" }, LEVELS.map((level) => {
    const here = all.filter((each) => each.level === level);
    return h("div", { "data-level": level, hidden: !only(level) }, h("strong", {}, t(`level.${level}`)), here.map((each) => {
      const box = h("input", { type: "checkbox", checked: chosen.includes(each.name) });
      boxes.set(each.name, [box, level]);
      return h("label", {}, box, coded("operation", each.name));
    }));
  }));
  field.value = () => [...boxes].filter(([, [box, level]]) => box.checked && only(level)).map(([name]) => name);
  return field;
}

/** Grants one by one: an organisation with all below, or one channel; all operations, or some. */
function grants(found, cameraOperations, value = []) {
  const list = h("div", { class: "grants" });
  const rows = [];
  const targets = [
    ...organisationChoices(found).map(([id, words]) => [`organisation:${id}`, words]),
    ...found.channels.map((channel) => [`channel:${channel.id}`, `· ${channel.name}`]),
  ];
  function add(grant = {}) {
    const target = grant.channel ? `channel:${grant.channel}` : grant.organisation ? `organisation:${grant.organisation}` : targets[0]?.[0];
    const choice = h("select", { "aria-label": t("people.camera") }, targets.map(([id, words]) => h("option", { value: id, selected: id === target }, words)));
    const some = h("select", { multiple: true, size: "4", "aria-label": t("people.operations") },
      cameraOperations.map((each) => h("option", { value: each.name, selected: grant.operations?.includes(each.name) }, coded("operation", each.name))));
    const row = { choice, some };
    const element = h("div", { class: "grant" }, choice, some, h("button", {
      type: "button", onclick: () => { rows.splice(rows.indexOf(row), 1); element.remove(); },
    }, t("delete")));
    rows.push(row);
    list.append(element);
  }
  value.forEach(add);
  const field = h("div", {}, list, h("button", { type: "button", onclick: () => add() }, t("people.grant")));
  field.value = () => rows.map(({ choice, some }) => {
    const [kind, id] = choice.value.split(":");
    const picked = [...some.selectedOptions].map((option) => option.value);
    return { [kind]: id, operations: picked.length ? picked : null };
  });
  return field;
}

function userFields(found, roles, cameraOperations) {
  return (user) => [
    { name: "name", label: t("people.name"), required: true, once: true, longest: 32, pattern: "[A-Za-z0-9][A-Za-z0-9._@\\-]+" },
    { name: "password", label: user ? t("people.new-password") : t("password"), type: "password", required: !user, autocomplete: "new-password", hint: t("people.password-hint") },
    { name: "display_name", label: t("people.display-name"), longest: 64 },
    { name: "organisation", label: t("organisation"), type: "choice", options: organisationChoices(found) },
    { name: "phone", label: t("phone"), inputmode: "tel", longest: 32 },
    { name: "ptz_level", label: t("people.ptz-level"), type: "number", min: 0, max: 10, required: true, hint: t("people.ptz-hint") },
    { name: "valid_from", label: t("people.valid-from"), type: "datetime-local" },
    { name: "valid_until", label: t("people.valid-until"), type: "datetime-local" },
    { name: "state", label: t("state"), type: "choice", options: [["active", t("people.active")], ["suspended", t("people.suspended")]] },
    { name: "roles", label: t("people.roles"), type: "choices", options: roles.map((role) => [role.id, `${role.name} · ${t(`level.${role.level}`)}`]) },
    { name: "cameras", label: t("people.cameras"), type: "own", make: (value) => grants(found, cameraOperations, value), hint: t("people.cameras-hint") },
  ];
}

/** Make the page. */
export async function people(place) {
  const [found, all, roles] = await Promise.all([inventory(), get("/operations"), get("/roles")]);
  const roleNames = (ids) => ids.map((id) => roles.find((role) => role.id === id)?.name ?? id).join("、");
  const search = h("input", { type: "search", placeholder: t("people.search"), "aria-label": t("people.search"), oninput: () => users.look() });
  const users = new Resource({
    title: t("people.users"), path: "/users", listed: () => query("/users", { query: search.value }), tools: search,
    columns: [
      { label: t("people.name"), cell: (user) => user.name },
      { label: t("people.display-name"), cell: (user) => user.display_name },
      { label: t("organisation"), cell: (user) => found.organisation.get(user.organisation)?.name ?? user.organisation },
      { label: t("people.roles"), cell: (user) => roleNames(user.roles) },
      { label: t("people.ptz-level"), cell: (user) => String(user.ptz_level) },
      { label: t("phone"), cell: (user) => user.phone },
      { label: t("people.valid-until"), cell: (user) => moment(user.valid_until) || t("people.for-ever") },
      { label: t("state"), cell: (user) => state(user.state === "active", t(`people.${user.state}`)) },
    ],
    fields: userFields(found, roles, all.filter((each) => each.per_camera)),
    values: (user) => user ?? { ptz_level: 1, state: "active", organisation: found.organisations[0]?.id },
    sent: (values) => ({ ...values, password: values.password || undefined }),
  });
  const roleList = new Resource({
    title: t("people.roles"), path: "/roles",
    columns: [
      { label: t("name"), cell: (role) => role.name },
      { label: t("people.level"), cell: (role) => t(`level.${role.level}`) },
      { label: t("people.operations"), cell: (role) => role.operations.map((name) => coded("operation", name)).join("、") },
    ],
    fields: (role) => [
      { name: "name", label: t("name"), required: true, longest: 64 },
      { name: "level", label: t("people.level"), type: "choice", options: LEVELS.map((level) => [level, t(`level.${level}`)]), once: true },
      { name: "operations", label: t("people.operations"), type: "own", hint: t("people.operations-hint"),
        make: (value) => operations(all, value ?? [], (level) => !role || level === role.level) },
    ],
    values: (role) => role ?? { level: "data-access" },
    sent: (values, role) => (role ? values : { ...values, operations: values.operations.filter((name) => all.find((each) => each.name === name).level === values.level) }),
  });
  show(place, h("article", {}, h("h1", {}, t("nav.people")), users.element, roleList.element));
  await Promise.all([users.look(), roleList.look()]);
  return {};
}
