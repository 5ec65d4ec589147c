// What was said in one room, as this page knows it: what the server sent, and
// below it what this person said and the server has not confirmed yet.

import type { Message } from "./api";

export interface Entry {
  /** Stays the same when a message of one's own is confirmed. */
  readonly key: string;
  id?: string;
  author: string;
  text: string;
  sentAt: Date;
  state: "sent" | "sending" | "failed";
  /** It was said while this page had no connection. */
  missed?: boolean;
  /** What became of it when it failed, as a sentence. */
  problem?: string;
}

export class Timeline {
  #confirmed: Entry[] = [];
  #own: Entry[] = [];
  #locals = 0;
  /** Whether the history has arrived. */
  loaded = false;

  get entries(): readonly Entry[] {
    return [...this.#confirmed, ...this.#own];
  }

  /** Takes the history, which comes again where the server no longer has what was missed. */
  takeHistory(messages: readonly Message[]): void {
    // Without a common message there is a gap that nothing would show, so what
    // was known before it goes.
    const overlap = messages.some((message) => this.#has(message.id));
    if (!overlap && messages.length > 0) this.#confirmed = [];
    for (const message of messages) this.take(message);
    this.loaded = true;
  }

  /** Takes a message that the server tells; what is known already is dropped. */
  take(message: Message, missed = false): void {
    if (this.#has(message.id)) return;
    // The event of one's own message may come before the answer to the mutation,
    // and instead of it when the socket broke in between.
    const own = this.#own.find((entry) => entry.author === message.author && entry.text === message.text);
    if (own) this.discard(own);
    this.#place(own ?? { key: message.id, author: "", text: "", sentAt: new Date(), state: "sent", missed }, message);
  }

  /** Shows a message of one's own before the server knows of it. */
  say(author: string, text: string): Entry {
    const entry: Entry = { key: `own-${++this.#locals}`, author, text, sentAt: new Date(), state: "sending" };
    this.#own.push(entry);
    return entry;
  }

  /** The server has taken a message of one's own. */
  confirm(entry: Entry, message: Message): void {
    if (!this.#own.includes(entry)) return; // its event came first
    this.discard(entry);
    if (!this.#has(message.id)) this.#place(entry, message);
  }

  fail(entry: Entry, problem: string): void {
    if (!this.#own.includes(entry)) return; // it arrived; only the answer was lost
    entry.state = "failed";
    entry.problem = problem;
  }

  again(entry: Entry): void {
    entry.state = "sending";
    delete entry.problem;
  }

  discard(entry: Entry): void {
    this.#own = this.#own.filter((other) => other !== entry);
  }

  #has(id: string): boolean {
    return this.#confirmed.some((entry) => entry.id === id);
  }

  #place(entry: Entry, { id, author, text, sentAt }: Message): void {
    delete entry.problem;
    Object.assign(entry, { id, author, text, sentAt: new Date(sentAt), state: "sent" });
    // Events may be repeated late; what was sent earlier stands higher.
    let at = this.#confirmed.length;
    while (at > 0 && this.#confirmed[at - 1]!.sentAt > entry.sentAt) at--;
    this.#confirmed.splice(at, 0, entry);
  }
}
