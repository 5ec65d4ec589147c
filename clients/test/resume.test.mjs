import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missedEvents, Positions, resumable } from '../dist/resume.js';

/** Fake is a client such as graphql-ws: it serializes its request for each attempt. */
class Fake {
  disposed = 0;

  client = {
    name: 'fake',
    subscribe: (request, sink) => {
      Object.assign(this, { request, sink });
      return () => this.disposed++;
    },
    iterate: () => assert.fail('iterate of the client does not resume'),
  };

  /** attempt is what the next attempt sends. */
  attempt() {
    return JSON.parse(JSON.stringify(this.request));
  }

  /** send is a result from the server, as it comes off the wire. */
  send(event, data = null, more = {}) {
    this.sink.next({ data, ...more, ...(event && { extensions: { event } }) });
  }
}

/** subscribed is a fake whose sink keeps what it is given. */
function subscribed(request = { query: 'subscription { n }' }) {
  const fake = new Fake();
  const got = { results: [], errors: [], completed: 0 };
  const stop = resumable(fake.client).subscribe(request, {
    next: (result) => got.results.push(result.data),
    error: (error) => got.errors.push(error),
    complete: () => got.completed++,
  });
  return { fake, got, stop, resume: () => fake.attempt().extensions.resume };
}

const missed = [{ message: 'events are missing', extensions: { code: 'EVENTS_MISSED' } }];

test('the first attempt asks for positions, and leaves the request as it was', () => {
  const request = { query: 'q', variables: { a: 1 }, extensions: { b: 2 } };
  const { fake } = subscribed(request);
  assert.deepEqual(fake.attempt(), { query: 'q', variables: { a: 1 }, extensions: { b: 2, resume: [] } });
  assert.deepEqual(request, { query: 'q', variables: { a: 1 }, extensions: { b: 2 } });
});

test('where a subscription begins is kept and not shown', () => {
  const { fake, got, resume } = subscribed();
  fake.send({ start: ['aaaaaaaa.e.5', 'bbbbbbbb.e.'] });
  assert.deepEqual(resume(), ['aaaaaaaa.e.5', 'bbbbbbbb.e.']);
  assert.deepEqual(got.results, []);
});

test('the last position of each topic is kept', () => {
  const { fake, got, resume } = subscribed();
  fake.send({ start: ['aaaaaaaa.e.5', 'bbbbbbbb.e.5'] });
  fake.send({ position: 'aaaaaaaa.e.6' }, 1);
  fake.send({ position: 'bbbbbbbb.e.7' }, 2);
  fake.send({ position: 'aaaaaaaa.e.7' }, 3);
  assert.deepEqual(resume(), ['aaaaaaaa.e.7', 'bbbbbbbb.e.7']);
  assert.deepEqual(got.results, [1, 2, 3]);
});

test('repeats are dropped, and positions never go back', () => {
  const { fake, got, resume } = subscribed();
  fake.send({ position: 'aaaaaaaa.e.6' }, 6);
  fake.send({ position: 'aaaaaaaa.e.6' }, 'again');
  fake.send({ position: 'aaaaaaaa.e.5' }, 'earlier');
  fake.send({ start: ['aaaaaaaa.e.4'] }); // it may come after what began there
  fake.send({ position: 'aaaaaaaa.e.60', caughtUp: true }, 60);
  assert.deepEqual(resume(), ['aaaaaaaa.e.60']);
  assert.deepEqual(got.results, [6, 60]);
});

test('positions of a history that has begun anew replace those of the one before', () => {
  const { fake, got, resume } = subscribed();
  fake.send({ position: 'aaaaaaaa.e.6' }, 6);
  fake.send({ start: ['aaaaaaaa.f.'], recovered: false });
  fake.send({ recovered: false }, 'initial');
  fake.send({ position: 'aaaaaaaa.f.1' }, 1);
  assert.deepEqual(resume(), ['aaaaaaaa.f.1']);
  assert.deepEqual(got.results, [6, 'initial', 1]);
});

test('a position may have dots, and compares as a string', () => {
  const { fake, got } = subscribed();
  fake.send({ position: 'aaaaaaaa.e.1.09' }, 1);
  fake.send({ position: 'aaaaaaaa.e.1.1' }, 2);
  fake.send({ position: 'aaaaaaaa.e.1.0900' }, 3);
  assert.deepEqual(got.results, [1, 2]);
});

test('what has no position goes through, again and again', () => {
  const { fake, got, resume } = subscribed();
  for (const event of [undefined, {}, { id: 'x' }, { position: '' }, { position: '0017' }, { position: 'a.b' }, { position: 17 }]) {
    fake.send(event, 1);
    fake.send(event, 1);
  }
  fake.sink.next({ data: null, errors: [{ message: 'one' }] });
  assert.equal(got.results.length, 15);
  assert.deepEqual(resume(), []);
});

