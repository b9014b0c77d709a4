// What the platform manages: organisations, devices, channels, customers, services, network, security.

import { get, patch } from "./api.js";
import { ask, attempt, h, show, state, table } from "./elements.js";
import { channelChoices, inventory, organisationChoices } from "./inventory.js";
import { Resource } from "./resources.js";
import { coded, moment, t } from "./words.js";

const TABS = ["devices", "customers", "services", "network", "security", "upper-platforms"];
const NATIONAL_ID = { required: true, pattern: "\\d{20}", longest: 20, inputmode: "numeric" };

function devices(found, scenes) {
  const organisation = { name: "organisation", label: t("organisation"), type: "choice", options: organisationChoices(found) };
  const scene = { name: "scene", label: t("scene"), type: "choice", options: [["", "—"], ...scenes.map((each) => [each.code, each.name])] };
  const named = (id) => found.organisation.get(id)?.name ?? id;
  return [
    new Resource({
      title: t("areas.organisations"), path: "/organisations",
      columns: [
        { label: t("name"), cell: (each) => organisationChoices(found).find(([id]) => id === each.id)?.[1] ?? each.name },
        { label: t("region"), cell: (each) => each.region },
      ],
      fields: (each) => [
        { name: "name", label: t("name"), required: true, longest: 64 },
        each?.parent === null ? null : { name: "parent", label: t("areas.parent"), type: "choice", options: organisationChoices(found) },
        { name: "region", label: t("region"), pattern: "(\\d{2}){1,4}", longest: 8, hint: t("areas.region-hint") },
      ].filter(Boolean),
    }),
    new Resource({
      title: t("areas.devices"), path: "/devices",
      columns: [
        { label: t("name"), cell: (each) => each.name },
        { label: t("areas.id"), cell: (each) => each.id, kind: "number" },
        { label: t("organisation"), cell: (each) => named(each.organisation) },
        { label: t("areas.protocol"), cell: (each) => t(`protocol.${each.protocol}`) },
        { label: t("areas.channels"), cell: (each) => String(each.channels) },
        { label: t("state"), cell: (each) => [state(each.online, each.online ? t("online") : t("offline")), h("small", {}, moment(each.status_since))] },
      ],
      more: (each) => h("button", { type: "button", onclick: () => log(each) }, t("areas.log")),
      fields: () => [
        { name: "id", label: t("areas.id"), once: true, ...NATIONAL_ID },
        { name: "name", label: t("name"), required: true, longest: 64 },
        organisation,
        { name: "protocol", label: t("areas.protocol"), type: "choice", once: true, options: ["gb28181", "onvif", "rtsp"].map((each) => [each, t(`protocol.${each}`)]) },
        { name: "address", label: t("areas.address"), hint: t("areas.address-hint") },
        { name: "user", label: t("areas.user") },
        { name: "password", label: t("password"), type: "password", autocomplete: "new-password", hint: t("areas.password-hint") },
        scene,
      ],
      sent: (values) => ({ ...values, password: values.password || undefined }),
    }),
    new Resource({
      title: t("areas.channels"), path: "/channels", hint: t("areas.channels-hint"), fixed: true,
      columns: [
        { label: t("name"), cell: (each) => each.name },
        { label: t("areas.id"), cell: (each) => each.id, kind: "number" },
        { label: t("organisation"), cell: (each) => named(each.organisation) },
        { label: t("areas.recording"), cell: (each) => (each.recording ? t("areas.days", { days: each.retention_days }) : t("off")) },
        { label: t("state"), cell: (each) => state(each.online, each.online ? t("online") : t("offline")) },
      ],
      fields: () => [
        { name: "name", label: t("name"), required: true, longest: 64 }, organisation, scene,
        { name: "recording", label: t("areas.recording"), type: "check" },
        { name: "retention_days", label: t("areas.retention"), type: "number", min: 1, max: 3650, required: true },
      ],
    }),
  ];
}

function log(device) {
  return attempt(async () => {
    const events = await get(`/devices/${device.id}/events`);
    await ask(`${t("areas.log")} · ${device.name}`, [{
      name: "log", label: "", type: "own",
      make: () => Object.assign(table([
        { label: t("time"), cell: (each) => moment(each.at) },
        { label: t("state"), cell: (each) => state(each.online, each.online ? t("online") : t("offline")) },
        { label: t("reason"), cell: (each) => coded("why", each.why) },
      ], events), { value: () => null }),
    }], {}, async () => {}, t("close"));
  });
}

