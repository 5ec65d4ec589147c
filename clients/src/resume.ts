// Subscriptions that miss nothing when their connection is lost: each says what it has
// when its client subscribes again, and the server goes on from there.

/** Sink is what a client gives the results of one operation to. */
export interface Sink {
  next(result: any): void;
  error(error: unknown): void;
  complete(): void;
}

/** Subscriber is a client such as those of graphql-ws and graphql-sse. */
export interface Subscriber {
  subscribe(request: any, sink: any, ...rest: any[]): () => void;
}

/** The code of the error that says that the client lacks events that no history has. */
export const eventsMissed = "EVENTS_MISSED";

/**
 * resumable returns a client that is as the given one, with subscriptions that go on
 * where they were when the connection was lost and the client has subscribed again. It
 * asks the server for positions, keeps the last one of each topic, and sends them with
 * the request of the next attempt. Each event reaches the sink once, in the order of its
 * topic. Topics that keep no history are as they were.
 *
 * The client has to send the request anew for each attempt, as graphql-ws and graphql-sse
 * do: the positions are in the extensions of that object.
 *
 * What a sink finds in the extensions of a result, as event: `caughtUp` is true where the
 * event comes from the history; `recovered` is false where events are missing before this
 * first result. Where nothing stands for missing events, the subscription ends with an
 * error whose code is EVENTS_MISSED (missedEvents tells); a new subscription then begins
 * afresh.
 */
export function resumable<Client extends Subscriber>(client: Client): Client {
  const subscribe = (request: any, sink: Sink, ...rest: any[]): (() => void) => {
    const positions = new Positions(request.extensions?.resume);
    const resuming = { ...request, extensions: { ...request.extensions, resume: positions.resume() } };
    const keep = () => (resuming.extensions.resume = positions.resume());
    return client.subscribe(
      resuming,
      {
        next: (result: unknown) => {
          const wanted = positions.accept(result);
          keep();
          if (wanted) sink.next(result);
        },
        error: (error: unknown) => {
          if (missedEvents(error)) positions.clear();
          keep();
          sink.error(error);
        },
        complete: () => sink.complete(),
      },
      ...rest,
    );
  };
  const iterate = (request: unknown) => iterator((sink) => subscribe(request, sink));
  return Object.assign(Object.create(client), { subscribe }, "iterate" in client && { iterate });
}

/** missedEvents reports whether an error, or the errors of a result, say EVENTS_MISSED. */
export function missedEvents(error: any): boolean {
  const errors = Array.isArray(error) ? error : (error?.errors ?? error?.graphQLErrors ?? [error]);
  return Array.isArray(errors) && errors.some((one) => one?.extensions?.code === eventsMissed);
}

/**
 * Positions are what a subscription has, for clients that resumable does not fit: the last
 * position of each of its topics.
 */
export class Positions {
  /** By the part before the first dot, which stands for a topic. */
  readonly #last = new Map<string, Position>();

  /** Begins with positions that were kept, as one or as a list. */
  constructor(resume: string | readonly string[] = []) {
    for (const text of typeof resume === "string" ? [resume] : resume) this.#advance(text);
  }

  /** resume is what belongs into the request, as extensions.resume. */
  resume(): string[] {
    return [...this.#last.values()].map(({ text }) => text);
  }

  /** clear forgets everything: a subscription begins afresh. */
  clear(): void {
    this.#last.clear();
  }

  /**
   * accept takes a result in the order in which it was received, and reports whether it
   * is for the user: not a repeat, nor the positions alone that a subscription begins
   * with.
   */
  accept(result: any): boolean {
    if (missedEvents(result?.errors ?? [])) this.clear();
    const event = result?.extensions?.event;
    if (Array.isArray(event?.start)) {
      for (const text of event.start) this.#advance(text);
      return false;
    }
    return this.#advance(event?.position);
  }

  /** advance reports false where the position is not after the last one. */
  #advance(text: unknown): boolean {
    const position = parse(text);
    if (!position) return true;
    const last = this.#last.get(position.topic);
    // Those of another history, which has begun anew, are not comparable.
    if (last?.epoch === position.epoch && position.at <= last.at) return false;
    this.#last.set(position.topic, position);
    return true;
  }
}

interface Position {
  text: string;
  topic: string;
  epoch: string;
  at: string;
}

/** parse reads TOPIC.EPOCH.POSITION. */
function parse(text: unknown): Position | undefined {
  const [, topic, epoch, at] = (typeof text === "string" && /^([^.]+)\.([^.]+)\.(.*)$/s.exec(text)) || [];
  if (topic === undefined || epoch === undefined || at === undefined) return undefined;
  return { text: text as string, topic, epoch, at };
}

/** iterator is the results of a subscription, which ends with it. */
function iterator(subscribe: (sink: Sink) => () => void): AsyncIterableIterator<unknown> {
  const results: unknown[] = [];
  let ended: { error?: unknown } | undefined;
  let wake = () => {};
  const end = (how: { error?: unknown }) => {
    ended ??= how;
    wake();
  };
  const stop = subscribe({
    next: (result) => {
      results.push(result);
      wake();
    },
    error: (error) => end({ error }),
    complete: () => end({}),
  });
  let disposed = false;
  const dispose = () => {
    if (!disposed) stop();
    disposed = true;
  };
  const pull = async function* () {
    try {
      for (;;) {
        while (results.length > 0) yield results.shift();
        if (ended && "error" in ended) throw ended.error;
        if (ended) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      dispose();
    }
  };
  const pulled = pull();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => pulled.next(),
    throw: (error) => {
      end({ error });
      dispose();
      return pulled.throw(error);
    },
    // The generator disposes of nothing before it has begun, at the first next.
    return: async (value) => {
      end({});
      dispose();
      await pulled.return(undefined);
      return { done: true, value };
    },
  };
}
