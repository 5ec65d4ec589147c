// The npm package graphql-ws on ws. It is started, asked to publish and measured
// as internal/peer does it for the servers written in Go.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const text = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all; it was asleep.";
const subscribers = new Set();

// Subscriber is an async iterator over what is published while it lasts.
class Subscriber {
  queue = [];
  waiting;

  constructor() {
    subscribers.add(this);
  }
  push(value) {
    if (this.waiting) {
      this.waiting({ value, done: false });
      this.waiting = undefined;
    } else {
      this.queue.push(value);
    }
  }
  next() {
    if (this.queue.length > 0) {
      return Promise.resolve({ value: this.queue.shift(), done: false });
    }
    return new Promise((resolve) => (this.waiting = resolve));
  }
  return() {
    subscribers.delete(this);
    this.waiting?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}

const schema = buildSchema(`
  type Query { ok: Boolean }
  type Message { id: ID! text: String! author: String! sentAt: String! }
  type Subscription { message(suffix: String): Message! personal: Message! }
`);
const { message, personal } = schema.getSubscriptionType().getFields();
message.subscribe = personal.subscribe = () => new Subscriber();
message.resolve = (published, { suffix }) => (suffix ? { ...published, text: published.text + suffix } : published);
personal.resolve = (published, _, { connectionParams }) => ({ ...published, author: connectionParams.name });

const server = createServer((request, response) => {
  if (request.url.includes("collect")) {
    globalThis.gc?.();
  }
  const { user, system } = process.cpuUsage();
  response.end(JSON.stringify({ cpuSeconds: (user + system) / 1e6, resident: process.memoryUsage.rss() }));
});
useServer({ schema, context: (context) => context }, new WebSocketServer({ server, path: "/graphql" }));
server.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [first, n, sentAt] = line.split(" ");
    for (let i = 0; i < Number(n); i++) {
      const published = { id: `event-${Number(first) + i}`, text, author: "ann", sentAt };
      for (const subscriber of subscribers) {
        subscriber.push(published);
      }
    }
  })
  .on("close", () => process.exit(0));
