// Numbers and dates as Russian readers expect them, by Intl. Pure functions but for the currency, which is set once.

const LOCALE = "ru-RU";
const MINUS = "−";
const NBSP = "\u00a0";
const UNITS = [[86400, "дн"], [3600, "ч"], [60, "мин"], [1, "с"]];
let currency = "RUB";

export const setCurrency = (code) => { currency = code; };

const formats = new Map();
const intl = (options) => {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(LOCALE, options));
  return formats.get(key);
};
const written = (value, options) => intl(options).format(value).replace("-", MINUS);
const digits = (count) => ({ minimumFractionDigits: count, maximumFractionDigits: count });
const dates = (options) => {
  const format = new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", ...options });
  return (iso) => format.format(new Date(iso.slice(0, 10) + "T00:00:00Z")).replace(/\s?г\.$/, "").replace(".", "");
};
const longDay = dates({ day: "numeric", month: "short", year: "numeric" });
const wholeMonth = dates({ month: "long", year: "numeric" });

export const day = (iso) => longDay(iso);
export const month = (iso) => wholeMonth(iso);

export const duration = (seconds) => {
  const from = UNITS.findIndex(([unit]) => Math.round(seconds) >= unit);
  if (from < 0) return `0${NBSP}с`;
  let rest = Math.round(seconds);
  return UNITS.slice(from, from + 2).map(([unit, name]) => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return count ? `${count}${NBSP}${name}` : "";
  }).filter(Boolean).join(" ");
};

// 1 234 567 -> 1,2 млн
const compact = (value, options = {}) => {
  const size = Math.abs(value);
  if (size < 1e4) return written(value, { ...options, ...digits(Number.isInteger(value) || size >= 10 ? 0 : 1) });
  const scaled = value / (size >= 1e9 ? 1e9 : size >= 1e6 ? 1e6 : 1e3);
  const decimals = Number.isInteger(scaled) || Math.abs(scaled) >= 100 ? 0 : 1;
  return written(value, { ...options, notation: "compact", ...digits(decimals) });
};

const isDate = (value) => /^\d{4}-\d\d-\d\d/.test(value);

// the text of a measure; null is a dash
export const number = (value, format = {}, short = false) => {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "да" : "нет";
  if (typeof value === "string") return isDate(value) ? day(value) : value;
  const { kind = "number", precision = 0 } = format;
  if (kind === "percent" && short && Math.abs(value) >= 100) return `${compact(100 * value)}${NBSP}%`;
  if (kind === "percent") return written(value, { style: "percent", ...digits(precision) });
  if (kind === "duration") return duration(value);
  const money = kind === "money" ? { style: "currency", currency, currencyDisplay: "narrowSymbol" } : {};
  if (short) return compact(value, money);
  const decimals = precision || (Math.abs(value) < 100 && !Number.isInteger(value) ? 1 : 0);
  return written(value, { ...money, ...digits(decimals) });
};

// the text of a dimension's value
export const label = (value, field = {}, scale = null) => {
  if (value === null || value === undefined || value === "") return "Не определено";
  const named = field.labels && field.labels[String(value)];
  if (named !== undefined) return named;
  if (typeof value === "boolean") return value ? "да" : "нет";
  if (field.type === "date") return grain(field, scale) === "month" ? month(value) : day(value);
  return String(value);
};

// how long a date of the field is: day, week or month
export const grain = (field, scale) => (field.grain === "scale" ? scale : field.grain) || "day";

// the change of a measure and whether it is good: {text, mood: good | bad | flat, delta}
export const change = (now, before, field) => {
  if (now === null || before === null || now === undefined || before === undefined) return null;
  const percent = field.format && field.format.kind === "percent";
  if (!percent && before === 0) return null;
  const delta = percent ? (now - before) * 100 : (now / before - 1) * 100;
  const rounded = Math.abs(delta) < 0.05 ? 0 : delta;
  const arrow = rounded === 0 ? "→" : rounded > 0 ? "▲" : "▼";
  const text = `${arrow} ${written(Math.abs(rounded), digits(1))}${NBSP}${percent ? "п. п." : "%"}`;
  const good = field.better === "up" ? rounded > 0 : rounded < 0;
  return { text, mood: rounded === 0 || !field.better ? "flat" : good ? "good" : "bad", delta: rounded };
};

// an interval that says nothing: zero lies in it, and it reaches beyond 100 %
export const isVague = (lower, upper) => lower <= 0 && upper >= 0 && Math.max(-lower, upper) > 1;