function customers(found) {
  return [new Resource({
    title: t("areas.customers"), path: "/customers",
    columns: ["name", "region", "contact", "phone"].map((name) => ({ label: t(name), cell: (each) => each[name] })),
    fields: () => [
      { name: "name", label: t("name"), required: true, longest: 64 },
      { name: "organisation", label: t("organisation"), type: "choice", options: organisationChoices(found) },
      { name: "region", label: t("region"), pattern: "(\\d{2}){1,4}", longest: 8, hint: t("areas.region-hint") },
      { name: "contact", label: t("contact"), longest: 64 },
      { name: "phone", label: t("phone"), inputmode: "tel", longest: 32 },
    ],
  })];
}

async function services(found) {
  const known = await get("/customers");
  const customer = new Map(known.map((each) => [each.id, each.name]));
  return [new Resource({
    title: t("areas.services"), path: "/services", hint: t("areas.services-hint"),
    columns: [
      { label: t("areas.customer"), cell: (each) => customer.get(each.customer) ?? each.customer },
      { label: t("areas.modes"), cell: (each) => each.modes.map((mode) => t(`mode.${mode}`)).join("、") },
      { label: t("areas.channels"), cell: (each) => String(each.channels.length) },
      { label: t("areas.viewers"), cell: (each) => String(each.concurrent_viewers) },
      { label: t("areas.retention"), cell: (each) => String(each.retention_days) },
      { label: t("people.valid-until"), cell: (each) => moment(each.valid_until) },
    ],
    fields: () => [
      { name: "customer", label: t("areas.customer"), type: "choice", options: [...customer], once: true },
      { name: "modes", label: t("areas.modes"), type: "choices", options: ["docking", "pc", "mobile"].map((mode) => [mode, t(`mode.${mode}`)]) },
      { name: "channels", label: t("areas.channels"), type: "choices", options: channelChoices(found) },
      { name: "concurrent_viewers", label: t("areas.viewers"), type: "number", min: 1, max: 100000, required: true },
      { name: "retention_days", label: t("areas.retention"), type: "number", min: 1, max: 3650, required: true },
      { name: "valid_until", label: t("people.valid-until"), type: "datetime-local" },
    ],
    values: (each) => each ?? { concurrent_viewers: 1, retention_days: 30 },
  })];
}

/** Settings of which there is one set: shown as a list, changed as a form. */
function settings(title, path, fields) {
  const list = h("dl");
  const element = h("section", { class: "resource" }, h("header", {}, h("h2", {}, title),
    h("button", { type: "button", class: "primary", onclick: change }, t("change"))), list);
  let found = {};

  async function look() {
    await attempt(async () => {
      found = await get(path);
      show(list, fields.map((field) => [h("dt", {}, field.label), h("dd", {}, field.shown?.(found[field.name]) ?? String(found[field.name] || "—"))]));
    });
  }

  async function change() {
    const changeable = fields.filter((field) => !field.answered);
    const save = (values) => patch(path, {
      ...Object.fromEntries(changeable.map((field) => [field.name, field.sent?.(values[field.name]) ?? values[field.name]])), version: found.version,
    });
    const values = Object.fromEntries(changeable.map((field) => [field.name, field.shown?.(found[field.name]) ?? found[field.name]]));
    if (await ask(title, changeable, values, save)) await look();
  }

  return { element, look };
}

/** How right the platform's clock is, by its time servers. */
function clock() {
  const body = h("div");
  const seconds = (value) => (value === null ? "—" : t("clock.seconds", { value: value.toFixed(3) }));

  async function look() {
    await attempt(async () => {
      const found = await get("/network/clock");
      show(body,
        h("p", {}, moment(found.now), " ", state(found.good, found.offset_s === null ? t("clock.alone") : t(found.good ? "clock.good" : "clock.off", { offset: found.offset_s.toFixed(3), error: found.error_s.toFixed(3) }))),
        h("p", { class: "hint" }, found.ntp_port ? t("clock.served", { port: found.ntp_port }) : t("clock.not-served")),
        table([
          { label: t("areas.ntp"), cell: (each) => each.server },
          { label: t("clock.offset"), cell: (each) => seconds(each.offset_s) },
          { label: t("state"), cell: (each) => state(!each.problem, each.problem ? coded("clock", each.problem) : t("clock.answers")) },
        ], found.upstreams, t("clock.none")));
    });
  }

  return { element: h("section", { class: "resource" }, h("header", {}, h("h2", {}, t("clock.title")), h("button", { type: "button", onclick: look }, t("clock.look"))), body), look };
}

