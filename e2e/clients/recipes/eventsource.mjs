// docs:start eventsource
import { missedEvents, Positions } from '@fanql/resume';
import { EventSource } from 'eventsource';

/** EventSource sends the last position of one topic by itself; resume=[] asks for the first. */
export function listen(url, query, { next, error, complete, ...options }) {
  const params = new URLSearchParams({ query, extensions: JSON.stringify({ resume: [] }) });
  const source = new EventSource(`${url}?${params}`, options);
  const positions = new Positions();
  source.addEventListener('next', ({ data }) => {
    const result = JSON.parse(data);
    if (missedEvents(result.errors ?? [])) error(result.errors); // the stream ends: listen again
    else if (positions.accept(result)) next(result);
  });
  source.addEventListener('complete', () => {
    source.close();
    complete();
  });
  return () => source.close();
}
// docs:end eventsource
