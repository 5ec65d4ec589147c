// The documents that the chat sends, and what comes back: the schema's contract.

export interface Message {
  id: string;
  room: string;
  author: string;
  text: string;
  /** RFC 3339. */
  sentAt: string;
}

export interface RoomUpdate {
  history: Message[] | null;
  message: Message | null;
  typing: string | null;
}

export interface RoomSummary {
  name: string;
  lastMessage: Message | null;
}

const message = "{ id room author text sentAt }";

export const roomsQuery = `query Rooms { rooms { name lastMessage ${message} } }`;

export const sendMutation = `mutation Send($room: String!, $text: String!) { send(room: $room, text: $text) ${message} }`;

export const typingMutation = "mutation Typing($room: String!) { typing(room: $room) }";

export const roomSubscription = `subscription Room($name: String!) {
  room(name: $name) { history ${message} message ${message} typing }
}`;

export const activitySubscription = `subscription Activity { activity ${message} }`;

export interface RoomsData {
  rooms: RoomSummary[];
}
export interface SendData {
  send: Message;
}
export interface RoomData {
  room: RoomUpdate;
}
export interface ActivityData {
  activity: Message;
}