const network = () => [clock(), settings(t("areas.network"), "/network", [
  { name: "upstream_ntp", label: t("areas.ntp"), hint: t("areas.ntp-hint"), shown: (list) => list.join(" "), sent: (typed) => typed.split(/[\s,，]+/).filter(Boolean) },
  { name: "sip_domain", label: t("areas.sip-domain"), answered: true },
  { name: "server_id", label: t("areas.server-id"), answered: true },
])];

const security = () => [settings(t("areas.security"), "/security", [
  ["password_length", 10, 64], ["lockout_after", 3, 20], ["lockout_seconds", 1, 3600], ["session_minutes", 1, 720],
].map(([name, min, max]) => ({ name, label: t(`security.${name}`), type: "number", min, max, required: true })))];

const upperPlatforms = (found) => [new Resource({
  title: t("areas.upper-platforms"), path: "/upper-platforms",
  columns: [
    { label: t("name"), cell: (each) => each.name },
    { label: t("areas.address"), cell: (each) => `${each.address}:${each.port} · ${each.transport.toUpperCase()}` },
    { label: t("areas.protected"), cell: (each) => state(each.protected, each.protected ? t("yes") : t("no")) },
    { label: t("state"), cell: (each) => state(each.state === "online", coded("link", each.state)) },
  ],
  fields: () => [
    { name: "name", label: t("name"), required: true, longest: 64 },
    { name: "address", label: t("areas.address"), required: true },
    { name: "port", label: t("areas.port"), type: "number", min: 1, max: 65535, required: true },
    { name: "transport", label: t("areas.transport"), type: "choice", options: ["tls", "tcp", "udp"].map((each) => [each, each.toUpperCase()]), hint: t("areas.transport-hint") },
    { name: "server_id", label: t("areas.server-id"), ...NATIONAL_ID },
    { name: "domain", label: t("areas.sip-domain") },
    { name: "device_id", label: t("areas.own-id"), ...NATIONAL_ID },
    { name: "password", label: t("password"), type: "password", autocomplete: "new-password" },
    { name: "authority", label: t("areas.authority"), type: "text", hint: t("areas.authority-hint") },
    { name: "organisations", label: t("areas.shared"), type: "choices", options: organisationChoices(found) },
    { name: "ptz_level", label: t("people.ptz-level"), type: "number", min: 0, max: 10, required: true },
    { name: "enabled", label: t("areas.enabled"), type: "check" },
  ],
  values: (each) => each ?? { port: 5061, transport: "tls", ptz_level: 0, enabled: true },
  sent: (values) => ({ ...values, password: values.password || undefined }),
})];

/** Make the page. */
export async function areas(place, me) {
  const found = await inventory();
  const scenes = await get("/scene-types");
  const make = {
    devices: () => devices(found, scenes), customers: () => customers(found), services: () => services(found),
    network, security, "upper-platforms": () => upperPlatforms(found),
  };
  const allowed = TABS.filter((tab) => me.operations.includes(tab) || (tab === "devices" && me.operations.includes("organisations")));
  const body = h("div");
  const tabs = h("div", { class: "tabs", role: "tablist" }, allowed.map((tab) => h("button", {
    type: "button", role: "tab", value: tab, onclick: () => open(tab),
  }, t(`areas.${tab}`))));

  async function open(tab) {
    for (const button of tabs.children) button.ariaSelected = String(button.value === tab);
    await attempt(async () => {
      const sections = await make[tab]();
      show(body, sections.map((section) => section.element));
      await Promise.all(sections.map((section) => section.look()));
    });
  }

  show(place, h("article", {}, h("h1", {}, t("nav.areas")), tabs, body));
  if (allowed.length) await open(allowed[0]);
  return {};
}
