package dynamodb

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

func TestInstantKeepsATime(t *testing.T) {
	for _, want := range []time.Time{
		{}, time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC), time.Unix(0, 1).UTC(), time.Unix(-5, 0).UTC(),
	} {
		if got := readInstant(instantOf(want).attribute()).time(); !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestInstantOfAnyYearIsInOrder(t *testing.T) {
	now := time.Now()
	order := []instant{
		instantOf(time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)), instantOf(now.Add(-time.Nanosecond)), instantOf(now),
		instantOf(now.Add(time.Nanosecond)), instantOf(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	for i := range order[1:] {
		if order[i] >= order[i+1] {
			t.Errorf("instant %d is %d, and the next %d", i, order[i], order[i+1])
		}
	}
}

func TestTTLIsNeverEarly(t *testing.T) {
	for nanoseconds, want := range map[instant]int64{
		1_000_000_000: 1, 1_000_000_001: 2, 1_999_999_999: 2, 0: 0, math.MaxInt64: math.MaxInt64/1_000_000_000 + 1,
	} {
		if got := numberOf(nanoseconds.ttl()); got != want {
			t.Errorf("the TTL of %d ns is %d s, want %d s", nanoseconds, got, want)
		}
	}
}

func TestSizeCountsAsDynamoDBDoes(t *testing.T) {
	for name, test := range map[string]struct {
		value types.AttributeValue
		want  int
	}{
		"string": {text("☃!"), 4},
		"binary": {binary([]byte{1, 2}), 2},
		"list":   {texts([]string{"ab", "c"}), 3 + 1 + 2 + 1 + 1},
		"map":    {document(item{"name": text("value")}), 3 + 1 + 4 + 5},
	} {
		if got := size(test.value); got != test.want {
			t.Errorf("%s: %d bytes, want %d", name, got, test.want)
		}
	}
	// Two digits take a byte, and one more is for the rest.
	if got := size(number(1_000_000_000_000)); got < 8 {
		t.Errorf("a number of 13 digits takes %d bytes, want 8 at least", got)
	}
}

func TestReadersOfOtherTypesAnswerZero(t *testing.T) {
	for _, v := range []types.AttributeValue{nil, text("x"), number(1), binary([]byte("x")), document(nil), texts([]string{"x"})} {
		readInstant(v)
		readOperations(v)
		readTombstones(v)
		readConnection(item{"expires": v, "operations": v, "tombstones": v, "state": v})
		if _, ok := readSubscriber(item{attributeConnectionID: v}); ok {
			t.Errorf("%T was read as a subscriber", v)
		}
	}
}

func TestDigestHasItsLength(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []ports.OperationID{"", "1", "1 ", "\xff", ports.OperationID(strings.Repeat("long", 5000))} {
		hash := digest(id)
		if len(hash) != digestLength || seen[hash] {
			t.Errorf("the digest of %.10q is %q", id, hash)
		}
		seen[hash] = true
	}
}

func TestConnectionOfASortKey(t *testing.T) {
	hash := digest("1")
	for _, id := range []ports.ConnectionID{"a", "a#b", "#", "☃", ports.ConnectionID("a#" + hash)} {
		if got := connectionOf(textOf(rowKey("t", id, hash)[attributeConnectionID])); got != id {
			t.Errorf("got %q, want %q", got, id)
		}
	}
	for _, key := range []string{"", checkpointKey, "#" + hash, "a" + hash, "connection", hash + "#"} {
		if got := connectionOf(key); got != "" {
			t.Errorf("%q is of connection %q, want none", key, got)
		}
	}
}
