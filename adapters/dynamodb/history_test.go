//go:build integration

package dynamodb_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

var keep = ports.Retention{Count: 1000, Age: time.Hour}

// kept are events at the positions from first to last.
func kept(first, last int) (events []ports.Event) {
	for n := first; n <= last; n++ {
		position := fmt.Sprintf("%06d", n)
		events = append(events, ports.Event{
			ID: position, Position: position, Topic: "topic", Kind: ports.EventData, Payload: []byte(position), Keep: keep,
		})
	}
	return events
}

// appends appends events one by one and returns the history's beginning.
func (f fixture) appends(t *testing.T, events []ports.Event) ports.Mark {
	t.Helper()
	mark, err := f.Head(t.Context(), "topic", keep)
	success(t, err)
	for _, event := range events {
		_, err := f.Append(t.Context(), "topic", event)
		success(t, err)
	}
	return mark
}

// wantRead compares what is read from a mark on, to the end.
func (f fixture) wantRead(t *testing.T, from ports.Mark, limit, first, last int) {
	t.Helper()
	next := first
	for more := true; more; {
		events, hasMore, err := f.Read(t.Context(), "topic", from, limit)
		if err != nil {
			t.Errorf("Read from %q: %v", from.Position, err)
			return
		}
		for _, event := range events {
			if event.Position != fmt.Sprintf("%06d", next) {
				t.Errorf("read %s, want %06d", event.Position, next)
			}
			next++
			from.Position = event.Position + "\x00"
		}
		if more = hasMore; more && len(events) == 0 {
			t.Errorf("no events, and more of them")
			return
		}
	}
	if next != last+1 {
		t.Errorf("read up to %06d, want %06d", next-1, last)
	}
}

func (f fixture) wantGap(t *testing.T, from ports.Mark) {
	t.Helper()
	events, _, err := f.Read(t.Context(), "topic", from, 0)
	refused(t, err, ports.ErrGap)
	if len(events) > 0 {
		t.Errorf("%d events come with the gap", len(events))
	}
}

// historyRows are those that the table has of a history.
func historyRows(t *testing.T, tables dynamodb.Tables, topic ports.Topic) []map[string]types.AttributeValue {
	t.Helper()
	output, err := server.Client().Query(t.Context(), &sdk.QueryInput{
		TableName: &tables.Subscriptions, KeyConditionExpression: aws.String("event = :history"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":history": &types.AttributeValueMemberS{Value: "fanql:history:" + string(topic)},
		},
	})
	success(t, err)
	return output.Items
}

func at(epoch string, n int) ports.Mark {
	return ports.Mark{Epoch: epoch, Position: fmt.Sprintf("%06d", n)}
}

func TestRequestsOfAHistory(t *testing.T) {
	f, counted := counting(t)
	begin, err := f.Head(t.Context(), "topic", keep)
	success(t, err)
	counted.want(t, "Head without a history", "1 Query, 1 PutItem")
	_, err = f.Head(t.Context(), "topic", keep)
	success(t, err)
	counted.want(t, "Head", "1 Query")
	for n, want := range []string{"1 Query, 1 PutItem", "1 PutItem", "1 PutItem"} {
		_, err := f.Append(t.Context(), "topic", kept(10*n+1, 10*n+10)...)
		success(t, err)
		counted.want(t, "Append", want)
	}
	_, err = f.Append(t.Context(), "topic", kept(21, 30)...)
	success(t, err)
	counted.want(t, "Append again", "none")
	for _, test := range []struct {
		from ports.Mark
		want string
	}{
		{begin, "1 Query"},
		{begin.After(), "1 Query"},
		{at(begin.Epoch, 10).After(), "1 Query"},
		{at(begin.Epoch, 10), "2 Query"},
		{at(begin.Epoch, 15).After(), "2 Query"},
	} {
		_, _, err := f.Read(t.Context(), "topic", test.from, 100)
		success(t, err)
		counted.want(t, fmt.Sprintf("Read from %q", test.from.Position), test.want)
	}
}

// TestLostAnswerToAnAppend: the client repeats it, and finds its own row.
func TestLostAnswerToAnAppend(t *testing.T) {
	f, lossy := newFixture(t), &faults{}
	begin := f.appends(t, kept(1, 1))
	f.Backend = newBackend(t, dynamodb.Config{Client: lossy.patient(), Tables: f.tables, Now: f.clock.Now})
	for _, n := range []int{2, 3} {
		lossy.set(func(f *faults) { f.lose = once("PutItem") })
		epoch, err := f.Append(t.Context(), "topic", kept(n, n)...)
		success(t, err)
		if got := lossy.count("PutItem"); got != 2 || epoch != begin.Epoch {
			t.Errorf("%d attempts, epoch %s, want 2, %s", got, epoch, begin.Epoch)
		}
	}
	f.wantRead(t, begin, 0, 1, 3)
}

