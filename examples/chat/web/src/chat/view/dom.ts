// The little that the views need to make and arrange elements.

type Properties = Record<string, string | boolean | ((event: never) => void)>;

/**
 * Makes an element. A function is a listener, a string an attribute, a boolean
 * an attribute that is there or not. Texts among the children stay texts.
 */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value as EventListener);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Says beneath an input why it is refused, until it is changed. Say returns whether it is. */
export function refusal(input: HTMLInputElement, id: string): { element: HTMLElement; say(problem: string): boolean } {
  const element = el("p", { class: "refusal", id, role: "alert", "data-testid": id, hidden: true });
  input.setAttribute("aria-describedby", id);
  const say = (problem: string) => {
    element.hidden = !problem;
    element.textContent = problem;
    input.setAttribute("aria-invalid", String(problem !== ""));
    return problem !== "";
  };
  input.addEventListener("input", () => say(""));
  return { element, say };
}

const paths = {
  back: "M15 5l-7 7 7 7",
  send: "M5 12h13M12 5l7 7-7 7",
  down: "M12 5v13M6 12l6 6 6-6",
};

/** A line drawing that takes the colour of the text; decoration only. */
export function icon(name: keyof typeof paths): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

/** Writes a text only when it differs: what is written is announced and loses its selection. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes the children exactly these, in this order, touching only what is out of place. */
export function arrange(parent: Element, wanted: readonly Element[]): void {
  const focused = document.activeElement;
  let next = parent.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  while (next) {
    const gone = next;
    next = next.nextElementSibling;
    gone.remove();
  }
  // An element that is moved loses the focus.
  if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}

/** Keeps one element per key from one rendering to the next. */
export class Kept<Made> {
  #made = new Map<string, Made>();
  #next = new Map<string, Made>();

  /** The element of that key, made when there is none. */
  get(key: string, make: () => Made): Made {
    const made = this.#made.get(key) ?? make();
    this.#next.set(key, made);
    return made;
  }

  /** Forgets what was not asked for since the last time. */
  sweep(): void {
    this.#made = this.#next;
    this.#next = new Map();
  }
}
