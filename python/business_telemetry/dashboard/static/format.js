// Numbers and dates as Russian readers expect them. Pure functions.
"use strict";
const Format = (() => {
  const MONTHS = "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь".split(" ");
  const SHORT = "янв фев мар апр мая июн июл авг сен окт ноя дек".split(" ");
  const NBSP = "\u00a0";

  const plain = (value, precision) =>
    new Intl.NumberFormat("ru-RU", { minimumFractionDigits: precision, maximumFractionDigits: precision })
      .format(value).replace("-", "−");

  // 1 234 567 -> 1,2 млн
  const compact = (value) => {
    const size = Math.abs(value);
    const [unit, name] = size >= 1e9 ? [1e9, "млрд"] : size >= 1e6 ? [1e6, "млн"] : size >= 1e4 ? [1e3, "тыс."] : [1, ""];
    const scaled = value / unit;
    const digits = Number.isInteger(scaled) || Math.abs(scaled) >= 100 ? 0 : unit === 1 && size >= 10 ? 0 : 1;
    return plain(scaled, digits) + (name && NBSP + name);
  };

  const duration = (seconds) => {
    const s = Math.round(seconds);
    const parts = [[86400, "дн"], [3600, "ч"], [60, "мин"], [1, "с"]];
    const from = parts.findIndex(([unit]) => s >= unit);
    if (from < 0) return `0${NBSP}с`;
    let rest = s;
    return parts.slice(from, from + 2).map(([unit, name]) => {
      const count = Math.floor(rest / unit);
      rest -= count * unit;
      return count ? `${count}${NBSP}${name}` : "";
    }).filter(Boolean).join(" ");
  };

  // the text of a measure; null is a dash
  const number = (value, format = {}, short = false) => {
    if (value === null || value === undefined || value === "") return "–";
    if (typeof value === "boolean") return value ? "да" : "нет";
    if (typeof value === "string") return isDate(value) ? day(value) : value;
    const { kind = "number", precision = 0 } = format;
    if (kind === "percent") return plain(value * 100, precision) + NBSP + "%";
    if (kind === "duration") return duration(value);
    const tail = kind === "money" ? NBSP + "₽" : "";
    if (short) return compact(value) + tail;
    const digits = precision || (Math.abs(value) < 100 && !Number.isInteger(value) ? 1 : 0);
    return plain(value, digits) + tail;
  };

  const isDate = (value) => /^\d{4}-\d\d-\d\d/.test(value);
  const day = (iso) => `${Number(iso.slice(8, 10))} ${SHORT[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)}`;
  const month = (iso) => `${MONTHS[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)}`;

  // the text of a dimension's value; monthly: its dates stand for months
  const label = (value, field = {}, monthly = false) => {
    if (value === null || value === undefined) return "Не определено";
    const named = field.labels && field.labels[String(value)];
    if (named !== undefined) return named;
    if (typeof value === "boolean") return value ? "да" : "нет";
    if (field.type === "date") return monthly ? month(value) : day(value);
    return String(value);
  };

  // the change of a measure and whether it is good: {text, mood: good | bad | flat}
  const change = (now, before, field) => {
    if (now === null || before === null || now === undefined || before === undefined) return null;
    const percent = field.format && field.format.kind === "percent";
    if (!percent && before === 0) return null;
    const delta = percent ? (now - before) * 100 : (now / before - 1) * 100;
    const rounded = Math.abs(delta) < 0.05 ? 0 : delta;
    const arrow = rounded === 0 ? "→" : rounded > 0 ? "▲" : "▼";
    const text = `${arrow} ${plain(Math.abs(rounded), 1)}${NBSP}${percent ? "п. п." : "%"}`;
    const good = field.better === "up" ? rounded > 0 : rounded < 0;
    return { text, mood: rounded === 0 || !field.better ? "flat" : good ? "good" : "bad", delta: rounded };
  };

  return { number, label, change, day, month, duration, compact };
})();
