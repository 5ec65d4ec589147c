// The open room: its head with the state of the connection, its messages, who is
// typing, and the composer.

import type { Status } from "../client";
import { explainStop } from "../problems";
import { typingSentence } from "../words";
import { Composer, type ComposerActions } from "./composer";
import { el, icon, setText } from "./dom";
import { Messages, type MessageActions } from "./messages";

export interface RoomActions extends MessageActions, ComposerActions {
  back(): void;
  reconnect(): void;
}

const statusText = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  stopped: "Disconnected",
};

export class RoomView {
  readonly element: HTMLElement;
  readonly messages: Messages;
  readonly composer: Composer;
  readonly #title = el("h1", { dir: "auto", "data-testid": "room-title" });
  readonly #status = el("p", { class: "status", role: "status", "data-testid": "status" });
  readonly #typing = el("p", { class: "typing", "aria-live": "polite", "data-testid": "typing" });
  readonly #noticeText = el("span");
  readonly #noticeButton: HTMLElement;
  readonly #notice: HTMLElement;

  constructor(actions: RoomActions) {
    this.messages = new Messages(actions);
    this.composer = new Composer(actions);
    this.#noticeButton = el("button", { class: "link", type: "button", "data-testid": "reconnect", click: actions.reconnect }, "Connect again");
    this.#notice = el("div", { class: "notice", role: "alert", "data-testid": "notice" }, this.#noticeText, this.#noticeButton);
    this.element = el(
      "section",
      { class: "room" },
      el(
        "header",
        { class: "room-head" },
        el("button", { class: "back", type: "button", "aria-label": "All rooms", "data-testid": "back", click: actions.back }, icon("back")),
        this.#title,
        this.#status,
      ),
      this.#notice,
      this.messages.element,
      this.#typing,
      this.composer.element,
    );
  }

  update(room: string, status: Status, typing: readonly string[], roomProblem: string): void {
    setText(this.#title, room);
    setText(this.#status, statusText[status.kind]);
    this.#status.dataset["state"] = status.kind;
    setText(this.#typing, typingSentence(typing));
    const stopped = status.kind === "stopped";
    const notice = stopped ? explainStop(status.problem) : roomProblem;
    this.#notice.hidden = !notice;
    this.#noticeButton.hidden = !stopped;
    setText(this.#noticeText, notice);
  }
}