// TestEveryMarkOfAHistory reads from each place in a history of rows of different
// lengths, in chunks of each length.
func TestEveryMarkOfAHistory(t *testing.T) {
	f := newFixture(t)
	begin := f.appends(t, nil)
	for next, n := 1, 1; n <= 5; n++ {
		_, err := f.Append(t.Context(), "topic", kept(next, next+n-1)...)
		success(t, err)
		next += n
	}
	for _, limit := range []int{0, 1, 2, 7} {
		f.wantRead(t, begin, limit, 1, 15)
		f.wantRead(t, begin.After(), limit, 1, 15)
		for n := 1; n <= 15; n++ {
			f.wantRead(t, at(begin.Epoch, n), limit, n, 15)
			f.wantRead(t, at(begin.Epoch, n).After(), limit, n+1, 15)
		}
	}
	for _, n := range []int{16, 99} { // Nobody was given a mark that is behind the end.
		f.wantGap(t, at(begin.Epoch, n))
	}
	for _, epoch := range []string{"", "x", "00000000", "00000000" + strings.Repeat("x", 26), "00000001" + begin.Epoch[8:], strings.Repeat("0", 2000)} {
		f.wantGap(t, ports.Mark{Epoch: epoch, Position: "000015\x00"})
	}
	f.wantGap(t, ports.Mark{Epoch: begin.Epoch, Position: strings.Repeat("0", 2000)})
}

// TestHistoryWithAnyRowGone: TTL deletes rows in any order. From each mark a Read has all
// that was appended, or says that there is a gap; unless what is gone is the newest row.
func TestHistoryWithAnyRowGone(t *testing.T) {
	f := newFixture(t)
	begin := f.appends(t, kept(1, 6))
	rows := map[string]map[string]types.AttributeValue{}
	for _, row := range historyRows(t, f.tables, "topic") {
		if last := textOf(row["last"]); last != "" {
			rows[last] = row
		}
	}
	if len(rows) != 6 {
		t.Fatalf("there are %d rows, want 6", len(rows))
	}
	for gone := 1; gone < 6; gone++ {
		row := rows[fmt.Sprintf("%06d", gone)]
		remove(t, f.tables.Subscriptions, row)
		for n := 1; n <= 6; n++ {
			if n <= gone {
				f.wantGap(t, at(begin.Epoch, n))
			} else {
				f.wantRead(t, at(begin.Epoch, n), 0, n, 6)
			}
			if n < gone {
				f.wantGap(t, at(begin.Epoch, n).After())
			} else {
				f.wantRead(t, at(begin.Epoch, n).After(), 0, n+1, 6)
			}
		}
		put(t, f.tables.Subscriptions, row)
	}
}

func TestHistoryOverAPageOfRows(t *testing.T) {
	f, counted := counting(t)
	begin := f.appends(t, kept(1, 130))
	f.wantRead(t, begin, 100, 1, 130)
	counted.take()
	_, _, err := f.Read(t.Context(), "topic", begin, 10)
	success(t, err)
	counted.want(t, "Read of a part", "2 Query")
	few := kept(131, 131)
	few[0].Keep.Count = 20
	_, err = f.Append(t.Context(), "topic", few...)
	success(t, err)
	for _, limit := range []int{1, 0} { // The newest row, which has the count, is not on the first page.
		_, _, err := f.Read(t.Context(), "topic", at(begin.Epoch, 5), limit)
		refused(t, err, ports.ErrGap)
	}
	f.wantGap(t, at(begin.Epoch, 111))
	f.wantRead(t, at(begin.Epoch, 112), 0, 112, 131)
	_, err = f.Append(t.Context(), "topic", kept(132, 132)...) // Nothing that was trimmed comes back.
	success(t, err)
	f.wantGap(t, at(begin.Epoch, 111))
	f.wantRead(t, at(begin.Epoch, 112), 0, 112, 132)
}

func TestLargeEventsOfAHistory(t *testing.T) {
	f := newFixture(t)
	begin := f.appends(t, kept(1, 2))
	large := kept(3, 12)
	for i := range large {
		large[i].Payload = bytes.Repeat([]byte("x"), 120<<10)
	}
	_, err := f.Append(t.Context(), "topic", large...)
	success(t, err)
	f.wantRead(t, begin, 0, 1, 12)
	large = kept(13, 16)
	large[1].Payload = make([]byte, 400<<10)
	_, err = f.Append(t.Context(), "topic", large...)
	success(t, err)
	f.wantGap(t, begin)
	f.wantGap(t, at(begin.Epoch, 14))
	f.wantRead(t, at(begin.Epoch, 14).After(), 0, 15, 16)
	large = kept(17, 17)
	large[0].Payload = make([]byte, 400<<10)
	_, err = f.Append(t.Context(), "topic", large...)
	success(t, err)
	f.wantGap(t, at(begin.Epoch, 16).After())
	f.wantRead(t, at(begin.Epoch, 17).After(), 0, 18, 17)
	f.appends(t, kept(18, 18))
	f.wantGap(t, at(begin.Epoch, 16).After())
	f.wantRead(t, at(begin.Epoch, 17).After(), 0, 18, 18)
}

