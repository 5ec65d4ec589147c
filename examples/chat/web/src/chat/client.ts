// The socket: one graphql-ws client that stays connected, and four things that
// the client leaves to its user. It never repeats a request that the server may
// have carried out, it subscribes again when the server ends a subscription, it
// notices a silent death, and subscriptions go on where they were.

import { resumable } from "@fanql/resume";
import { createClient, type Client, type FormattedExecutionResult } from "graphql-ws/client";
import { Disconnected, hasCode, Refused, TimedOut } from "./problems";

export type Status =
  | { kind: "connecting" | "live" | "reconnecting" }
  /** Given up: trying again by itself would not help. */
  | { kind: "stopped"; problem: unknown };

// API Gateway closes a socket after ten idle minutes and each ping is an
// invocation, so once a minute is enough.
const pingEvery = 60_000;
const pongWithin = 10_000;
const answerWithin = 15_000;
const longestRetry = 15_000;
const leastBetweenSockets = 2_000;

type Variables = Record<string, unknown>;

/** What results of a subscription say of their event. */
interface EventExtensions extends Record<string, unknown> {
  /** The event happened while this client was away. */
  event?: { caughtUp?: boolean };
}

export class Connection {
  readonly #client: Client;
  readonly #resuming: Client;
  readonly #onStatus: (status: Status) => void;
  /** Rejects each request that is under way. */
  readonly #underWay = new Set<(problem: unknown) => void>();
  readonly #ended = new AbortController();
  #acknowledged = false;
  #wasLive = false;
  #openedAt = -Infinity;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, connectionParams: Variables, onStatus: (status: Status) => void) {
    this.#onStatus = onStatus;
    this.#client = createClient({
      url: async () => {
        // The client reconnects at once, for ever, on close code 1000, which is
        // the only code that API Gateway can send.
        await pause(this.#openedAt + leastBetweenSockets - performance.now());
        return url;
      },
      connectionParams,
      keepAlive: pingEvery,
      connectionAckWaitTimeout: 10_000,
      retryAttempts: Infinity,
      retryWait: (retries) => this.#backOff(retries),
      shouldRetry: (problem) => this.#worthRetrying(problem),
      on: {
        connecting: (isRetry) => {
          this.#acknowledged = false;
          this.#report({ kind: isRetry || this.#wasLive ? "reconnecting" : "connecting" });
        },
        opened: () => (this.#openedAt = performance.now()),
        connected: () => {
          this.#acknowledged = this.#wasLive = true;
          this.#report({ kind: "live" });
        },
        ping: (received) => {
          if (!received) this.#pongTimer = setTimeout(() => this.#client.terminate(), pongWithin);
        },
        pong: (received) => {
          if (received) clearTimeout(this.#pongTimer);
        },
        closed: () => this.#lost(),
      },
    });
    this.#resuming = resumable(this.#client);
    const { signal } = this.#ended;
    // Browsers keep a socket that has no network for minutes before they tell.
    addEventListener("offline", () => this.#client.terminate(), { signal });
  }

  /** Runs a query or a mutation once. Rejects with Refused, Disconnected, TimedOut, or why the connection was given up. */
  request<Data>(query: string, variables: Variables = {}): Promise<Data> {
    return new Promise((resolve, reject) => {
      let answer: FormattedExecutionResult<Data, unknown> | undefined;
      const settle = (conclude: () => void) => {
        clearTimeout(timer);
        this.#underWay.delete(fail);
        conclude();
        // The client would send the operation again on its next socket; a
        // message must not be said twice.
        stop();
      };
      const fail = (problem: unknown) => settle(() => reject(asRefusal(problem)));
      const timer = setTimeout(() => fail(new TimedOut()), answerWithin);
      this.#underWay.add(fail);
      const stop = this.#client.subscribe<Data>(
        { query, variables },
        {
          next: (result) => (answer = result),
          error: fail,
          complete: () => {
            if (answer?.errors?.length) fail(answer.errors);
            else if (answer?.data) settle(() => resolve(answer!.data!));
            else fail(new Disconnected());
          },
        },
      );
    });
  }

  /**
   * Subscribes until the returned function is called: across reconnections, after
   * which what was missed comes first, and afresh, ever more slowly, when the server
   * ends the subscription or reports an error. onProblem is called with each such error.
   */
  watch<Data>(
    query: string,
    variables: Variables,
    onData: (data: Data, caughtUp: boolean) => void,
    onProblem: (problem: Error) => void,
  ): () => void {
    let unsubscribe = () => {};
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let stopped = false;
    const again = () => {
      if (!stopped) timer = setTimeout(start, retryDelay(failures++));
    };
    const start = () => {
      unsubscribe = this.#resuming.subscribe<Data, EventExtensions>(
        { query, variables },
        {
          next: (result) => {
            if (stopped) return;
            if (result.errors?.length) return onProblem(new Refused(result.errors));
            failures = 0;
            if (result.data) onData(result.data, result.extensions?.event?.caughtUp ?? false);
          },
          error: (problem) => {
            if (stopped) return;
            // Anything but GraphQL errors is the end of the whole connection.
            if (!Array.isArray(problem)) return this.#report({ kind: "stopped", problem });
            onProblem(new Refused(problem));
            again();
          },
          complete: again,
        },
      );
    };
    const stop = () => {
      stopped = true;
      clearTimeout(timer);
      unsubscribe();
      this.#ended.signal.removeEventListener("abort", stop);
    };
    this.#ended.signal.addEventListener("abort", stop);
    start();
    return stop;
  }

  /** Ends everything. No status is reported afterwards. */
  close(): void {
    this.#ended.abort();
    this.#lost();
    // It waits for a connection under way, whose failure is of no interest now.
    Promise.resolve(this.#client.dispose()).catch(() => {});
  }

  #lost(): void {
    clearTimeout(this.#pongTimer);
    if (!this.#acknowledged && !this.#ended.signal.aborted) return;
    // Only an acknowledged socket can have carried a request; those that still
    // wait for one may go on waiting.
    this.#acknowledged = false;
    for (const fail of [...this.#underWay]) fail(new Disconnected());
    this.#report({ kind: "reconnecting" });
  }

  #worthRetrying(problem: unknown): boolean {
    // 4403 is the server's considered no.
    if (hasCode(problem)) return problem.code !== 4403;
    // A message that breaks the protocol is a refusal too where it comes instead
    // of the acknowledgement, since some transports can send no code; later it
    // is a gateway's mishap.
    if (problem instanceof Error) return this.#acknowledged;
    return true;
  }

  #backOff(retries: number): Promise<void> {
    return new Promise((resolve) => {
      const over = new AbortController();
      const go = () => {
        over.abort();
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(go, retryDelay(retries));
      addEventListener("online", go, { signal: over.signal });
      this.#ended.signal.addEventListener("abort", go, { signal: over.signal });
    });
  }

  #report(status: Status): void {
    if (!this.#ended.signal.aborted) this.#onStatus(status);
  }
}

function asRefusal(problem: unknown): unknown {
  return Array.isArray(problem) ? new Refused(problem) : problem;
}

/** Doubles from one second, and is spread out so that clients don't return all at once. */
function retryDelay(retries: number): number {
  return Math.min(1_000 * 2 ** retries, longestRetry) * (0.5 + Math.random() / 2);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => (milliseconds > 0 ? setTimeout(resolve, milliseconds) : resolve()));
}
