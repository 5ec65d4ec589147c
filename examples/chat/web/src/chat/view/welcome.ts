// Asks for a name: at the first visit, and when someone wants another one.

import { problemOf, tidyName } from "../../name";
import mark from "../../style/mark.svg";
import { el, refusal } from "./dom";

export function welcome(current: string, onName: (name: string) => void, onCancel?: () => void): HTMLElement {
  const input = el("input", {
    id: "name",
    "data-testid": "name-input",
    autocomplete: "nickname",
    autocapitalize: "words",
    placeholder: "Ada Lovelace",
    spellcheck: "false",
    dir: "auto",
  });
  const refused = refusal(input, "name-problem");
  input.value = current;
  const submit = (event: Event) => {
    event.preventDefault();
    const name = tidyName(input.value);
    if (refused.say(problemOf(name))) input.focus();
    else onName(name);
  };
  const actions = el(
    "div",
    { class: "welcome-actions" },
    el("button", { class: "button", "data-testid": "join-button" }, current ? "Save" : "Join the chat"),
  );
  if (onCancel) actions.append(el("button", { class: "button quiet", type: "button", click: onCancel }, "Cancel"));
  return el(
    "main",
    { class: "welcome" },
    el(
      "form",
      { submit },
      el("img", { src: mark, alt: "", width: "44", height: "44" }),
      el("h1", {}, current ? "Change your name" : "Welcome to FanQL chat"),
      el(
        "p",
        {},
        current
          ? "What you said before keeps the old name."
          : "A few rooms, live for everyone in them. All it needs is a name to go by.",
      ),
      el("label", { for: "name" }, "Your name"),
      input,
      refused.element,
      actions,
    ),
  );
}
