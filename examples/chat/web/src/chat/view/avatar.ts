// A person's initials on a colour of their own.

import { el } from "./dom";

export function avatar(name: string): HTMLElement {
  // Decoration: the name stands beside it.
  const element = el("span", { class: "avatar", "aria-hidden": "true" }, initials(name));
  element.style.setProperty("--hue", String(hue(name)));
  return element;
}

function initials(name: string): string {
  const words = name.split(" ");
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [name];
  return letters.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}

/** Steps of 30 degrees: close hues would look like the same person. */
function hue(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)!) >>> 0;
  return (sum % 12) * 30;
}
