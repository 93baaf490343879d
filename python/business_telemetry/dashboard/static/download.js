// A card as a PNG: the card itself, styles and all, drawn on a canvas. Nothing leaves the browser.

const SCALE = 2;

export const savePng = async (card, name) => {
  const { width, height } = card.getBoundingClientRect();
  const copy = card.cloneNode(true);
  for (const part of copy.querySelectorAll(".menu, .hint")) part.remove();
  const styles = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules].map((rule) => rule.cssText)).join("\n");
  const root = getComputedStyle(document.documentElement);
  const shell = document.createElement("div");
  shell.setAttribute("xmlns", "http://www.w3.org/1999/xhtml");
  shell.dataset.theme = document.documentElement.dataset.theme || "";
  shell.style.cssText = `font:${root.font};color:${getComputedStyle(card).color};background:${getComputedStyle(card).backgroundColor}`;
  for (const property of root) if (property.startsWith("--")) shell.style.setProperty(property, root.getPropertyValue(property));
  for (const property of customProperties()) shell.style.setProperty(property, root.getPropertyValue(property));
  copy.style.width = `${width}px`;
  copy.style.height = `${height}px`;
  const style = document.createElement("style");
  style.textContent = styles;
  shell.append(style, copy);
  const body = new XMLSerializer().serializeToString(shell);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><foreignObject width="100%" height="100%">${body}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * SCALE);
  canvas.height = Math.round(height * SCALE);
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.drawImage(image, 0, 0);
  const link = document.createElement("a");
  link.download = `${name}.png`;
  link.href = canvas.toDataURL("image/png");
  link.click();
};

// the colours of the page, which `:root` gives to the card
const customProperties = () => {
  const names = new Set();
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) for (const name of rule.style || []) if (name.startsWith("--")) names.add(name);
  }
  return names;
};
