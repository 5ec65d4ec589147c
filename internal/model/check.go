package model

import (
	"maps"
	"slices"
	"strings"

	"github.com/fanql/fanql/ports/portfault"
)

// received is what a client got for one operation: when it had each event first,
// and how often.
type received struct {
	first map[int]int64
	times map[int]int
}

func (c *client) received(o *operation) received {
	r := received{first: map[int]int64{}, times: map[int]int{}}
	for _, f := range c.frames {
		if f.kind != "next" || f.id != o.id || f.alias != o.alias || f.number == 0 {
			continue
		}
		if r.times[f.number]++; r.times[f.number] == 1 {
			r.first[f.number] = f.at
		}
	}
	return r
}

// endedAt is when the client received the end of its operation, or ended it; 0
// if neither.
func (c *client) endedAt(o *operation) int64 {
	ended := o.completed
	sooner := func(at int64) {
		if at > 0 && (ended == 0 || at < ended) {
			ended = at
		}
	}
	sooner(c.ended)
	for _, f := range c.frames {
		if f.id == o.id && (f.kind == "error" || f.kind == "complete") {
			sooner(f.at)
		}
	}
	return ended
}

// failedAt is when the client was sent an error for an ID; 0 if it was not.
func (c *client) failedAt(id string) int64 {
	for _, f := range c.frames {
		if f.id == id && f.kind == "error" {
			return f.at
		}
	}
	return 0
}

// before reports whether one event was published before another.
func (e *event) before(other *event) bool {
	if e.begun == other.begun { // in one call
		return e.place < other.place
	}
	return e.returned > 0 && e.returned < other.begun
}

// checkEvents checks what every operation of every client got.
func (w *world) checkEvents() {
	repeats := w.repeatsAllowed()
	for _, c := range w.clients {
		for _, o := range c.operations {
			got := c.received(o)
			placed := w.truth.placedAt(o.ref(c), o.receivedAt)
			ended := c.endedAt(o)
			var due []*event
			for _, e := range w.events {
				w.checkEvent(c, o, e, got, repeats)
				if placed > 0 && placed < e.begun && e.returned > 0 && slices.Contains(o.topics, e.topic) {
					due = append(due, e)
				}
			}
			w.checkDue(c, o, due, got, ended)
			if o.resumes != nil && !o.resumed {
				w.checkChain(c, o)
			}
		}
	}
}

// checkChain checks an operation together with those of former connections that it
// goes on with: from the first placement on the client misses nothing, or has received an error.
func (w *world) checkChain(c *client, o *operation) {
	all := c.received(o)
	first, firstClient := o, c
	for first.resumes != nil {
		firstClient, first = first.resumes.client, first.resumes.operation
		maps.Copy(all.first, firstClient.received(first).first)
	}
	placed := w.truth.placedAt(first.ref(firstClient), first.receivedAt)
	if placed == 0 {
		return
	}
	var due []*event
	for _, e := range w.events {
		if placed < e.begun && e.returned > 0 && slices.Contains(o.topics, e.topic) {
			due = append(due, e)
		}
	}
	w.chains++
	w.checkDue(c, o, due, all, c.endedAt(o))
}

// checkEvent checks what holds for each event by itself.
func (w *world) checkEvent(c *client, o *operation, e *event, got received, repeats bool) {
	removed := w.truth.removedAt(o.ref(c), o.receivedAt)
	switch times := got.times[e.number]; {
	case times == 0:
	case !slices.Contains(o.topics, e.topic):
		w.violated("%v got %d, which is not of its topics", o.ref(c), e.number)
	case o.handled > 0 && e.begun > o.handled:
		w.violated("complete takes effect: of %v it was handled at %d, and it got %d, published at %d", o.ref(c), o.handled, e.number, e.begun)
	case !o.reused && o.tries.Load() == 1 && removed > 0 && e.begun > max(removed, c.failedAt(o.id)):
		w.violated("nothing comes after an error: %v was removed at %d, and got %d, published at %d", o.ref(c), removed, e.number, e.begun)
	case times > 1 && !repeats && o.resumes == nil: // the handler and a delivery may both catch it up
		w.violated("a repeat needs a reason: %v got %d %d times", o.ref(c), e.number, times)
	}
}

// checkDue checks the events that an operation has to get while it lasts. They
// are in the order in which they were begun.
func (w *world) checkDue(c *client, o *operation, due []*event, got received, ended int64) {
	for i, e := range due {
		first, came := got.first[e.number]
		if !came && ended == 0 {
			w.violated("nothing is missing in silence: %v %s did not get %d, and has not ended", o.ref(c), o.alias, e.number)
		}
		for _, later := range due[i+1:] {
			next, cameLater := got.first[later.number]
			if later.topic != e.topic || !e.before(later) || !cameLater || ended > 0 && ended < next {
				continue
			}
			if !came {
				w.violated("nothing is missing in silence: %v did not get %d, and then %d", o.ref(c), e.number, later.number)
			} else if next < first && !e.end {
				w.violated("in order: %v got %d before %d", o.ref(c), later.number, e.number)
			}
		}
	}
}

// repeatsAllowed reports whether there was a reason for repeats.
func (w *world) repeatsAllowed() bool {
	if w.shape.deadline > 0 || w.shape.outages > 0 {
		return true
	}
	for fault := range w.faults.Injected() {
		if reason(fault, w.shape.keep > 0) {
			return true
		}
	}
	return false
}

// reason reports whether a fault may lead to a repeat. Where topics keep their events, a
// subscriber who cannot be put behind has the batch delivered again.
func reason(fault portfault.Fault, keeps bool) bool {
	switch fault.Kind {
	case portfault.Latency:
		return false
	case portfault.Crash:
		return true
	}
	switch fault.Call {
	case "Publish":
		return fault.Kind == portfault.Duplicate || keeps
	case "MovePlace", "GetSubscriber", "Read":
		return keeps
	case "Push":
		return fault.Kind == portfault.LostAnswer
	case "Deliver":
		return fault.Kind != portfault.Throttled && fault.Kind != portfault.Timeout
	case "ListSubscribers", "SaveCheckpoint", "LoadCheckpoint":
		return fault.Kind != portfault.Partial
	default:
		return strings.Contains(fault.Call, ".") // a request of the adapter's own
	}
}

// checkClients: the model's clients do nothing wrong, except that they may use an
// ID again so soon that the end of its operation is still on its way.
func (w *world) checkClients() {
	for _, c := range w.clients {
		reused := false
		for _, o := range c.operations {
			reused = reused || o.reused
		}
		if c.code >= 4000 && (c.code != 4409 || !reused) {
			w.violated("%s was closed with %d and did nothing wrong", c.address.ID, c.code)
		}
	}
}
