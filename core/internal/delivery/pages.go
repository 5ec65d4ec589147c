package delivery

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fanql/fanql/ports"
)

// run pushes all pages from the one on that next returns, which the cursor leads
// to, and says how many of the events are done with. If some are not, it leaves a
// checkpoint. No error: the events after those had no time.
func (f *fanout) run(ctx context.Context, cursor ports.Cursor, next func() (ports.Page, error)) (done int, err error) {
	pushing, stop := f.pushing(ctx)
	defer stop()
	f.cut = stop
	at, err := f.pages(ctx, pushing, cursor, next)
	f.finish(ctx)
	if cutErr := cut(ctx); cutErr != nil {
		return 0, cutErr
	}
	if err == nil {
		done, err = f.verdict()
	}
	if err == nil {
		return done, nil
	}
	if f.left != nil { // in whose page the delivery has to go on
		at = f.left.page.cursor
	}
	return done, f.stop(ctx, at, err)
}

// pushing is the context of all pushes of events: what is under way when the time is
// up is cut, and not waited for.
func (f *fanout) pushing(ctx context.Context) (context.Context, context.CancelFunc) {
	return within(ctx, func() (time.Duration, bool) { return f.timeLeft(ctx, f.began) })
}

// pages pushes page after page. The page after it is read while one is pushed, so
// that two pages are in memory whatever the number of subscribers. A page begins only
// if there is time for as much as the page before took; the first one in any case, so
// that each delivery gets further. The cursor that it returns with an error leads to
// the first page that was not pushed.
func (f *fanout) pages(ctx, pushing context.Context, cursor ports.Cursor, next func() (ports.Page, error)) (ports.Cursor, error) {
	for {
		page, err := next()
		if err != nil {
			return cursor, err
		}
		last := page.Next == ""
		if !last {
			next = f.prefetch(ctx, f.topic, page.Next)
		}
		before, began := f.sums(), f.Now()
		whole := f.push(pushing, cursor, page)
		if last && whole {
			return "", nil
		}
		if whole {
			cursor = page.Next
			took := f.Now().Sub(began)
			f.event = took / time.Duration(f.count())
			if !f.isAway(ctx, before) && f.hasTime(ctx, took) {
				continue
			}
		}
		if !last {
			_, _ = next()
		}
		if f.left != nil {
			return cursor, f.left.err(true)
		}
		return cursor, errUnfinished
	}
}

// push delivers the batch to the page of subscribers that the cursor led to, in
// windows of events. It reports false where the time was up before everybody had a
// window: then the page is as good as not pushed, or the batch shorter.
func (f *fanout) push(ctx context.Context, cursor ports.Cursor, page ports.Page) bool {
	f.page = &listed{f.page.number + 1, cursor}
	f.counts.listed.Add(int64(len(page.Subscribers)))
	live, behind := splitByPlace(page.Subscribers)
	defer f.bringUp(ctx, behind)()
	runs := byConnection(f.members(ctx, live))
	windows := f.windows(ctx, page.Next != "")
	for w, ok := windows.next(f.count()); ok; w, ok = windows.next(f.count()) {
		if !f.pushWindow(ctx, runs, w) {
			return f.shorten(w.begin)
		}
		if page.Next == "" && windows.isShort(f.count()) {
			windows.skip(f.doneBefore(ctx))
		}
	}
	return f.shorten(windows.begin)
}

// byConnection cuts a page into one run per connection.
func byConnection(page []member) [][]member {
	slices.SortStableFunc(page, func(a, b member) int {
		return strings.Compare(string(a.Ref.Connection), string(b.Ref.Connection))
	})
	runs := make([][]member, 0, len(page))
	for start, i := 0, 1; i <= len(page); i++ {
		if i == len(page) || page[i].Ref.Connection != page[start].Ref.Connection {
			runs = append(runs, page[start:i])
			start = i
		}
	}
	return runs
}

// doneBefore is how many of the events a former delivery has done with, as far as a
// checkpoint says so. A topic of one page is asked only where the time is short: an
// event of several that a bus hands over together then comes twice, but the others get
// further.
func (f *fanout) doneBefore(ctx context.Context) int {
	done, _, _, err := f.resume(ctx)
	if err != nil {
		return 0
	}
	return done - f.begin
}

// finish waits for the slow connections and settles the lost ones.
func (f *fanout) finish(ctx context.Context) {
	f.slow.wait(f.cut, f.slowPatience())
	f.settle(ctx)
	f.counts.observe(ctx, f.Observation)
}

// stop leaves a checkpoint at the first page that was not pushed, so that the
// events are not repeated to those before it. If that fails too they are: at
// least once is kept in any case.
func (f *fanout) stop(ctx context.Context, at ports.Cursor, cause error) error {
	end := f.begin + f.count()
	if at == "" { // nobody has had these
		end = f.begin
	}
	return f.save(ctx, f.begin, end, at, cause)
}
