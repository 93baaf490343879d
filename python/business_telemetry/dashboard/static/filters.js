// The bar of filters: period, comparison, selectors with search, chips of what is chosen, reset.
import { chips, cleared, shift, shown } from "./choice.js";
import { make } from "./dom.js";

const PRESETS = { 30: "30 дней", 90: "90 дней", 180: "полгода", 365: "год" };

// where the focus is inside an open list, so that a choice by keyboard does not lose its place
export const placeIn = (active) => (active.type === "checkbox" ? `input[value=${JSON.stringify(active.value)}]` : active.type === "search" ? "input[type=search]" : "summary");

export const focus = (list, place) => (list.querySelector(place) || list.querySelector("summary") || list).focus();

const search = (list) => list.querySelector("input[type=search]");
export const searched = (list) => (search(list) ? search(list).value : "");

export const reopen = (list, text) => {
  list.open = true;
  if (!text || !search(list)) return;
  search(list).value = text;
  search(list).dispatchEvent(new Event("input"));
};

export const draw = (form, dashboard, choice, changed) => {
  const apply = (part) => changed({ ...choice, ...part });
  const chosen = chips(dashboard, choice);
  form.replaceChildren(
    period(dashboard, choice, apply),
    select("vs", "Сравнить с", dashboard.versus, choice.vs, (value) => apply({ vs: value })),
    ...shown(dashboard, choice).map((s) => (s.multi ? many(s, choice, apply)
      : select(s.id, s.title, s.options, choice[s.id][0], (value) => apply({ [s.id]: [value] })))),
    make("button", { type: "button", class: "reset", onclick: () => changed(cleared(dashboard, choice)) }, "Сбросить"),
    ...(chosen.length ? [make("ul", { class: "chips", "aria-label": "Выбрано" }, chosen.map((one) => make("li", {},
      make("button", { type: "button", "aria-label": `Убрать: ${one.text}`, onclick: () => apply({ [one.id]: choice[one.id].filter((v) => v !== one.value) }) },
        one.text, make("span", { "aria-hidden": "true" }, " ×")))))] : []));
};

const period = (dashboard, choice, apply) => {
  const { from, to } = dashboard.bounds;
  const set = (name) => (event) => {
    const value = event.target.value;
    if (!value) return;
    const other = name === "from" ? { to: choice.to < value ? value : choice.to } : { from: choice.from > value ? value : choice.from };
    apply({ ...other, [name]: value });
  };
  const input = (name, title) => make("input", {
    type: "date", "aria-label": title, value: choice[name], min: from, max: to, "data-testid": `filter-${name}`, onchange: set(name),
  });
  const preset = (title, start) => make("button", {
    type: "button", "aria-pressed": String(choice.from === start && choice.to === to), onclick: () => apply({ from: start, to }),
  }, title);
  const presets = dashboard.presets.filter((days) => shift(to, 1 - days) > from)
    .map((days) => preset(PRESETS[days] || `${days} дней`, shift(to, 1 - days)));
  return make("fieldset", { class: "period" }, make("legend", {}, "Период"), input("from", "С"), "–", input("to", "По"), presets, preset("всё", from));
};

const select = (id, title, options, value, chose) => make("label", {}, make("span", {}, title),
  make("select", { "data-testid": id, onchange: (event) => chose(event.target.value) },
    options.map(([option, text]) => make("option", { value: option, selected: option === value ? "" : null }, text))));

const many = (s, choice, apply) => {
  const chosen = choice[s.id];
  const names = s.options.filter(([value]) => chosen.includes(value)).map(([, title]) => title);
  const text = !names.length ? "все" : names.length === 1 ? names[0] : `${names.length} из ${s.options.length}`;
  const boxes = s.options.map(([value, title]) => make("label", {},
    make("input", {
      type: "checkbox", value, checked: chosen.includes(value) ? "" : null,
      onchange: (event) => apply({ [s.id]: event.target.checked ? [...chosen, value] : chosen.filter((v) => v !== value) }),
    }), title));
  const find = (event) => {
    const part = event.target.value.toLocaleLowerCase("ru");
    boxes.forEach((box) => { box.hidden = !box.textContent.toLocaleLowerCase("ru").includes(part); });
  };
  const field = s.search ? make("input", { type: "search", placeholder: "Найти", "aria-label": `Найти: ${s.title}`, oninput: find }) : null;
  return make("div", { class: "many" }, make("span", {}, s.title),
    make("details", { "data-testid": s.id }, make("summary", { "aria-label": `${s.title}: ${text}` }, text),
      make("div", { class: "options" }, field, boxes)));
};
