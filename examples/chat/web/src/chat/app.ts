// The chat: holds what is known, talks to the server, and has the views show it.

import type { Endpoints } from "../endpoints";
import {
  activitySubscription,
  roomsQuery,
  roomSubscription,
  sendMutation,
  typingMutation,
  type ActivityData,
  type Message,
  type RoomData,
  type RoomsData,
  type RoomUpdate,
  type SendData,
} from "./api";
import { Connection, type Status } from "./client";
import { explainSend } from "./problems";
import { Rooms } from "./rooms";
import { roomInAddress, roomLink } from "./route";
import { Timeline, type Entry } from "./timeline";
import { Typists, TypingTeller } from "./typing";
import { el } from "./view/dom";
import { RoomView } from "./view/room";
import { Sidebar } from "./view/sidebar";
import { isolated } from "./words";

const lastRoomKey = "fanql.chat.room";
const firstRoom = "general";
// On a screen this wide the rooms and a room stand side by side.
const wide = matchMedia("(min-width: 45rem)");
// On a touch screen the focus brings up the keyboard, which hides the messages.
const hasKeyboard = matchMedia("(hover: hover) and (pointer: fine)");

/** What one person sees under one name, from its start to its end. */
export class App {
  readonly element: HTMLElement;
  readonly #name: string;
  readonly #endpoints: Endpoints;
  readonly #rooms = new Rooms();
  readonly #timelines = new Map<string, Timeline>();
  readonly #drafts = new Map<string, string>();
  readonly #typists = new Typists(() => this.#render());
  readonly #teller = new TypingTeller(() => this.#tellTyping());
  readonly #sidebar: Sidebar;
  readonly #view: RoomView;
  readonly #ended = new AbortController();
  #connection!: Connection;
  #status: Status = { kind: "connecting" };
  #room = "";
  #roomProblem = "";
  #leaveRoom = () => {};
  #renderDue = false;

