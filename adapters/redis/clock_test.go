package redis

import (
	"testing"
	"time"
)

func TestClockAhead(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		server     time.Time
		took, want time.Duration
	}{
		"right":                   {server: now},
		"a little ahead":          {server: now.Add(-4 * time.Minute)},
		"a little behind":         {server: now.Add(4 * time.Minute)},
		"four hours ahead":        {server: now.Add(-4 * time.Hour), want: 4 * time.Hour},
		"four hours behind":       {server: now.Add(4 * time.Hour), want: -4 * time.Hour},
		"frozen on the way":       {server: now, took: time.Hour},
		"frozen on the way there": {server: now.Add(time.Hour), took: time.Hour},
	} {
		if got := clockAhead(now, now.Add(test.took), test.server); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestStillRight(t *testing.T) {
	for name, test := range map[string]struct {
		elapsed, wall time.Duration
		want          bool
	}{
		"soon after":         {time.Second, time.Second, true},
		"set a little":       {time.Second, 30 * time.Second, true},
		"long after":         {2 * time.Minute, 2 * time.Minute, false},
		"set ahead":          {time.Second, 4 * time.Hour, false},
		"set back":           {time.Second, -4 * time.Hour, false},
		"after a long sleep": {time.Second, 3 * time.Hour, false},
	} {
		if got := stillRight(test.elapsed, test.wall); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
