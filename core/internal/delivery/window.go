package delivery

import (
	"context"
	"time"
)

// window is some of the events of a fan-out, from begin on and before end.
type window struct{ begin, end int }

// windows cut the events so that the time for a page suffices: a page costs its
// subscribers times the events. Where nothing bounds the time, all are one window.
type windows struct {
	now   func() time.Time
	began time.Time
	// time is that for the page, if it is bounded.
	bounded bool
	time    time.Duration
	// begin is where the next window does, and pushed how many events there were before.
	begin, size, pushed int
}

// windows are those of the page. Others says that more pages come after it, which will
// take as long, each of them in an invocation of its own if need be; so half of the
// time is for the first one. Where there cannot be fewer events, all are one window.
func (f *fanout) windows(ctx context.Context, others bool) *windows {
	left, bounded := f.timeLeft(ctx, f.began)
	if others {
		left /= 2
	}
	return &windows{
		now: f.Now, began: f.Now(), bounded: bounded && f.canShorten(), time: left, size: 1,
	}
}

// next is the next window of so many events: first of one event, then of twice as
// many as long as they fit. It reports false where there is no other, or no time
// for one.
func (w *windows) next(events int) (window, bool) {
	switch {
	case !w.bounded:
		w.size = events
	case w.pushed > 0:
		w.size = min(2*w.size, w.fit(events))
	}
	if w.begin >= events || w.size < 1 {
		return window{}, false
	}
	next := window{w.begin, min(w.begin+w.size, events)}
	w.begin = next.end
	w.pushed += next.end - next.begin
	return next, true
}

// skip leaves out the events before one that everybody has had.
func (w *windows) skip(to int) { w.begin = max(w.begin, to) }

// fit is how many events the rest of the time is for, as those before took.
func (w *windows) fit(events int) int {
	spent := w.now().Sub(w.began)
	if spent <= 0 {
		return events
	}
	return int(int64(w.time-spent) * int64(w.pushed) / int64(spent))
}

// isShort reports whether there is too little time for so many events, as far as the
// first window can tell.
func (w *windows) isShort(events int) bool {
	return w.bounded && w.pushed == 1 && w.fit(events) < events-w.begin
}

// canShorten reports whether no other page has had the events, so that there may be
// fewer of them.
func (f *fanout) canShorten() bool { return f.page.number == 1 && !f.resumed }

// shorten leaves the events from one on for later, and reports whether the page has
// had all others. Where there cannot be fewer, or none would be left, it has not, and
// comes again.
func (f *fanout) shorten(events int) bool {
	switch {
	case events == f.count():
		return true
	case !f.canShorten() || events == 0:
		f.again = f.page
		return false
	}
	f.due.Store(int64(events))
	return true
}

// comesAgain reports whether a connection will get what it lacks with the next
// delivery in any case.
func (f *fanout) comesAgain(p *progress) bool {
	return p.event >= f.count() || f.again != nil && p.page.number >= f.again.number
}
