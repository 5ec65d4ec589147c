package dynamodb

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// imageOf is an item as the stream hands it over.
func imageOf(fields item) image {
	result := make(image, len(fields))
	for name, v := range fields {
		result[name] = imageValue(v)
	}
	return result
}

func imageValue(v types.AttributeValue) events.DynamoDBAttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value)
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value)
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(v.Value)
	case *types.AttributeValueMemberM:
		return events.NewMapAttribute(imageOf(v.Value))
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(v.Value))
		for i, element := range v.Value {
			list[i] = imageValue(element)
		}
		return events.NewListAttribute(list)
	}
	return events.NewNullAttribute()
}

// anEvent has something in every field.
func anEvent(id string) ports.Event {
	return ports.Event{
		ID: id, Topic: "room/42 #☃", Kind: ports.EventData, Payload: []byte("{\"text\":\"\x00\xff\"}"),
		Time: time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC), Only: []ports.ConnectionID{"a", "b"},
		Keep: ports.Retention{Count: 100, Age: time.Hour}, Except: []ports.ConnectionID{""}, Trace: map[string]string{"traceparent": "00-1", "": ""},
	}
}

func packed(t *testing.T, list ...ports.Event) []item {
	t.Helper()
	items, kind := unconnected(t).items(list)
	if kind != nil {
		t.Fatal(kind)
	}
	return items
}

func TestEventComesBack(t *testing.T) {
	bare := ports.Event{Topic: "room/42 #☃", Kind: ports.EventComplete, Payload: []byte{}}
	want := []ports.Event{anEvent("1"), bare, anEvent("2")}
	items := packed(t, want...)
	if len(items) != 1 {
		t.Fatalf("%d items, want 1", len(items))
	}
	got, err := decodeEvents(imageOf(items[0]))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEventsOfATopicShareAnItem(t *testing.T) {
	a, b := anEvent("1"), anEvent("2")
	b.Topic = "other"
	items := packed(t, a, b, a, b)
	if len(items) != 2 {
		t.Fatalf("%d items, want 2", len(items))
	}
	for i, topic := range []ports.Topic{a.Topic, b.Topic} {
		got, err := decodeEvents(imageOf(items[i]))
		if err != nil || len(got) != 2 || got[0].Topic != topic {
			t.Errorf("item %d has %d events of %q, error %v", i, len(got), got[0].Topic, err)
		}
	}
}

func TestNoTwoItemsAreEqual(t *testing.T) {
	if reflect.DeepEqual(packed(t, anEvent("1")), packed(t, anEvent("1"))) {
		t.Errorf("the same event makes the same item")
	}
}

func TestEventsOverAnItemAreSplitInOrder(t *testing.T) {
	var list []ports.Event
	for _, kilobytes := range []int{150, 150, 150, 1, 1, 390, 5, 399, 1} {
		event := anEvent(strings.Repeat("i", len(list)+1))
		event.Payload = bytes.Repeat([]byte("x"), kilobytes<<10)
		list = append(list, event)
	}
	var got []ports.Event
	items := packed(t, list...)
	for i, fields := range items {
		if itemSize(fields) > maxItem {
			t.Errorf("item %d has %d bytes", i, itemSize(fields))
		}
		decoded, err := decodeEvents(imageOf(fields))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, decoded...)
	}
	if len(items) != 5 || !reflect.DeepEqual(got, list) {
		t.Errorf("%d items with %d events, want 5 with %d in order", len(items), len(got), len(list))
	}
}

func TestEventThatCannotBeCarried(t *testing.T) {
	large, long, nameless := anEvent("1"), anEvent("2"), anEvent("3")
	large.Payload = make([]byte, maxItem)
	long.Topic = ports.Topic(strings.Repeat("t", maxPartition+1))
	nameless.Topic = ""
	for _, test := range []struct {
		event ports.Event
		want  error
	}{{large, ports.ErrTooLarge}, {long, ports.ErrTooLarge}, {nameless, ports.ErrInvalid}} {
		items, kind := unconnected(t).items([]ports.Event{anEvent("0"), test.event})
		if !errors.Is(kind, test.want) || items != nil {
			t.Errorf("event %s: got %v and %d items, want %v", test.event.ID, kind, len(items), test.want)
		}
	}
}

func TestWhatIsNoEventItemIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(image){
		"no topic":      func(i image) { delete(i, "id") },
		"empty topic":   func(i image) { i["id"] = events.NewStringAttribute("") },
		"no list":       func(i image) { delete(i, "events") },
		"a null list":   func(i image) { i["events"] = events.NewNullAttribute() },
		"zero list":     func(i image) { i["events"] = events.DynamoDBAttributeValue{} },
		"no map in it":  func(i image) { i["events"].List()[0] = events.NewStringAttribute("x") },
		"no ID":         func(i image) { delete(i["events"].List()[0].Map(), "id") },
		"no kind":       func(i image) { delete(i["events"].List()[0].Map(), "kind") },
		"no payload":    func(i image) { delete(i["events"].List()[0].Map(), "payload") },
		"a text":        func(i image) { i["events"].List()[0].Map()["payload"] = events.NewStringAttribute("{}") },
		"a fraction":    func(i image) { i["events"].List()[0].Map()["time"] = events.NewNumberAttribute("1.5") },
		"only a text":   func(i image) { i["events"].List()[0].Map()["only"] = events.NewStringAttribute("a") },
		"only a number": func(i image) { i["events"].List()[0].Map()["only"].List()[0] = events.NewNumberAttribute("1") },
		"a list":        func(i image) { i["events"].List()[0].Map()["trace"] = events.NewListAttribute(nil) },
		"a trace":       func(i image) { i["events"].List()[0].Map()["trace"].Map()["x"] = events.NewNumberAttribute("1") },
	} {
		fields := imageOf(packed(t, anEvent("1"))[0])
		spoil(fields)
		if got, err := decodeEvents(fields); err == nil {
			t.Errorf("%s: was read as %+v", name, got)
		}
	}
}

// FuzzDecodeEvents: whatever is in the stream, it is read as it is or refused.
func FuzzDecodeEvents(f *testing.F) {
	seed := func(fields image) {
		encoded, err := json.Marshal(fields)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	items, _ := unconnected(f).items([]ports.Event{anEvent("1"), anEvent("2")})
	seed(imageOf(items[0]))
	seed(image{"id": events.NewStringAttribute("t"), "events": events.NewListAttribute([]events.DynamoDBAttributeValue{
		events.NewMapAttribute(image{"id": events.NewNullAttribute()}), events.NewNullAttribute(),
	})})
	f.Add([]byte(`{"id":{"S":"t"},"events":{}}`))
	f.Add([]byte(`{"id":{"S":"t"},"events":{"L":null}}`))
	f.Add([]byte(`{"id":null,"events":null}`))
	f.Add([]byte(`{"id":{"S":"t"},"events":{"L":[{"M":{"id":{"S":""},"kind":{"S":""},"payload":{"B":""},"time":{"N":"1"},"only":{"L":[{}]}}}]}}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var fields image
		if json.Unmarshal(encoded, &fields) != nil {
			return
		}
		decoded, err := decodeEvents(fields)
		if err != nil || len(decoded) == 0 {
			return
		}
		items, kind := unconnected(t).items(decoded)
		if kind != nil || len(items) != 1 {
			return // It is larger than what DynamoDB keeps.
		}
		again, err := decodeEvents(imageOf(items[0]))
		if err != nil || !equalEvents(again, decoded) {
			t.Errorf("got  %+v, %v\nwant %+v", again, err, decoded)
		}
	})
}

// equalEvents takes nil and empty for the same.
func equalEvents(a, b []ports.Event) bool {
	encode := func(list []ports.Event) string {
		encoded, _ := json.Marshal(list)
		return strings.NewReplacer(`""`, "null", "[]", "null", "{}", "null").Replace(string(encoded))
	}
	return encode(a) == encode(b)
}