  constructor(endpoints: Endpoints, name: string, changeName: () => void) {
    this.#endpoints = endpoints;
    this.#name = name;
    this.#sidebar = new Sidebar(name, {
      join: (room) => this.#join(room),
      reopen: () => this.#showPane("room"),
      changeName,
    });
    this.#view = new RoomView({
      send: (text) => this.#say(text),
      typed: () => this.#teller.typed(),
      retry: (entry) => this.#retry(entry),
      discard: (entry) => this.#discard(entry),
      back: () => this.#showPane("rooms"),
      reconnect: () => this.#connect(),
    });
    this.element = el("main", { class: "app" }, this.#sidebar.element, this.#view.element);
  }

  start(): void {
    const { signal } = this.#ended;
    addEventListener("hashchange", () => this.#followAddress(), { signal });
    document.addEventListener("visibilitychange", () => this.#render(), { signal });
    wide.addEventListener("change", () => this.#render(), { signal });
    this.#connect();
    this.#followAddress();
  }

  end(): void {
    this.#ended.abort();
    this.#connection.close();
    this.#typists.clear();
  }

  #connect(): void {
    if (this.#status.kind === "stopped") this.#connection.close();
    this.#status = { kind: "connecting" };
    const connection = new Connection(this.#endpoints.ws, { name: this.#name }, (status) => this.#statusChanged(status));
    this.#connection = connection;
    // Badges and previews are a convenience: when they fail, the room says so.
    connection.watch<ActivityData>(activitySubscription, {}, ({ activity }) => this.#activity(activity), () => {});
    if (this.#room) this.#enterRoom();
    this.#render();
  }

  #statusChanged(status: Status): void {
    this.#status = status;
    if (status.kind === "live") void this.#listRooms();
    else this.#typists.clear();
    this.#render();
  }

  async #listRooms(): Promise<void> {
    try {
      const { rooms } = await this.#connection.request<RoomsData>(roomsQuery);
      this.#rooms.takeList(rooms, this.#name);
      this.#render();
    } catch {
      // The next connection asks again, and activity fills the list meanwhile.
    }
  }

  #followAddress(): void {
    const named = roomInAddress();
    if (named) return this.#openRoom(named);
    const room = localStorage.getItem(lastRoomKey) || firstRoom;
    // Replaced, not added: going back from here must leave the page.
    history.replaceState(null, "", roomLink(room));
    this.#openRoom(room);
  }

  #join(room: string): void {
    if (room === this.#room) this.#showPane("room");
    else location.hash = roomLink(room);
  }

  #openRoom(room: string): void {
    this.#showPane("room");
    if (room === this.#room) return;
    this.#drafts.set(this.#room, this.#view.composer.draft);
    this.#room = room;
    this.#rooms.open(room);
    localStorage.setItem(lastRoomKey, room);
    this.#teller.reset();
    this.#enterRoom();
    this.#view.composer.open(room, this.#drafts.get(room) ?? "");
    this.#focusComposer();
    this.#render();
  }

  /** Subscribes to the open room; the room before is left. */
  #enterRoom(): void {
    this.#leaveRoom();
    this.#typists.clear();
    this.#roomProblem = "";
    const name = this.#room;
    this.#leaveRoom = this.#connection.watch<RoomData>(
      roomSubscription,
      { name },
      ({ room }, caughtUp) => this.#updated(this.#timeline(name), room, caughtUp),
      (problem) => {
        this.#roomProblem = `This room is interrupted: ${problem.message.replace(/\.$/, "")}. Joining it again…`;
        this.#render();
      },
    );
  }

  #updated(timeline: Timeline, { history, message, typing }: RoomUpdate, caughtUp: boolean): void {
    this.#roomProblem = "";
    if (history) timeline.takeHistory(history);
    if (message) {
      timeline.take(message, caughtUp && message.author !== this.#name);
      this.#typists.stopped(message.author);
    }
    if (typing && typing !== this.#name && !caughtUp) this.#typists.typed(typing);
    this.#render();
  }

  /** A message in any room, the open one included. */
  #activity(message: Message): void {
    const read = message.author === this.#name || (message.room === this.#room && this.#isReading());
    this.#rooms.take(message, !read);
    this.#render();
  }

  #say(text: string): void {
    this.#teller.reset();
    const entry = this.#timeline(this.#room).say(this.#name, text);
    this.#render();
    void this.#send(this.#room, entry);
  }

  async #send(room: string, entry: Entry): Promise<void> {
    const timeline = this.#timeline(room);
    try {
      const { send } = await this.#connection.request<SendData>(sendMutation, { room, text: entry.text });
      timeline.confirm(entry, send);
    } catch (problem) {
      timeline.fail(entry, explainSend(problem));
    }
    this.#render();
  }

  #retry(entry: Entry): void {
    this.#timeline(this.#room).again(entry);
    this.#focusComposer();
    this.#render();
    void this.#send(this.#room, entry);
  }

  #discard(entry: Entry): void {
    this.#timeline(this.#room).discard(entry);
    this.#focusComposer();
    this.#render();
  }

  /** Where the focus goes when what had it is about to go. */
  #focusComposer(): void {
    if (hasKeyboard.matches) this.#view.composer.focus();
  }

  #tellTyping(): void {
    // Only worth saying now; lost, it is not missed.
    if (this.#status.kind !== "live") return;
    this.#connection.request(typingMutation, { room: this.#room }).catch(() => {});
  }

  #timeline(room: string): Timeline {
    let timeline = this.#timelines.get(room);
    if (!timeline) this.#timelines.set(room, (timeline = new Timeline()));
    return timeline;
  }

  /** On a narrow screen: the rooms, or the room. */
  #showPane(pane: "rooms" | "room"): void {
    this.element.dataset["pane"] = pane;
    this.#render();
  }

  #isReading(): boolean {
    return document.visibilityState === "visible" && (wide.matches || this.element.dataset["pane"] === "room");
  }

  /** Once for all changes of one turn. */
  #render(): void {
    if (this.#renderDue) return;
    this.#renderDue = true;
    queueMicrotask(() => {
      this.#renderDue = false;
      if (!this.#ended.signal.aborted) this.#show();
    });
  }

  #show(): void {
    if (this.#isReading()) this.#rooms.markRead(this.#room);
    this.#sidebar.update(this.#rooms, this.#room);
    this.#view.update(this.#room, this.#status, this.#typists.names, this.#roomProblem);
    this.#view.messages.update(this.#timeline(this.#room), this.#name);
    const { unread } = this.#rooms;
    document.title = `${unread ? `(${unread}) ` : ""}${isolated(this.#room)} · FanQL chat`;
  }
}
