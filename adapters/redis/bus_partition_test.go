package redis

import (
	"slices"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, test := range []struct {
		name string
		held []queued
		want []string
	}{
		{"nothing", nil, nil},
		{"in order, up to its size", []queued{{id: "1"}, {id: "2"}, {id: "3"}, {id: "4"}}, []string{"1", "2", "3"}},
		{"nothing of a topic that waits", []queued{of("waits", "1", false), {id: "2"}, of("waits", "3", false)}, []string{"2"}},
		{"a topic whose time has come", []queued{of("waited", "1", false), {id: "2"}}, []string{"1", "2"}},
		{"one alone", []queued{of("t", "1", true), {id: "2"}}, []string{"1"}},
		{"none beside others, nor what follows it in its topic", []queued{{id: "1"}, of("t", "2", true), of("t", "3", false), of("u", "4", false)}, []string{"1", "4"}},
		{"what is alone waits with its topic", []queued{of("waits", "1", true), of("t", "2", true)}, []string{"2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPartition(&lease{bus: newBus(Config{MaxBatch: 3}, nil)}, nil, nil)
			p.delayed = map[ports.Topic]time.Time{"waits": now.Add(1), "waited": now}
			for i := range test.held {
				p.held = append(p.held, &test.held[i])
			}
			var got []string
			for _, e := range p.batch(now) {
				got = append(got, e.id)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("the batch is %q, want %q", got, test.want)
			}
			if len(p.delayed) != 1 {
				t.Errorf("%d topics are remembered, want the one that waits", len(p.delayed))
			}
		})
	}
}

func of(topic ports.Topic, id string, alone bool) queued {
	return queued{id: id, event: ports.Event{Topic: topic}, alone: alone}
}

func TestJitterIsBounded(t *testing.T) {
	t.Parallel()
	for attempt := 1; attempt < 100; attempt++ {
		longest := 10 * time.Second
		if attempt <= 6 {
			longest = 100 * time.Millisecond << (attempt - 1)
		}
		if got := jitter(attempt); got < 0 || got >= longest {
			t.Errorf("after attempt %d it is %v, want less than %v", attempt, got, longest)
		}
	}
}
