//go:build e2e

package lambda

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// poison is what a topic's item may not be.
func poison() []types.AttributeValue {
	list := func(elements ...types.AttributeValue) types.AttributeValue {
		return &types.AttributeValueMemberL{Value: elements}
	}
	event := func(payload types.AttributeValue) types.AttributeValue {
		return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"id": text("1"), "kind": text("data"), "time": &types.AttributeValueMemberN{Value: "1"}, "payload": payload,
		}}
	}
	return []types.AttributeValue{
		nil,
		text("garbage"),
		&types.AttributeValueMemberNULL{Value: true},
		list(text("garbage")),
		list(&types.AttributeValueMemberM{}),
		list(event(text("not binary"))),
		list(event(&types.AttributeValueMemberB{Value: []byte("{}")}), text("garbage")),
	}
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

// TestPoisonedRecords: what is around them, in one batch, arrives.
func TestPoisonedRecords(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	const room = "poisoned"
	s := c.mustOpen(t, modern)
	if err := s.subscribed(t.Context(), "1", room); err != nil {
		t.Fatal(err)
	}
	release := c.proxy.holdStream()
	defer release()
	want := []string{"before"}
	c.mustPublish(t, room, "before")
	for i, garbage := range poison() {
		item := map[string]types.AttributeValue{"id": text("room/" + room), "put": text(strconv.Itoa(i))}
		if garbage != nil {
			item["events"] = garbage
		}
		table := "events"
		if _, err := c.database.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("behind %d", i))
		c.mustPublish(t, room, want[len(want)-1])
	}
	release()
	s.mustAwait(t, "1", want[len(want)-1])
	c.mustPublish(t, room, "the end")
	s.mustAwait(t, "1", "the end")
	if got := s.texts("1"); !slices.Equal(got, append(want, "the end")) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, f := range s.received() {
		if f.kind == "error" {
			t.Errorf("got %s", f.raw)
		}
	}
}

// TestTableThatRefuses: a listing that is throttled is asked for again, a batch
// whose listing fails is delivered again, and nothing is missing, out of order or
// there twice.
func TestTableThatRefuses(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	const room = "refused"
	s := c.mustOpen(t, modern)
	if err := s.subscribed(t.Context(), "1", room); err != nil {
		t.Fatal(err)
	}
	const each = 3
	refused := c.proxy.refuse("room/"+room, each, "ProvisionedThroughputExceededException", "AccessDeniedException")
	want := make([]string, 20)
	for i := range want {
		want[i] = fmt.Sprintf("event %d", i)
		c.mustPublish(t, room, want[i])
	}
	s.mustAwait(t, "1", want[len(want)-1])
	if refused() != 2*each {
		t.Errorf("only %d listings were refused", refused())
	}
	if got := s.texts("1"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCrashHalfWay kills the function on the stream once some subscribers have an
// event and others do not: those may get it again, the others get it late, and
// all get the first occurrences in order.
func TestCrashHalfWay(t *testing.T) {
	t.Parallel()
	const subscribers, wanted, most, room = 200, 3, 30, "crash"
	c := startCloud(t, "-no-disconnect")
	sockets := c.openMany(t, subscribers, room)
	var want []string
	crashes, again := 0, 0
	for round := 0; crashes < wanted && round < most; round++ {
		text := fmt.Sprintf("event %d", round)
		want = append(want, text, text+"+")
		release := c.proxy.holdStream() // so that the two events are one batch
		c.mustPublish(t, room, text)
		c.mustPublish(t, room, text+"+")
		release()
		sockets[round%subscribers].mustAwait(t, "1", text)
		killStream(t, c.ID)
		awaitAll(t, sockets, text+"+")
		if repeats := countRepeats(sockets); repeats > again {
			crashes++
			t.Logf("crash %d: the first time some subscribers had been reached, who got %d repeats", crashes, repeats-again)
			again = repeats
		}
	}
	if crashes < wanted {
		t.Errorf("of %d crashes only %d came half-way", most, crashes)
	}
	for i, s := range sockets {
		if got := firstOccurrences(s.texts("1")); !slices.Equal(got, want) {
			t.Errorf("subscriber %d got first %q, want %q", i, got, want)
		}
	}
}

// countRepeats is how many messages came that had come before.
func countRepeats(sockets []*socket) int {
	repeats := 0
	for _, s := range sockets {
		all := s.texts("1")
		repeats += len(all) - len(firstOccurrences(all))
	}
	return repeats
}

func firstOccurrences(texts []string) []string {
	var first []string
	for _, text := range texts {
		if !slices.Contains(first, text) {
			first = append(first, text)
		}
	}
	return first
}

// killStream kills the processes of the stream function, which are children of
// the program's.
func killStream(t *testing.T, parent int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		id, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // no process
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat") // "id (stream) state parent ..."
		if err != nil {
			continue // it has ended
		}
		_, rest, found := strings.Cut(string(stat), " (stream) ")
		if fields := strings.Fields(rest); found && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			_ = syscall.Kill(id, syscall.SIGKILL) // it may have ended by itself
		}
	}
}
