// Dates, times and small sentences, in the reader's locale.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export function timeOf(at: Date): string {
  return clock.format(at);
}

export function exactTimeOf(at: Date): string {
  return exact.format(at);
}

/** Heads the messages of one day. */
export function dayOf(at: Date, now = new Date()): string {
  const days = daysBetween(at, now);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return longDate.format(at);
}

/** As short as it can be, for the room list. */
export function whenOf(at: Date, now = new Date()): string {
  const days = daysBetween(at, now);
  if (days === 0) return timeOf(at);
  if (days === 1) return "Yesterday";
  return days > 0 && days < 7 ? weekday.format(at) : shortDate.format(at);
}

export function sameDay(a: Date, b: Date): boolean {
  return daysBetween(a, b) === 0;
}

/**
 * A text of somebody else's within a sentence of ours: its direction stays its own.
 * Characters that would end that early, or turn the rest around, are dropped.
 */
export function isolated(text: string): string {
  return `\u2068${text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "")}\u2069`;
}

export function typingSentence(names: readonly string[]): string {
  const [first, second] = names.map(isolated);
  if (!first) return "";
  if (!second) return `${first} is typing…`;
  return names.length === 2 ? `${first} and ${second} are typing…` : "Several people are typing…";
}

export function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

function daysBetween(from: Date, to: Date): number {
  const midnight = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  // Rounded: a day is 23 or 25 hours long when the clocks change.
  return Math.round((midnight(to) - midnight(from)) / 86_400_000);
}
