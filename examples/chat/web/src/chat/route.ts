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
    const name = tidyRoomName(decodeURIComponent(hash.slice(prefix.length)));
    return roomProblem(name) ? "" : name;
  } catch {
    return ""; // a broken escape: nobody's room
  }
}

/** One line, single spaces, no leading #; may be empty, or longer than a name may be. */
export function tidyRoomName(text: string): string {
  return text.replace(/^[\s#]+/, "").replace(/\s+/g, " ").trim();
}

/** Says why a tidy name is refused, as a sentence; "" where it is not. */
export function roomProblem(name: string): string {
  const length = [...name].length; // as the server counts
  if (length === 0) return "A room needs a name.";
  return length > longestRoomName ? `A room’s name may have ${longestRoomName} characters; this one has ${length}.` : "";
}
