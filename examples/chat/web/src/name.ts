// The name a person goes by, kept in this tab: two tabs are two people. The explorer uses
// it too.

const key = "fanql.chat.name";

export const longestName = 32;

export function storedName(): string {
  const name = tidyName(sessionStorage.getItem(key) ?? "");
  return problemOf(name) ? "" : name;
}

export function storeName(name: string): void {
  sessionStorage.setItem(key, name);
}

/** One line with single spaces; may be empty, or longer than a name may be. */
export function tidyName(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Says why a tidy name is refused, as a sentence; "" where it is not. */
export function problemOf(name: string): string {
  const length = [...name].length; // as the server counts
  if (length === 0) return "A name needs a letter, at least.";
  return length > longestName ? `A name may have ${longestName} characters; this one has ${length}.` : "";
}
