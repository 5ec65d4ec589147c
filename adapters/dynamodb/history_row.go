package dynamodb

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// A history is a chain of rows in a partition of its own. The sort key of a row is its
// generation and the position at which the row before ends, so that of two writers who
// append to the same end one finds the key taken. docs/decisions/0020 has the layout.
const (
	historyPrefix = "fanql:history:"
	// generationLength is that of the number at the beginning of epochs and sort keys.
	generationLength = 8
	// idleLife is how long a history lives at least when nothing is appended any more.
	idleLife = 24 * time.Hour
	// clockMargin is how much longer DynamoDB keeps rows than they count: a process
	// whose clock is behind by less never takes the rest of a chain for all of it.
	clockMargin = 24 * time.Hour
	// maxAge is the most that times are moved by, so that they stay in range.
	maxAge = 10 * 365 * 24 * time.Hour
)

// historyRow is a row of a history. Its kinds:
//
//	batch   has last: the events after the position before, up to last
//	open    the end of the chain, which the next batch takes the place of
//	closed  the end of an epoch: nothing comes after
type historyRow struct {
	epoch string
	// before is where the row before ends; empty at the beginning of an epoch.
	before, last string
	closed       bool
	// count is how many events the epoch has had, and floor how many of the first of
	// these are trimmed, by their number or because one was too large.
	count, floor int64
	// lost is the position of an event that was too large, or empty.
	lost   string
	events []ports.Event
	// at is when the events were appended, and age how long the whole history keeps
	// events if this is the newest row. What was appended at the horizon or before was
	// too old already when the row was.
	at, age, horizon instant
	// until is when the history is lost if this is the newest row.
	until instant
}

// end is where the row ends.
func (r historyRow) end() string {
	if r.last == "" {
		return r.before
	}
	return r.last
}

// live says whether the history goes on at this row, which is the newest.
func (r historyRow) live(now instant) bool { return r.epoch != "" && !r.closed && r.until > now }

// after returns what the row has to inherit to one that comes after it.
func (r historyRow) after(keep ports.Retention, now instant) historyRow {
	return historyRow{
		epoch: r.epoch, before: r.end(), count: r.count, floor: r.floor, age: cmp.Or(r.age, ageOf(keep)), horizon: r.horizon,
		until: max(r.until, now+ageOf(keep)+max(ageOf(keep), instant(idleLife))),
	}
}

// with is the row with events up to its count, which are appended now.
func (r historyRow) with(keep ports.Retention, now instant) historyRow {
	r.at = now
	r.horizon = max(r.horizon, now-min(r.age, ageOf(keep)))
	r.age = ageOf(keep)
	r.floor = max(r.floor, r.count-int64(keep.Count))
	return r
}

func ageOf(keep ports.Retention) instant { return instant(min(keep.Age, maxAge)) }

// anew is the beginning of the next epoch.
func (r historyRow) anew(keep ports.Retention, now instant) historyRow {
	var generation uint64
	if former, err := strconv.ParseUint(generationOf(r.epoch), 16, 32); err == nil {
		generation = former + 1
	}
	return historyRow{epoch: fmt.Sprintf("%0*x", generationLength, generation) + rand.Text()}.after(keep, now)
}

// generationOf is the part of an epoch that rows are sorted by; empty if it is none of
// this package's.
func generationOf(epoch string) string {
	if len(epoch) <= generationLength {
		return ""
	}
	return epoch[:generationLength]
}

func historyPartition(topic ports.Topic) types.AttributeValue {
	return text(historyPrefix + string(topic))
}

func historySortKey(epoch, before string) string { return generationOf(epoch) + "." + before }

// fields is the row as an item.
func (r historyRow) fields(topic ports.Topic) item {
	fields := item{
		attributeEvent: historyPartition(topic), attributeConnectionID: text(historySortKey(r.epoch, r.before)),
		"epoch": text(r.epoch), "count": number(r.count), "floor": number(r.floor), "age": r.age.attribute(), "horizon": r.horizon.attribute(), "until": r.until.attribute(),
		attributeTTL: (r.until + instant(clockMargin)).ttl(),
	}
	switch {
	case r.closed:
		fields["closed"] = number(1)
	case r.last != "":
		fields["last"], fields["at"] = text(r.last), r.at.attribute()
	}
	if r.lost != "" {
		fields["lost"] = text(r.lost)
	}
	if len(r.events) > 0 {
		values := make([]types.AttributeValue, len(r.events))
		for i, event := range r.events {
			values[i] = encodeKept(event)
		}
		fields[eventsAttribute] = &types.AttributeValueMemberL{Value: values}
	}
	return fields
}

// readHistoryRow returns a row without epoch for an item that is none.
func readHistoryRow(fields item, topic ports.Topic) historyRow {
	_, before, _ := strings.Cut(textOf(fields[attributeConnectionID]), ".")
	row := historyRow{
		epoch: textOf(fields["epoch"]), before: before, last: textOf(fields["last"]), closed: fields["closed"] != nil,
		count: numberOf(fields["count"]), floor: numberOf(fields["floor"]), lost: textOf(fields["lost"]),
		at: readInstant(fields["at"]), age: readInstant(fields["age"]), horizon: readInstant(fields["horizon"]),
		until: readInstant(fields["until"]),
	}
	if list, ok := fields[eventsAttribute].(*types.AttributeValueMemberL); ok {
		row.events = make([]ports.Event, len(list.Value))
		for i, v := range list.Value {
			row.events[i] = decodeKept(documentOf(v), topic)
		}
	}
	return row
}

// encodeKept is an event in a history: without its trace, which nobody continues.
func encodeKept(event ports.Event) types.AttributeValue {
	event.Trace = nil
	v := encodeEvent(event)
	documentOf(v)["position"] = text(event.Position)
	return v
}

func decodeKept(fields item, topic ports.Topic) ports.Event {
	return ports.Event{
		ID: textOf(fields["id"]), Position: textOf(fields["position"]), Topic: topic, Kind: ports.EventKind(textOf(fields["kind"])),
		Payload: binaryOf(fields["payload"]), Time: readInstant(fields["time"]).time(),
		Keep: ports.Retention{Count: int(numberOf(fields["keep"])), Age: time.Duration(numberOf(fields["age"]))},
		Only: textsOf[ports.ConnectionID](fields["only"]), Except: textsOf[ports.ConnectionID](fields["except"]),
	}
}