test('the sink is given the result as it came', () => {
  const fake = new Fake();
  const results = [];
  resumable(fake.client).subscribe({}, { next: (result) => results.push(result) });
  const result = { data: 1, extensions: { event: { id: 'i', position: 'aaaaaaaa.e.6', caughtUp: true } } };
  fake.sink.next(result);
  assert.equal(results[0], result);
});

test('after EVENTS_MISSED a subscription begins afresh', () => {
  for (const say of [(fake) => fake.sink.error(missed), (fake) => fake.sink.next({ errors: missed })]) {
    const { fake, got, resume } = subscribed();
    fake.send({ position: 'aaaaaaaa.e.6' }, 6);
    say(fake);
    assert.deepEqual(resume(), []);
    assert.equal(got.errors.length + got.results.length, 2);
  }
});

test('other errors, and the end, are passed on and forget nothing', () => {
  const { fake, got, resume } = subscribed();
  fake.send({ position: 'aaaaaaaa.e.6' }, 6);
  for (const error of [new Error('away'), [{ message: 'refused' }], undefined, { code: 4403, reason: 'x' }]) fake.sink.error(error);
  fake.sink.complete();
  assert.deepEqual(resume(), ['aaaaaaaa.e.6']);
  assert.equal(got.errors.length, 4);
  assert.equal(got.completed, 1);
});

test('a request may begin where it says', () => {
  for (const at of ['aaaaaaaa.e.6', ['aaaaaaaa.e.6']]) {
    const { fake, got, resume } = subscribed({ query: 'q', extensions: { resume: at } });
    assert.deepEqual(resume(), ['aaaaaaaa.e.6']);
    fake.send({ position: 'aaaaaaaa.e.6' }, 'known');
    fake.send({ position: 'aaaaaaaa.e.7' }, 7);
    assert.deepEqual(got.results, [7]);
  }
});

test('two subscriptions know nothing of each other', () => {
  const fake = new Fake();
  const client = resumable(fake.client);
  client.subscribe({}, { next() {} });
  fake.send({ position: 'aaaaaaaa.e.6' }, 6);
  client.subscribe({}, { next() {} });
  assert.deepEqual(fake.attempt().extensions.resume, []);
});

test('the rest of the client is as it was', () => {
  const { fake, stop } = subscribed();
  assert.equal(resumable(fake.client).name, 'fake');
  stop();
  assert.equal(fake.disposed, 1);
  assert.equal('iterate' in resumable({ subscribe() {} }), false);
});

test('missedEvents reads what clients make of an error', () => {
  for (const error of [missed, { errors: missed }, { graphQLErrors: missed }, missed[0]]) assert.equal(missedEvents(error), true);
  for (const error of [undefined, null, 'x', [], [null], new Error('x'), { errors: 5 }]) assert.equal(missedEvents(error), false);
});

test('positions alone, for other clients', () => {
  const positions = new Positions();
  assert.equal(positions.accept({ data: 1, extensions: { event: { position: 'aaaaaaaa.e.1' } } }), true);
  assert.equal(positions.accept({ data: 1, extensions: { event: { position: 'aaaaaaaa.e.1' } } }), false);
  assert.deepEqual(positions.resume(), ['aaaaaaaa.e.1']);
  positions.clear();
  assert.deepEqual(positions.resume(), []);
});

test('iterate resumes too', async () => {
  const fake = new Fake();
  const got = [];
  const all = (async () => {
    for await (const { data } of resumable(fake.client).iterate({ query: 'q' })) got.push(data);
  })();
  fake.send({ position: 'aaaaaaaa.e.1' }, 1);
  fake.send({ position: 'aaaaaaaa.e.1' }, 'again');
  await undefined;
  fake.send({ position: 'aaaaaaaa.e.2' }, 2);
  assert.deepEqual(fake.attempt().extensions.resume, ['aaaaaaaa.e.2']);
  fake.sink.complete();
  await all;
  assert.deepEqual(got, [1, 2]);
  assert.equal(fake.disposed, 1);
});

test('an iteration ends with its error, and when it is left', async () => {
  const fake = new Fake();
  const failing = resumable(fake.client).iterate({});
  const first = failing.next();
  fake.sink.error(missed);
  await assert.rejects(first, (error) => error === missed);
  const unstarted = resumable(fake.client).iterate({});
  await unstarted.return();
  const waiting = resumable(fake.client).iterate({});
  const pending = waiting.next();
  await waiting.return();
  assert.deepEqual(await pending, { done: true, value: undefined });
  assert.ok(fake.disposed >= 3);
});
