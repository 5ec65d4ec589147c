package dynamodb

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestCompareClocks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for name, test := range map[string]struct {
		took, date time.Duration
		header     http.Header
		want       time.Duration
	}{
		"right":                              {time.Second, 0, nil, 0},
		"a little ahead":                     {time.Second, -5 * time.Minute, nil, 0},
		"a little behind":                    {time.Second, 5 * time.Minute, nil, 0},
		"ahead":                              {time.Second, -3 * time.Hour, nil, 3 * time.Hour},
		"behind":                             {time.Second, 3 * time.Hour, nil, -3*time.Hour + time.Second},
		"an answer that was read much later": {time.Hour, 0, nil, 0},
		"an answer of a cache":               {time.Second, -3 * time.Hour, http.Header{"Age": {"10800"}}, 0},
	} {
		header := test.header
		if header == nil {
			header = http.Header{}
		}
		header.Set("Date", now.Add(test.date).Format(http.TimeFormat))
		var got time.Duration
		if clock, ok := errors.AsType[*ports.ClockError](compareClocks(now, now.Add(test.took), header)); ok {
			got = clock.Ahead
		}
		if got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	if err := compareClocks(now, now, http.Header{}); err != nil {
		t.Errorf("without a date: got error %v", err)
	}
}
