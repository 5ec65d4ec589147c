//go:build e2e

package lambda

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/fanql/fanql/e2e/internal/clients"
	"github.com/fanql/fanql/e2e/internal/program"
)

func TestClients(t *testing.T) {
	program.OnEachLibrary(t, func(t *testing.T, library program.Library) {
		c := startCloudWith(t, library.Tags)
		clients.Test(t, c.Base, clients.InAnyOrder)
		// They all have taken their leave.
		c.awaitCounts(t, counts{})
	})
}

// TestKilledClientIsClearedAway: nobody tells of its end but the next push.
func TestKilledClientIsClearedAway(t *testing.T) {
	t.Parallel()
	c := startCloud(t, "-no-disconnect")
	victim, witness := c.mustOpen(t, modern), c.mustOpen(t, modern)
	for _, room := range []string{"general", "go"} {
		if err := victim.subscribed(t.Context(), room, room); err != nil {
			t.Fatal(err)
		}
	}
	if err := witness.subscribed(t.Context(), "1", "general"); err != nil {
		t.Fatal(err)
	}
	if err := victim.cut(); err != nil {
		t.Fatal(err)
	}
	if got, want := c.counts(t), (counts{connections: 2, subscriptions: 3}); got != want {
		t.Fatalf("before the push there are %+v rows, want %+v", got, want)
	}

	// The first push may come before the gateway knows.
	var published []string
	eventually(t, func() bool {
		text := "anybody here? " + strconv.Itoa(len(published))
		c.mustPublish(t, "general", text)
		published = append(published, text)
		witness.mustAwait(t, "1", text)
		return c.counts(t) == counts{connections: 1, subscriptions: 1}
	}, func() string { return fmt.Sprintf("the victim's rows are still there: %+v", c.counts(t)) })
	if got := witness.texts("1"); !slices.Equal(got, published) {
		t.Errorf("the other client got %q, want %q", got, published)
	}
}

// TestOneOfTwoSubscriptionsEnds: on one connection and one topic.
func TestOneOfTwoSubscriptionsEnds(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	for _, protocol := range []string{modern, legacy} {
		t.Run(protocol, func(t *testing.T) {
			room := "room of " + protocol
			s := c.mustOpen(t, protocol)
			for _, id := range []string{"ended", "kept"} {
				if err := s.subscribed(t.Context(), id, room); err != nil {
					t.Fatal(err)
				}
			}
			c.mustPublish(t, room, "to both")
			s.mustAwait(t, "ended", "to both")
			s.mustAwait(t, "kept", "to both")

			if err := s.complete("ended"); err != nil {
				t.Fatal(err)
			}
			c.awaitCounts(t, counts{connections: 1, subscriptions: 1})
			want := []string{"to both"}
			for n := range 10 {
				text := "to one " + strconv.Itoa(n)
				c.mustPublish(t, room, text)
				want = append(want, text)
			}
			s.mustAwait(t, "kept", want[len(want)-1])
			if got := s.texts("ended"); !slices.Equal(got, want[:1]) {
				t.Errorf("the one that was ended got %q", got)
			}
			if got := s.texts("kept"); !slices.Equal(got, want) {
				t.Errorf("the one that was kept got %q, want %q", got, want)
			}
			if err := s.leave(); err != nil {
				t.Fatal(err)
			}
			c.awaitCounts(t, counts{})
		})
	}
}
