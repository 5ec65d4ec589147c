// Who is typing: telling the others, and forgetting those who stopped.

const tellEvery = 2_500;
// Longer than tellEvery, so that the note does not flicker.
const forgetAfter = 4_500;

/** Calls tell when someone starts typing, and then no more than once in tellEvery. */
export class TypingTeller {
  readonly #tell: () => void;
  #toldAt = -Infinity;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  typed(): void {
    if (performance.now() - this.#toldAt < tellEvery) return;
    this.#toldAt = performance.now();
    this.#tell();
  }

  /** The message was sent or the room changed: the next key is news again. */
  reset(): void {
    this.#toldAt = -Infinity;
  }
}

/** The others in the room who typed a moment ago. */
export class Typists {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get names(): string[] {
    return [...this.#timers.keys()];
  }

  typed(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(() => this.stopped(name), forgetAfter));
    this.#changed();
  }

  stopped(name: string): void {
    clearTimeout(this.#timers.get(name));
    if (this.#timers.delete(name)) this.#changed();
  }

  clear(): void {
    for (const name of this.names) this.stopped(name);
  }
}
