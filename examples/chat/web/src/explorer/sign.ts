// A sign for as long as the server does not answer.

// A server that restarts, and an API Gateway that closes what was idle, are back sooner.
const patience = 2_000;

/** Shows the sign some time after lost was called, unless found was called before. */
export class Sign {
  readonly #element = document.createElement("p");
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parent: Element) {
    this.#element.className = "explorer-sign";
    this.#element.setAttribute("role", "alert");
    this.#element.dataset["testid"] = "sign";
    this.#element.hidden = true;
    parent.before(this.#element);
  }

  lost(): void {
    this.#timer ??= setTimeout(() => this.#show("The server does not answer. Trying to reach it again…"), patience);
  }

  /** It will not be tried again, for a reason that is a sentence. */
  ended(reason: string): void {
    clearTimeout(this.#timer);
    this.#show(`${reason} Reload the page to try again.`);
  }

  found(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#element.hidden = true;
  }

  #show(text: string): void {
    this.#element.textContent = text;
    this.#element.hidden = false;
  }
}