// TestHistoryOfAnEpochThatEnded: a process whose clock is behind does not go on with it.
func TestHistoryOfAnEpochThatEnded(t *testing.T) {
	f := newFixture(t)
	began := f.clock.Now()
	begin := f.appends(t, kept(1, 2))
	late := newBackend(t, dynamodb.Config{Tables: f.tables, Now: func() time.Time { return began }})
	_, err := late.Append(t.Context(), "topic", kept(3, 3)...)
	success(t, err)
	f.clock.Advance(time.Hour + 24*time.Hour)
	f.wantGap(t, at(begin.Epoch, 3).After())
	second, err := f.Head(t.Context(), "topic", keep)
	success(t, err)
	if second.Epoch == begin.Epoch || second.Position != "" {
		t.Errorf("the head is %v after %v, want the beginning of another epoch", second, begin)
	}
	epoch, err := late.Append(t.Context(), "topic", kept(4, 4)...)
	success(t, err)
	if epoch != second.Epoch {
		t.Errorf("the late process appends to %s, want %s", epoch, second.Epoch)
	}
	f.wantGap(t, second.After()) // What it appended is too old by now.
	f.wantRead(t, at(epoch, 4).After(), 0, 5, 4)
	f.wantGap(t, at(begin.Epoch, 3).After())
}

// TestEpochThatWasOnlyClosed: a process ended before it opened the next one.
func TestEpochThatWasOnlyClosed(t *testing.T) {
	f := newFixture(t)
	begin := f.appends(t, kept(1, 2))
	late := newBackend(t, dynamodb.Config{Tables: f.tables, Now: f.clock.Now})
	_, err := late.Append(t.Context(), "topic", kept(2, 3)...)
	success(t, err)
	f.clock.Advance(48 * time.Hour)
	_, err = f.Head(t.Context(), "topic", keep)
	success(t, err)
	for _, row := range historyRows(t, f.tables, "topic") {
		if strings.HasPrefix(textOf(row["connectionId"]), "00000001") {
			remove(t, f.tables.Subscriptions, row)
		}
	}
	f.wantGap(t, at(begin.Epoch, 3).After())
	epoch, err := f.Append(t.Context(), "topic", kept(4, 4)...)
	success(t, err)
	f.wantRead(t, at(epoch, 4), 0, 4, 4)
	f.wantGap(t, at(begin.Epoch, 3).After())
}

// TestHistoryLivesOnByItsHead: a topic with subscribers and without events keeps it.
func TestHistoryLivesOnByItsHead(t *testing.T) {
	f, counted := counting(t)
	begin := f.appends(t, kept(1, 2))
	for range 5 {
		f.clock.Advance(20 * time.Hour)
		mark, err := f.Head(t.Context(), "topic", keep)
		success(t, err)
		if mark != at(begin.Epoch, 2) {
			t.Errorf("the head is %v, want %v", mark, at(begin.Epoch, 2))
		}
	}
	f.wantRead(t, at(begin.Epoch, 2).After(), 0, 3, 2)
	counted.take()
	_, err := f.Append(t.Context(), "topic", kept(1, 3)...)
	success(t, err)
	counted.want(t, "Append to an end that another call has prolonged", "1 Query, 1 PutItem")
	f.wantRead(t, at(begin.Epoch, 2).After(), 0, 3, 3)
	f.wantGap(t, at(begin.Epoch, 2))
}

// TestAgeOfTheLastEventHoldsForAll, and what was too old once stays so.
func TestAgeOfTheLastEventHoldsForAll(t *testing.T) {
	f := newFixture(t)
	begin := f.appends(t, kept(1, 1))
	appends := func(n int, age time.Duration) {
		event := kept(n, n)[0]
		event.Keep.Age = age
		_, err := f.Append(t.Context(), "topic", event)
		success(t, err)
	}
	f.clock.Advance(10 * time.Minute)
	appends(2, 5*time.Minute)
	f.wantGap(t, at(begin.Epoch, 1))
	f.wantRead(t, at(begin.Epoch, 2), 0, 2, 2)
	f.clock.Advance(4 * time.Minute)
	appends(3, time.Hour)
	f.wantGap(t, at(begin.Epoch, 1))
	f.clock.Advance(50 * time.Minute)
	f.wantRead(t, at(begin.Epoch, 2), 0, 2, 3)
	f.clock.Advance(6 * time.Minute)
	f.wantGap(t, at(begin.Epoch, 2))
	f.wantRead(t, at(begin.Epoch, 3), 0, 3, 3)
}

// TestManyAppendAtOnce: of processes that append the same events, each event is there
// once, whatever end each of them knows.
func TestManyAppendAtOnce(t *testing.T) {
	f := newFixture(t)
	begin := f.appends(t, nil)
	var all sync.WaitGroup
	for worker := range 4 {
		backend := newBackend(t, dynamodb.Config{Tables: f.tables, Now: f.clock.Now})
		all.Go(func() {
			for n := 1; n <= 20; n += worker + 1 {
				if _, err := backend.Append(context.Background(), "topic", kept(1, n)...); err != nil {
					t.Error(err)
				}
			}
			if _, err := backend.Append(context.Background(), "topic", kept(15, 20)...); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f.wantRead(t, begin, 0, 1, 20)
}
