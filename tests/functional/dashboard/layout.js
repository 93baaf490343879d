// What a reader would see as broken on the page: text that is cut, lies on other text, or runs out of its card.
() => {
  const found = [];
  const name = (element) => element.closest("[data-testid]").dataset.testid;
  const shown = (box) => box.width > 0 && box.height > 0;
  if (document.documentElement.scrollWidth > innerWidth) found.push(`page is ${document.documentElement.scrollWidth} wide`);
  for (const card of document.querySelectorAll(".card[data-testid]")) {
    const edge = card.getBoundingClientRect();
    const body = card.querySelector(".body");
    if (body.scrollWidth > body.clientWidth + 1) found.push(`${name(card)}: body is wider than its card`);
    if (body.scrollHeight > body.clientHeight + 1) found.push(`${name(card)}: body is higher than its card`);
    for (const text of card.querySelectorAll("h2, .note, .deltas, strong, li > *")) {
      const box = text.getBoundingClientRect();
      if (shown(box) && (box.right > edge.right + 1 || box.bottom > edge.bottom + 1)) found.push(`${name(card)}: «${text.textContent}» leaves the card`);
    }
    for (const region of card.querySelectorAll(".scroll")) {
      const room = region.getBoundingClientRect();
      if (room.bottom > edge.bottom + 1 || room.right > edge.right + 1) found.push(`${name(card)}: table leaves the card`);
      const hidden = region.scrollWidth > region.clientWidth + 1;
      if (hidden && region.dataset.more !== "right") found.push(`${name(card)}: columns are hidden and nothing says so`);
      if (hidden && getComputedStyle(region).overflowX !== "auto") found.push(`${name(card)}: columns cannot be reached`);
      const sticky = region.querySelector(".total");
      const end = (sticky ? sticky.getBoundingClientRect().top : room.top + region.clientHeight);
      for (const row of region.querySelectorAll("tbody tr:not(.total)")) {
        const box = row.getBoundingClientRect();
        if (shown(box) && box.top < end - 2 && box.bottom > end + 2) found.push(`${name(card)}: a row is cut`);
      }
      for (const cell of region.querySelectorAll("th, td")) {
        if (cell.scrollWidth > cell.clientWidth + 1) found.push(`${name(card)}: «${cell.textContent}» is cut`);
      }
    }
    for (const svg of card.querySelectorAll(".body svg[width]")) {
      const frame = svg.getBoundingClientRect();
      // a legend that scrolls clips what does not fit, and has arrows to it
      const texts = [...svg.querySelectorAll("text")].filter((t) => t.textContent.trim() && !t.closest("[clip-path]"))
        .map((t) => {
          const move = t.getCTM();
          return { text: t.textContent, box: t.getBoundingClientRect(), turned: Math.abs(move.b) > 0.01 };
        }).filter((t) => shown(t.box));
      for (const { text, box } of texts) {
        const out = box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
        if (out) found.push(`${name(card)}: «${text}» leaves the chart`);
      }
      const flat = texts.filter((t) => !t.turned);
      for (let i = 0; i < flat.length; i++) for (let j = i + 1; j < flat.length; j++) {
        const [a, b] = [flat[i].box, flat[j].box];
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 2 && high > 4) found.push(`${name(card)}: «${flat[i].text}» lies on «${flat[j].text}»`);
      }
    }
  }
  return [...new Set(found)];
}
