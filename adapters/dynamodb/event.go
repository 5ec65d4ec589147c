package dynamodb

import (
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// eventsAttribute is that of an item in the events table which has the events.
const eventsAttribute = "events"

// pack puts the events of one topic into as few items as they fit, in order. It
// returns false when one event alone does not fit.
func pack(list []ports.Event, empty func() item) (items []item, fits bool) {
	var values []types.AttributeValue
	total := 0
	flush := func() {
		if len(values) > 0 {
			items[len(items)-1][eventsAttribute] = &types.AttributeValueMemberL{Value: values}
		}
	}
	for _, event := range list {
		encoded := encodeEvent(event)
		need := 1 + size(encoded)
		if len(values) == 0 || total+need > maxItem {
			flush()
			next := empty()
			values, total = nil, itemSize(next)+len(eventsAttribute)+3
			items = append(items, next)
		}
		if total += need; total > maxItem {
			return nil, false
		}
		values = append(values, encoded)
	}
	flush()
	return items, true
}

// encodeEvent leaves the topic out, which is the item's key.
func encodeEvent(event ports.Event) types.AttributeValue {
	fields := item{
		"id": text(event.ID), "kind": text(string(event.Kind)),
		"payload": binary(event.Payload), "time": instantOf(event.Time).attribute(),
	}
	if !event.Keep.None() {
		fields["keep"], fields["age"] = number(int64(event.Keep.Count)), number(int64(event.Keep.Age))
	}
	if len(event.Only) > 0 {
		fields["only"] = texts(event.Only)
	}
	if len(event.Except) > 0 {
		fields["except"] = texts(event.Except)
	}
	if len(event.Trace) > 0 {
		trace := make(item, len(event.Trace))
		for name, v := range event.Trace {
			trace[name] = text(v)
		}
		fields["trace"] = document(trace)
	}
	return document(fields)
}

var errNoEvents = errors.New("the record holds no events of this package's")

// image is an item as a stream's record has it.
type image = map[string]events.DynamoDBAttributeValue

// decodeEvents reads an item of the events table. Positions are not set.
func decodeEvents(fields image) ([]ports.Event, error) {
	topic, ok := imageText(fields, attributeID)
	list := fields[eventsAttribute]
	if !ok || topic == "" || !is(list, events.DataTypeList) {
		return nil, errNoEvents
	}
	decoded := make([]ports.Event, len(list.List()))
	for i, element := range list.List() {
		if !is(element, events.DataTypeMap) {
			return nil, errNoEvents
		}
		event, ok := decodeEvent(element.Map())
		if !ok {
			return nil, errNoEvents
		}
		event.Topic = ports.Topic(topic)
		decoded[i] = event
	}
	return decoded, nil
}

func decodeEvent(fields image) (ports.Event, bool) {
	id, hasID := imageText(fields, "id")
	kind, hasKind := imageText(fields, "kind")
	payload, published := fields["payload"], fields["time"]
	if !hasID || !hasKind || !is(payload, events.DataTypeBinary) || !is(published, events.DataTypeNumber) {
		return ports.Event{}, false
	}
	at, err := strconv.ParseInt(published.Number(), 10, 64)
	only, onlyOK := imageIDs(fields, "only")
	except, exceptOK := imageIDs(fields, "except")
	trace, traceOK := imageTrace(fields)
	count, countOK := imageNumber(fields, "keep")
	age, ageOK := imageNumber(fields, "age")
	return ports.Event{
		ID: id, Kind: ports.EventKind(kind), Payload: payload.Binary(), Time: instant(at).time(),
		Keep: retention(count, age),
		Only: only, Except: except, Trace: trace,
	}, err == nil && onlyOK && exceptOK && traceOK && countOK && ageOK
}

// is says whether a value is there and has the type: of any other type its
// reader would panic.
func is(v events.DynamoDBAttributeValue, kind events.DynamoDBDataType) bool {
	return !v.IsNull() && v.DataType() == kind
}

// The readers of an image answer false where the type is wrong. Those of what is
// optional answer true where there is none.

func imageText(fields image, name string) (string, bool) {
	if v := fields[name]; is(v, events.DataTypeString) {
		return v.String(), true
	}
	return "", false
}

func imageIDs(fields image, name string) ([]ports.ConnectionID, bool) {
	v, ok := fields[name]
	if !ok {
		return nil, true
	}
	if !is(v, events.DataTypeList) {
		return nil, false
	}
	ids := make([]ports.ConnectionID, len(v.List()))
	for i, element := range v.List() {
		if !is(element, events.DataTypeString) {
			return nil, false
		}
		ids[i] = ports.ConnectionID(element.String())
	}
	return ids, true
}

func imageNumber(fields image, name string) (int64, bool) {
	v, ok := fields[name]
	if !ok {
		return 0, true
	}
	if !is(v, events.DataTypeNumber) {
		return 0, false
	}
	n, err := strconv.ParseInt(v.Number(), 10, 64)
	return n, err == nil
}

func imageTrace(fields image) (map[string]string, bool) {
	v, ok := fields["trace"]
	if !ok {
		return nil, true
	}
	if !is(v, events.DataTypeMap) {
		return nil, false
	}
	trace := make(map[string]string, len(v.Map()))
	for name := range v.Map() {
		if trace[name], ok = imageText(v.Map(), name); !ok {
			return nil, false
		}
	}
	return trace, true
}

// retention is what an item says; of half of one nothing.
func retention(count, age int64) ports.Retention {
	keep := ports.Retention{Count: int(count), Age: time.Duration(age)}
	if keep.None() {
		return ports.Retention{}
	}
	return keep
}
