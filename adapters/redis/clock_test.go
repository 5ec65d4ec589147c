package redis

import (
	"testing"
	"time"
)

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
