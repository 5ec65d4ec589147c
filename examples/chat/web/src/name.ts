// The name a person goes by, kept in this browser. The explorer uses it too.

const key = "fanql.chat.name";

export const longestName = 32;

export function storedName(): string {
  return tidyName(localStorage.getItem(key) ?? "");
}

export function storeName(name: string): void {
  localStorage.setItem(key, name);
}

/** One line, single spaces, at most longestName characters; may be empty. */
export function tidyName(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, longestName).trim();
}
