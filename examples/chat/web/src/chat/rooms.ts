// The list of rooms: the last message of each and how many are unread.

import type { Message, RoomSummary } from "./api";

export interface Room {
  name: string;
  lastMessage?: Message;
  unread: number;
}

export class Rooms {
  readonly #rooms = new Map<string, Room>();

  /** The latest talk first; rooms where nobody has spoken last, by name. */
  get list(): Room[] {
    return [...this.#rooms.values()].sort(
      (a, b) => sentAt(b) - sentAt(a) || a.name.localeCompare(b.name),
    );
  }

  get unread(): number {
    return this.list.reduce((sum, room) => sum + room.unread, 0);
  }

  /** The room of that name, made when there is none. */
  open(name: string): Room {
    let room = this.#rooms.get(name);
    if (!room) this.#rooms.set(name, (room = { name, unread: 0 }));
    return room;
  }

  /** Takes the server's list, which is asked for on every connection. */
  takeList(summaries: readonly RoomSummary[], own: string): void {
    for (const { name, lastMessage } of summaries) {
      const known = this.#rooms.has(name);
      const room = this.open(name);
      if (!lastMessage || lastMessage.id === room.lastMessage?.id) continue;
      // Something was said while the socket was down; one is all that is known.
      if (known && room.lastMessage && lastMessage.author !== own) room.unread++;
      room.lastMessage = lastMessage;
    }
  }

  /** Takes a message from any room; each counts once. */
  take(message: Message, unread: boolean): void {
    const room = this.open(message.room);
    if (room.lastMessage && (message.id === room.lastMessage.id || Date.parse(message.sentAt) < sentAt(room))) return;
    room.lastMessage = message;
    if (unread) room.unread++;
  }

  markRead(name: string): void {
    const room = this.#rooms.get(name);
    if (room) room.unread = 0;
  }
}

function sentAt(room: Room): number {
  return room.lastMessage ? Date.parse(room.lastMessage.sentAt) : 0;
}
