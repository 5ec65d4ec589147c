// The scenario that every client goes through. A client is an object with
//
//   subscribe(query, variables, { next, error }) → unsubscribe()
//   execute(query, variables)                    → Promise of the data, over the socket
//   close()                                      → ends the socket
//
// next gets the data of one result; error gets a list of messages. The scenario
// prints one line of JSON, which the Go tests check.
import WebSocket from 'ws';

const ROOM = `subscription($room: String!) {
  room(name: $room) { history { id text } message { id author text } typing }
}`;
const SEND = `mutation($room: String!, $text: String!, $author: String) {
  send(room: $room, text: $text, author: $author) { id author text }
}`;
const MESSAGES = `query($room: String!) { messages(room: $room, last: 1) { author text } }`;

const NAME = 'Ada';
const PUBLISHED = 20;
/** How many probes an unsubscribe may take until it is settled. */
const PROBES = 100;

/**
 * run drives one client against the server whose base URL is the first
 * argument of the program.
 *
 * @param {string} name of the client, which also names its room
 * @param {({url, name, WebSocket}) => client} connect opens the client's socket
 *   to url with {name} as its connection parameters
 * @param {string} refused a subscription that the server refuses. Clients that
 *   take text send it as it is; others parse it first, so it has to be
 *   grammatical for them.
 */
export async function run(name, connect, refused = 'subscription {') {
  const base = process.argv[2];
  const room = `e2e ${name}`;
  const wire = new Wire();
  await publish(base, room, 'before');

  const client = connect({ url: `${base.replace(/^http/, 'ws')}/graphql`, name: NAME, WebSocket: wire.WebSocket });

  const first = new Subscription(client, ROOM, { room });
  const history = await first.until((data) => data.room.history);

  const sent = [];
  for (let i = 1; i <= PUBLISHED; i++) {
    sent.push(`message ${i}`);
    await publish(base, room, `message ${i}`);
  }
  await first.until((data) => data.room.message?.text === sent.at(-1));
  first.unsubscribe();

  // Nothing is waited for here: a second subscription, on the same socket, has
  // received what the first one must not have.
  const second = new Subscription(client, ROOM, { room });
  await second.until((data) => data.room.history);
  const probes = await settle(base, room, second, wire);
  const settled = wire.length;
  await publish(base, room, 'late');
  const late = await second.until((data) => data.room.message?.text === 'late');
  second.unsubscribe();

  const errors = await refusal(client, refused);

  // The socket outlives a refused operation.
  const mutation = await client.execute(SEND, { room, text: 'over the socket' });
  const query = await client.execute(MESSAGES, { room });
  await client.close();

  report({
    client: name,
    sockets: wire.sockets,
    protocol: wire.protocol,
    history: history.room.history.map((message) => message.text),
    sent,
    // An event may be part of the first result already, which this one's page drops too.
    received: first.results.flatMap((data) => data.room.message ?? [])
      .filter(({ id }) => !history.room.history.some((known) => known.id === id)).map((message) => message.text),
    late: late.room.message.text,
    probes,
    afterUnsubscribe: wire.receivedAfterEnd().map(({ type }) => type),
    afterSettled: wire.receivedAfterEnd(settled).map(({ type }) => type),
    errors,
    mutation: mutation.send,
    query: query.messages,
  });
}

function report(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** publish sends a message as another party does: over HTTP. */
export async function publish(base, room, text) {
  const response = await fetch(`${base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: SEND, variables: { room, text, author: 'Grace' } }),
  });
  const result = await response.json();
  if (result.errors) throw new Error(`publishing ${text}: ${JSON.stringify(result.errors)}`);
}

/**
 * settle publishes probes until one has reached the second subscription and not
 * the first, which the client has ended: where a server has the messages of
 * a socket in any order, that may take more than one. It returns how many it took.
 */
async function settle(base, room, second, wire) {
  for (let probe = 1; probe <= PROBES; probe++) {
    await publish(base, room, `probe ${probe}`);
    await second.until((data) => data.room.message?.text === `probe ${probe}`);
    // Of the two results of one event either may come first. What there is of the
    // event before has come by now.
    if (probe > 1 && !wire.receivedAfterEnd().some(({ text }) => text === `probe ${probe - 1}`)) return probe - 1;
  }
  throw new Error(`after ${PROBES} probes the client's unsubscribe has no effect`);
}

/** refusal subscribes with a request that the server refuses. */
function refusal(client, query) {
  return new Promise((resolve, reject) => {
    client.subscribe(query, {}, {
      next: (data) => reject(new Error(`a result for a request that is to be refused: ${JSON.stringify(data)}`)),
      error: resolve,
    });
  });
}

/** Subscription keeps the results of one subscription and lets one wait for them. */
class Subscription {
  results = [];
  #waiting = [];
  #failure;

  constructor(client, query, variables) {
    this.unsubscribe = client.subscribe(query, variables, {
      next: (data) => {
        this.results.push(data);
        this.#waiting = this.#waiting.filter(({ wanted, resolve }) => !wanted(data) || resolve(data));
      },
      error: (messages) => {
        this.#failure = new Error(`the subscription failed: ${messages.join('; ')}`);
        for (const { reject } of this.#waiting) reject(this.#failure);
      },
    });
  }

  /** until resolves with the first result, past or to come, that is wanted. */
  until(wanted) {
    const past = this.results.find(wanted);
    if (past) return Promise.resolve(past);
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiting.push({ wanted, resolve, reject }));
  }
}

/**
 * Wire records what crosses the sockets of one client. A client's own callbacks
 * cannot show that the server went silent, since it drops what arrives for an
 * operation that it has ended.
 */
class Wire {
  sockets = 0;
  protocol = '';
  #messages = [];

  constructor() {
    const wire = this;
    this.WebSocket = class extends WebSocket {
      constructor(...args) {
        super(...args);
        wire.sockets++;
        this.on('open', () => (wire.protocol = this.protocol));
        this.on('message', (data) => wire.#record('received', data));
      }

      send(data, ...rest) {
        wire.#record('sent', data);
        super.send(data, ...rest);
      }
    };
  }

  #record(direction, data) {
    const { id, type, payload } = JSON.parse(data.toString());
    this.#messages.push({ direction, id, type, text: payload?.data?.room?.message?.text });
  }

  /** length is how many messages there were so far. */
  get length() {
    return this.#messages.length;
  }

  /**
   * receivedAfterEnd is the messages for the client's first operation that came
   * after the client had ended it, and behind the given number of messages.
   */
  receivedAfterEnd(behind = 0) {
    const ended = this.#messages.findIndex(({ direction, type }) => direction === 'sent' && (type === 'complete' || type === 'stop'));
    if (ended < 0) throw new Error('the client ended no operation');
    const { id } = this.#messages[ended];
    return this.#messages.slice(Math.max(ended + 1, behind))
      .filter((message) => message.direction === 'received' && message.id === id);
  }
}
