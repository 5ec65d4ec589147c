package dynamodb

import (
	"net/http"
	"testing"
	"time"
)

func TestClockAhead(t *testing.T) {
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
		if got := clockAhead(now, now.Add(test.took), header); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	if got := clockAhead(now, now, http.Header{}); got != 0 {
		t.Errorf("without a date: got %v, want 0", got)
	}
}
