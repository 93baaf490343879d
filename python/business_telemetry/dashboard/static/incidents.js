// The list of incidents: one row each, its metrics and segments under it. A press chooses what the charts beside show.
import { make } from "./dom.js";

export const incidents = (chart, data, chosen, choose) => {
  const body = make("tbody");
  const head = ["Что случилось", "Отклонение", "К ожиданию", "Важность", "Задето"].map((text, i) =>
    make("th", { scope: "col", class: i === 1 || i === 2 ? "number" : "" }, text));
  const holds = (item) => item.key === chosen || item.members.some((one) => one.key === chosen);
  const cells = (item, first, last) => [
    make("th", { scope: "row" }, first), make("td", { class: "number" }, item.impact || "–"), make("td", { class: "number" }, item.share || "–"),
    make("td", {}, make("span", { class: `severity ${item.severity}` }, item.severity_title)), make("td", {}, last),
  ];
  const press = (item) => make("button", {
    type: "button", class: "press", "aria-pressed": String(item.key === chosen), onclick: () => choose(item.choice),
  }, item.text);
  for (const item of data.incidents) {
    const row = make("tr", { class: holds(item) ? "chosen" : "", "data-event": item.key });
    const members = item.members.map((one) =>
      make("tr", { class: one.key === chosen ? "member chosen" : "member", hidden: "", "data-event": one.key }, cells(one, press(one), "")));
    const show = (open) => {
      members.forEach((member) => { member.hidden = !open; });
      fold.setAttribute("aria-expanded", String(open));
    };
    const fold = make("button", {
      type: "button", class: "expander", "aria-expanded": "false", "aria-label": `Что задето: ${item.touched}, ${item.text}`,
      onclick: () => show(fold.getAttribute("aria-expanded") !== "true"),
    }, String(item.touched));
    row.append(...cells(item, press(item), item.touched ? fold : "только это"));
    body.append(row, ...members);
    if (holds(item) && item.key !== chosen) show(true);
  }
  return make("div", { class: "scroll incidents", tabindex: 0, role: "region", "aria-label": chart.title },
    make("table", {}, make("thead", {}, make("tr", {}, head)), body));
};
