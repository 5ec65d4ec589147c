package redis

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestInstants(t *testing.T) {
	t.Parallel()
	ordered := []time.Time{
		{}, time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Unix(0, 0), time.Unix(0, 1), time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC), time.Unix(0, math.MaxInt64).AddDate(1, 0, 0),
	}
	var texts []instant
	for _, at := range ordered {
		texts = append(texts, instantOf(at))
	}
	if !slices.IsSorted(texts) || len(slices.Compact(slices.Clone(texts))) != len(texts) {
		t.Errorf("the instants %q do not compare as their times do", texts)
	}
	for i, at := range ordered {
		if len(texts[i]) != instantLength {
			t.Errorf("%v has the length %d", at, len(texts[i]))
		}
		if year := at.Year(); (at.IsZero() || year > 1677 && year < 2262) && !texts[i].time().Equal(at) {
			t.Errorf("%v comes back as %v", at, texts[i].time())
		}
	}
	if got := instantOf(ordered[4]).before(); got != instantOf(ordered[3]) {
		t.Errorf("a nanosecond before %s is %s", instantOf(ordered[4]), got)
	}
	if got := noInstant.before(); got != noInstant {
		t.Errorf("before no time is %s", got)
	}
}

func TestKeysHaveOneSlotForEachName(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, prefix := range []string{"", "{a}", "a%"} {
		for _, name := range []string{"a", "{a}", "}", "{", "%7B", "a}:b", "\x00", "a{b"} {
			for _, kind := range []string{kindConnection, kindTopic, kindPartition} {
				key := newKeyspace(prefix).key(kind, name, "part")
				tag := tagOf(key)
				if other := newKeyspace(prefix).key(kind, name, "{other}part"); tagOf(other) != tag {
					t.Errorf("%q and %q belong to one name and have two slots", key, other)
				}
				if tag == "" || tag[:2] != kind+":" {
					t.Errorf("%q has the hash tag %q", key, tag)
				}
				what := prefix + "|" + kind + "|" + name
				if seen[key] != "" {
					t.Errorf("%q and %q have the key %q", seen[key], what, key)
				}
				seen[key] = what
			}
		}
	}
}

// tagOf is a key's hash tag, by the Redis Cluster specification: what is between
// the first { and the first } after it.
func tagOf(key string) string {
	for i := range len(key) {
		if key[i] == '{' {
			for j := i + 1; j < len(key); j++ {
				if key[j] == '}' {
					return key[i+1 : j]
				}
			}
		}
	}
	return ""
}

func FuzzDecodeSubscriber(f *testing.F) {
	f.Add(string(encodeSubscriber(ports.Operation{}, "")))
	f.Add(string(encodeSubscriber(ports.Operation{
		Ref:     ports.OperationRef{Connection: "connection", ID: "1"},
		Address: ports.Address{ID: "other", Endpoint: "https://example.com"}, Protocol: "graphql-ws",
		Request: []byte("{}"), State: []byte{0xff}, Filters: make([]byte, 300),
		ReceivedAt: time.Unix(1, 1), NotAfter: time.Unix(2, 2), From: map[ports.Topic]ports.Mark{"t": {Epoch: "e", Position: "1.2\x00"}},
	}, "t")))
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Add("000000000000000000020,0,:\x00\x00\x00\x00\x00\x00\x00\x00\x1400000000000000000000") // the year 1677
	f.Add("0000000000000000000018446744073709551615,3,CALL:e.p")
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := decodeSubscriber(text)
		if !ok {
			return
		}
		again, ok := decodeSubscriber(string(encodeSubscriber(ports.Operation{
			Ref: s.Ref, Address: s.Address, Protocol: s.Protocol, Request: s.Request, State: s.State, Filters: s.Filters,
			ReceivedAt: s.ReceivedAt, NotAfter: s.NotAfter, From: map[ports.Topic]ports.Mark{"t": s.Place.From},
		}, "t")))
		again.Place.Version = s.Place.Version
		if !ok || !reflect.DeepEqual(s, again) {
			t.Errorf("%q is %+v, and written again %+v", text, s, again)
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	head := string(noInstant+noInstant) + digest(nil) + "1,AAAABBBBCCCCDDDD,EEEEFFFFGGGGHHHH;"
	f.Add(head + string(encodeNames(ports.Operation{Ref: ports.OperationRef{ID: "1;,"}, Topics: []ports.Topic{"a", ";"}})))
	f.Add(head)
	f.Add(head + "\x05ab")
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := decodeRecord(text)
		if !ok {
			return
		}
		names := string(encodeNames(ports.Operation{Ref: ports.OperationRef{ID: r.id}, Topics: r.topics}))
		again, ok := decodeRecord(text[:recordTokens] + r.tokens + ";" + names)
		if !ok || !reflect.DeepEqual(r, again) {
			t.Errorf("%q is %+v, and written again %+v", text, r, again)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("topic", "")
	f.Add("topic", string(newCursor("topic", "17")))
	f.Add("topic", string(newCursor("other", "17")))
	f.Add("topic", "17-")
	f.Fuzz(func(t *testing.T, topic, cursor string) {
		place, ok := parseCursor(ports.Topic(topic), ports.Cursor(cursor))
		if ok && cursor != "" && string(newCursor(ports.Topic(topic), place)) != cursor {
			t.Errorf("the cursor %q of %q is taken for %q", cursor, topic, place)
		}
	})
}
