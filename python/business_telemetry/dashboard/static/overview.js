// The first page: sentences, each a link to the chart that it is about.
import { make } from "./dom.js";

const SIGNS = { good: "▲", bad: "▼", flat: "•", alarm: "!" };
const MOODS = { good: "хорошо", bad: "плохо", flat: "", alarm: "необычно" };

export const drawOverview = (board, data, href, follow) => {
  const sentence = (one) => make("li", { class: `mood-${one.mood}` },
    make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[one.mood]),
    make("span", {}, make("span", { class: "sr" }, MOODS[one.mood] ? `${MOODS[one.mood]}: ` : ""),
      make("a", { href: href(one.choice), "data-chart": one.chart, onclick: (event) => { event.preventDefault(); follow(one.choice, one.chart); } }, one.text)));
  const sections = data.sections.map((section) => make("section", { class: "card sentences", "aria-label": section.title },
    make("h2", {}, section.title), make("ul", {}, section.sentences.map(sentence))));
  board.replaceChildren(...sections, sections.length ? "" : make("p", { class: "message" }, "Журнал короче двух недель: сравнивать пока не с чем."));
};
