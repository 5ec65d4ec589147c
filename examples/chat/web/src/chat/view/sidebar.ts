// The rooms, a way into others, and who one is.

import type { Room, Rooms } from "../rooms";
import { roomLink, roomProblem, tidyRoomName } from "../route";
import mark from "../../style/mark.svg";
import { count, exactTimeOf, isolated, whenOf } from "../words";
import { avatar } from "./avatar";
import { arrange, el, Kept, refusal, setText } from "./dom";

export interface SidebarActions {
  join(room: string): void;
  changeName(): void;
  /** A link to the room that is open already changes no address. */
  reopen(): void;
}

export class Sidebar {
  readonly element: HTMLElement;
  readonly #list = el("ul", { class: "rooms", "data-testid": "room-list" });
  readonly #items = new Kept<RoomItem>();
  readonly #actions: SidebarActions;

  constructor(name: string, actions: SidebarActions) {
    this.#actions = actions;
    this.element = el(
      "div",
      { class: "sidebar" },
      el(
        "header",
        { class: "brand" },
        el("img", { src: mark, alt: "", width: "26", height: "26" }),
        el("h1", {}, el("strong", {}, "FanQL"), " chat"),
        el("a", { class: "explorer-link", href: "./explorer" }, "Explorer"),
      ),
      el("nav", { "aria-label": "Rooms" }, el("h2", {}, "Rooms"), this.#list),
      this.#newRoom(),
      el(
        "footer",
        { class: "me" },
        avatar(name),
        el("span", { class: "me-name", "data-testid": "own-name", title: name }, el("bdi", {}, name)),
        el("button", { class: "link", type: "button", click: actions.changeName }, "Change name"),
      ),
    );
  }

  update(rooms: Rooms, current: string): void {
    const items = rooms.list.map((room) => {
      const item = this.#items.get(room.name, () => new RoomItem(room.name, this.#actions.reopen));
      item.update(room, room.name === current);
      return item.element;
    });
    this.#items.sweep();
    arrange(this.#list, items);
  }

  #newRoom(): HTMLElement {
    const input = el("input", {
      id: "new-room",
      "data-testid": "new-room-input",
      dir: "auto",
      placeholder: "Join or create a room",
      autocomplete: "off",
      autocapitalize: "none",
      enterkeyhint: "go",
    });
    const refused = refusal(input, "room-problem");
    const submit = (event: Event) => {
      event.preventDefault();
      const room = tidyRoomName(input.value);
      if (refused.say(roomProblem(room))) return input.focus();
      this.#actions.join(room);
      input.value = "";
    };
    return el(
      "form",
      { class: "new-room", submit },
      el("label", { class: "unseen", for: "new-room" }, "Name of a room to join or create"),
      input,
      el("button", { class: "button small", "data-testid": "new-room-button" }, "Join"),
      refused.element,
    );
  }
}

class RoomItem {
  readonly element: HTMLElement;
  readonly #link: HTMLElement;
  readonly #time = el("time", { class: "room-time" });
  readonly #preview = el("span", { class: "room-preview" });
  readonly #badge = el("span", { class: "badge", "data-testid": "unread" });

  constructor(name: string, reopen: () => void) {
    this.#link = el(
      "a",
      { class: "room-item", href: roomLink(name), "data-testid": "room-item", "data-room": name, click: reopen },
      el("bdi", { class: "room-name" }, name),
      this.#time,
      this.#preview,
      this.#badge,
    );
    this.element = el("li", {}, this.#link);
  }

  update({ lastMessage, unread }: Room, current: boolean): void {
    if (current) this.#link.setAttribute("aria-current", "page");
    else this.#link.removeAttribute("aria-current");
    setText(this.#preview, lastMessage ? `${isolated(lastMessage.author)}: ${isolated(lastMessage.text)}` : "No messages yet");
    setText(this.#badge, unread > 99 ? "99+" : String(unread));
    this.#badge.hidden = unread === 0;
    this.#badge.setAttribute("aria-label", count(unread, "unread message", "unread messages"));
    if (!lastMessage) return;
    const at = new Date(lastMessage.sentAt);
    setText(this.#time, whenOf(at));
    this.#time.dateTime = lastMessage.sentAt;
    this.#time.title = exactTimeOf(at);
  }
}
