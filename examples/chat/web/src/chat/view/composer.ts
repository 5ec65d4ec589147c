// Where a message is written. Enter sends, Shift-Enter breaks the line.

import { isolated } from "../words";
import { el, icon } from "./dom";

export interface ComposerActions {
  send(text: string): void;
  typed(): void;
}

export const longestMessage = 2_000;
// From here on it says how much is left.
const warnBelow = 200;

export class Composer {
  readonly element: HTMLElement;
  readonly #text = el("textarea", {
    id: "composer",
    rows: "1",
    "data-testid": "composer",
    dir: "auto",
    autocomplete: "off",
    enterkeyhint: "send",
    "aria-describedby": "composer-left",
  });
  readonly #button = el(
    "button",
    { class: "send", "aria-label": "Send", title: "Send (Enter)", "data-testid": "send-button", disabled: true },
    icon("send"),
  );
  readonly #left = el("span", { class: "composer-left", id: "composer-left", role: "status" });
  readonly #actions: ComposerActions;

  constructor(actions: ComposerActions) {
    this.#actions = actions;
    this.#text.addEventListener("input", () => {
      this.#changed();
      if (this.#text.value.trim()) actions.typed();
    });
    this.#text.addEventListener("keydown", (event) => {
      // While an input method composes, Enter takes its suggestion.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    const submit = (event: Event) => {
      event.preventDefault();
      this.#send();
    };
    this.element = el(
      "form",
      { class: "composer", submit },
      el("label", { class: "unseen", for: "composer" }, "Message"),
      this.#text,
      this.#left,
      this.#button,
    );
  }

  /** What is written and not sent. */
  get draft(): string {
    return this.#text.value;
  }

  open(room: string, draft: string): void {
    this.#text.placeholder = `Message ${isolated(room)}`;
    this.#text.value = draft;
    this.#changed();
  }

  focus(): void {
    this.#text.focus({ preventScroll: true });
  }

  #send(): void {
    const text = this.#text.value.trim();
    this.focus();
    if (!text || this.#tooLong > 0) return; // which is said beside it
    this.#text.value = "";
    this.#changed();
    this.#actions.send(text);
  }

  /** By how much the text is longer than a message may be; negative for what is left. */
  get #tooLong(): number {
    return [...this.#text.value.trim()].length - longestMessage; // as the server counts
  }

  #changed(): void {
    const left = -this.#tooLong;
    this.#left.textContent = left < 0 ? `${-left} characters too many to send` : left < warnBelow ? `${left} left` : "";
    this.#left.dataset["refused"] = String(left < 0);
    this.#button.disabled = !this.#text.value.trim() || left < 0;
    // As high as its text; the stylesheet says how high it may get.
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
