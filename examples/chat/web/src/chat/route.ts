// The room in the address: #room/<name>, so that a room can be linked to.

export const longestRoomName = 40;

const prefix = "#room/";

export function roomLink(room: string): string {
  return prefix + encodeURIComponent(room);
}

/** The room that the address names, or "" when it names none. */
export function roomInAddress(hash = location.hash): string {
  if (!hash.startsWith(prefix)) return "";
  try {
    return tidyRoomName(decodeURIComponent(hash.slice(prefix.length)));
  } catch {
    return ""; // a broken escape: nobody's room
  }
}

/** One line, single spaces, no leading #, at most longestRoomName characters; may be empty. */
export function tidyRoomName(text: string): string {
  return text.replace(/^[\s#]+/, "").replace(/\s+/g, " ").slice(0, longestRoomName).trim();
}
