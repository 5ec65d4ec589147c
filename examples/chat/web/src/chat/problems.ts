// What can go wrong, in words for people.

/** The socket closed while an answer was due: the operation may or may not have been carried out. */
export class Disconnected extends Error {
  constructor() {
    super("the connection was lost");
  }
}

/** No answer came in time: the operation may or may not have been carried out. */
export class TimedOut extends Error {
  constructor() {
    super("the server did not answer in time");
  }
}

/** The server answered with GraphQL errors. */
export class Refused extends Error {
  constructor(errors: readonly { message: string }[]) {
    super(errors[0]?.message ?? "the server refused");
  }
}

/** Says why a connection was given up, as a sentence. */
export function explainStop(problem: unknown): string {
  if (hasCode(problem)) {
    const reason = problem.reason ? `: ${problem.reason.replace(/\.$/, "")}` : "";
    if (problem.code === 4403) return `The server refused the connection${reason}.`;
    return `The server ended the connection (${problem.code})${reason}.`;
  }
  return "The server and this page don’t understand each other.";
}

/** Says what became of a message that was not confirmed, as a sentence. */
export function explainSend(problem: unknown): string {
  if (problem instanceof Refused) return `Not sent: ${problem.message.replace(/\.$/, "")}.`;
  if (problem instanceof Disconnected || problem instanceof TimedOut) return `Perhaps not sent: ${problem.message}.`;
  return "Not sent: the server can’t be reached.";
}

/** Whether this is a socket's end with a close code, such as a CloseEvent. */
export function hasCode(problem: unknown): problem is { code: number; reason: string } {
  return typeof problem === "object" && problem !== null && "code" in problem && "reason" in problem;
}
