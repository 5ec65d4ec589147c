package ports_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestCheckClock(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		answered   time.Time
		took, want time.Duration
		text       string
	}{
		"right":                   {answered: now},
		"a little ahead":          {answered: now.Add(-5 * time.Minute)},
		"a little behind":         {answered: now.Add(5 * time.Minute)},
		"four hours ahead":        {answered: now.Add(-4 * time.Hour), want: 4 * time.Hour, text: "the clock of this process is 4h0m0s ahead of Redis's"},
		"four hours behind":       {answered: now.Add(4 * time.Hour), want: -4 * time.Hour, text: "the clock of this process is 4h0m0s behind Redis's"},
		"frozen on the way back":  {answered: now, took: time.Hour},
		"frozen on the way there": {answered: now.Add(time.Hour), took: time.Hour},
	} {
		err := ports.CheckClock("Redis", now, test.answered, now.Add(test.took))
		if test.want == 0 {
			if err != nil {
				t.Errorf("%s: got error %v", name, err)
			}
			continue
		}
		clock, ok := errors.AsType[*ports.ClockError](err)
		if !ok || clock.Ahead != test.want || clock.Error() != test.text {
			t.Errorf("%s: got error %v, want %s", name, err, test.text)
		}
	}
}
