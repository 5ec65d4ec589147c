// The messages of the open room: days, groups of one author, and a scroll
// position that never jumps away from what is being read.

import type { Entry, Timeline } from "../timeline";
import { count, dayOf, exactTimeOf, sameDay, timeOf } from "../words";
import { avatar } from "./avatar";
import { arrange, el, icon, Kept, setText } from "./dom";

export interface MessageActions {
  retry(entry: Entry): void;
  discard(entry: Entry): void;
}

// Messages of one author this close together share one heading.
const together = 5 * 60_000;
// A reader this near to the end wants to stay there.
const nearEnd = 60;

export class Messages {
  readonly element: HTMLElement;
  readonly #list = el("ol", { class: "messages", "data-testid": "message-list" });
  readonly #note = el("p", { class: "messages-note" });
  readonly #log: HTMLElement;
  readonly #pill: HTMLButtonElement;
  readonly #actions: MessageActions;
  #rows = new Kept<MessageRow>();
  #days = new Kept<DayRow>();
  #returns = new Kept<HTMLElement>();
  #shown: Timeline | undefined;
  #known = new Set<string>();
  #newBelow = 0;
  #atEnd = true;

  constructor(actions: MessageActions) {
    this.#actions = actions;
    this.#log = el(
      "div",
      { class: "log", role: "log", "aria-label": "Messages", tabindex: "0", scroll: () => this.#scrolled() },
      this.#note,
      this.#list,
    );
    const follow = () => {
      this.#log.focus({ preventScroll: true }); // the pill goes, and would take the focus along
      this.toEnd();
    };
    this.#pill = el("button", { class: "pill", type: "button", "data-testid": "new-messages", hidden: true, click: follow });
    this.element = el("div", { class: "log-frame" }, this.#log, this.#pill);
    // A keyboard that slides in or a window that shrinks must not hide the end.
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(this.#log);
  }

  toEnd(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#scrolled();
  }

  update(timeline: Timeline, own: string): void {
    const changedRoom = timeline !== this.#shown;
    if (changedRoom) this.#forget(timeline);
    const { entries, loaded } = timeline;
    const fresh = entries.filter((entry) => !this.#known.has(entry.key));
    for (const entry of fresh) this.#known.add(entry.key);

    this.#log.setAttribute("aria-busy", String(!loaded));
    this.#note.hidden = entries.length > 0;
    setText(this.#note, loaded ? "Nothing here yet. Say the first word, or share this page’s address to bring others in." : "Fetching the conversation…");
    arrange(this.#list, this.#render(entries, own));
    this.#rows.sweep();
    this.#days.sweep();
    this.#returns.sweep();

    if (changedRoom || this.#atEnd || fresh.some((entry) => entry.state === "sending")) return this.toEnd();
    this.#newBelow += fresh.filter((entry) => entry.author !== own).length;
    this.#showPill();
  }

  #forget(timeline: Timeline): void {
    this.#shown = timeline;
    this.#rows = new Kept();
    this.#days = new Kept();
    this.#returns = new Kept();
    this.#known = new Set();
    this.#newBelow = 0;
  }

  #render(entries: readonly Entry[], own: string): Element[] {
    const wanted: Element[] = [];
    let before: Entry | undefined;
    for (const entry of entries) {
      const newDay = !before || !sameDay(before.sentAt, entry.sentAt);
      if (newDay) wanted.push(this.#day(entry.sentAt));
      const away = entry.missed === true && !before?.missed;
      if (away) wanted.push(this.#returns.get(entry.key, awayRow));
      const first = newDay || away || before!.author !== entry.author || +entry.sentAt - +before!.sentAt > together;
      const row = this.#rows.get(entry.key, () => new MessageRow(entry, this.#actions));
      row.update(entry.author === own, first);
      wanted.push(row.element);
      before = entry;
    }
    return wanted;
  }

  #day(at: Date): Element {
    const row = this.#days.get(at.toDateString(), () => new DayRow());
    row.update(at);
    return row.element;
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < nearEnd;
    if (this.#atEnd) this.#newBelow = 0;
    this.#showPill();
  }

  #showPill(): void {
    this.#pill.hidden = this.#newBelow === 0;
    this.#pill.replaceChildren(count(this.#newBelow, "new message", "new messages"), icon("down"));
  }
}

/** Heads the messages that were said while this page had no connection. */
function awayRow(): HTMLElement {
  return el("li", { class: "day away", "data-testid": "away" }, el("span", {}, "While you were disconnected"));
}

class DayRow {
  readonly element: HTMLElement;
  readonly #label = el("span");

  constructor() {
    this.element = el("li", { class: "day", "data-testid": "day" }, this.#label);
  }

  /** Again at each rendering: a page left open sees "Today" become "Yesterday". */
  update(at: Date): void {
    setText(this.#label, dayOf(at));
  }
}

class MessageRow {
  readonly element: HTMLElement;
  readonly #entry: Entry;
  readonly #time = el("time");
  readonly #state = el("p", { class: "message-state", "data-testid": "message-state" });
  readonly #actions: MessageActions;
  #stateShown = "";

  constructor(entry: Entry, actions: MessageActions) {
    this.#entry = entry;
    this.#actions = actions;
    this.element = el(
      "li",
      { class: "message", "data-testid": "message" },
      avatar(entry.author),
      el(
        "p",
        { class: "message-head" },
        el("bdi", { class: "message-author", "data-testid": "message-author" }, entry.author),
        this.#time,
      ),
      el("p", { class: "message-text", dir: "auto", "data-testid": "message-text" }, entry.text),
      this.#state,
    );
  }

  update(own: boolean, first: boolean): void {
    const { id, sentAt, state, missed } = this.#entry;
    this.element.classList.toggle("own", own);
    this.element.classList.toggle("first", first);
    this.element.dataset["state"] = state;
    this.element.classList.toggle("missed", missed === true);
    if (id) this.element.dataset["id"] = id;
    setText(this.#time, timeOf(sentAt));
    this.#time.dateTime = sentAt.toISOString();
    this.#time.title = exactTimeOf(sentAt);
    this.#showState();
  }

  #showState(): void {
    const { state, problem } = this.#entry;
    const wanted = `${state} ${problem ?? ""}`;
    if (wanted === this.#stateShown) return;
    this.#stateShown = wanted;
    this.#state.hidden = state === "sent";
    if (state === "sending") this.#state.replaceChildren("Sending…");
    if (state !== "failed") return;
    this.#state.replaceChildren(
      `${problem} `,
      el("button", { class: "link", type: "button", "data-testid": "retry", click: () => this.#actions.retry(this.#entry) }, "Try again"),
      " ",
      el("button", { class: "link", type: "button", "data-testid": "discard", click: () => this.#actions.discard(this.#entry) }, "Discard"),
    );
  }
}
