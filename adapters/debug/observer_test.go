package debug_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/debug"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// clock is a time that a test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func newObserver(t *testing.T, config debug.Config) (*debug.Observer, *clock) {
	t.Helper()
	now := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	config.Now = now.now
	return must.Make(debug.New(config)), now
}

// deliver observes a delivery of so many events to so many subscribers who share one
// execution.
func deliver(o ports.Observer, topic ports.Topic, events, subscribers int, lag time.Duration, err error) {
	ctx, end := o.Begin(context.Background(), ports.Step{Name: ports.StepDeliver, Topic: topic, Events: events})
	o.Count(ctx, ports.Counts{Pushed: events * subscribers, Executed: events, Listed: subscribers})
	lags := make([]time.Duration, events)
	for i := range lags {
		lags[i] = lag
	}
	o.Count(ctx, ports.Counts{Lags: lags})
	end(err)
}

func publish(o ports.Observer, events int, err error) {
	_, end := o.Begin(context.Background(), ports.Step{Name: ports.StepPublish, Events: events})
	end(err)
}

func TestCounts(t *testing.T) {
	t.Parallel()
	o, now := newObserver(t, debug.Config{})
	o.Count(t.Context(), ports.Counts{Connections: 3, Operations: 4})
	o.Count(t.Context(), ports.Counts{Connections: -1, Operations: -2, Throttled: 5, Retried: 4})
	publish(o, 7, nil)
	publish(o, 9, errors.New("down"))
	deliver(o, "a", 2, 100, 30*time.Millisecond, nil)
	deliver(o, "b", 1, 300, 3*time.Second, errors.New("down"))
	deliver(o, "b", 1, 300, 3*time.Second, &ports.Error{Kind: ports.ErrUnfinished})
	now.Time = now.Add(10 * time.Second)

	got := o.Snapshot(t.Context())
	for name, pair := range map[string][2]any{
		"connections":     {got.Connections, int64(2)},
		"operations":      {got.Operations, int64(2)},
		"throttled":       {got.Throttled.Minute, int64(5)},
		"published":       {got.Published, debug.Counted{Total: 7, Rate: 0.7, Minute: 7}},
		"publish errors":  {got.PublishErrors.Total, int64(1)},
		"delivered":       {got.Delivered.Total, int64(4)},
		"delivery errors": {got.DeliveryErrors.Total, int64(1)}, // unfinished is none
		"share":           {*got.Share, float64(2*100+2*300) / 4},
		"median":          {*got.LagMedian, 0.05},
		"99":              {*got.Lag99, 5.0},
		"sockets":         {got.Sockets == nil && got.DeadLetters == nil, true},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	now.Time = now.Add(time.Minute)
	if got := o.Snapshot(t.Context()); got.Published != (debug.Counted{Total: 7}) || got.Share != nil || got.LagMedian != nil {
		t.Errorf("after a minute: %+v", got)
	}
}

// A minute is cut into slots; an event that is 55 seconds old counts, one that is 65
// seconds old does not.
func TestRatesAreOfTheLatestMinute(t *testing.T) {
	t.Parallel()
	o, now := newObserver(t, debug.Config{})
	now.Time = now.Add(time.Hour)
	publish(o, 55, nil)
	now.Time = now.Add(54 * time.Second)
	if got := o.Snapshot(t.Context()).Published; got.Minute != 55 || got.Rate < 0.9 || got.Rate > 1.1 {
		t.Errorf("after 54 seconds: %+v", got)
	}
	now.Time = now.Add(11 * time.Second)
	if got := o.Snapshot(t.Context()).Published; got != (debug.Counted{Total: 55}) {
		t.Errorf("after 65 seconds: %+v", got)
	}
	now.Time = now.Add(-time.Hour) // a clock that goes back
	publish(o, 1, nil)
	if got := o.Snapshot(t.Context()).Published; got.Total != 56 || got.Rate < 0 {
		t.Errorf("after the clock went back: %+v", got)
	}
}

func TestTopics(t *testing.T) {
	t.Parallel()
	o, now := newObserver(t, debug.Config{})
	deliver(o, "few", 5, 10, time.Second, nil)
	deliver(o, "many", 1, 1000, time.Second, nil)
	deliver(o, "many", 1, 999, 2*time.Second, nil)
	deliver(o, "many", 1, 3, time.Second, errors.New("cut short")) // did not list everybody
	deliver(o, "empty", 1, 5, time.Second, nil)
	deliver(o, "empty", 1, 0, time.Second, nil)
	ctx, end := o.Begin(t.Context(), ports.Step{Name: ports.StepDeliver, Topic: "many", Events: 1})
	o.Count(ctx, ports.Counts{Slow: 4, PutBehind: 3, CaughtUp: 2, Lost: 1})
	end(nil) // lists nobody: it is to those alone who catch up
	now.Time = now.Add(10 * time.Second)

	got := o.Snapshot(t.Context()).Topics
	if len(got) != 3 || got[0].Topic != "many" || got[1].Topic != "few" || got[2].Topic != "empty" {
		t.Fatalf("topics %+v, want many, few, empty", got)
	}
	many := got[0]
	if many.Subscribers != 999 || many.EventRate != 0.3 || many.Slow != 4 || many.PutBehind != 3 || many.CaughtUp != 2 || many.Lost != 1 {
		t.Errorf("many is %+v", many)
	}
	if got[2].Subscribers != 0 || got[1].Lag != 1 || *got[1].Share != 10 {
		t.Errorf("topics %+v", got)
	}
}

func TestTopicsAreBounded(t *testing.T) {
	t.Parallel()
	o, _ := newObserver(t, debug.Config{MaxTopics: 60})
	for i := range 1000 {
		deliver(o, ports.Topic(fmt.Sprint("topic ", i)), 1, i, time.Second, nil)
		deliver(o, "topic 0", 1, 1, time.Second, nil) // is always recent
	}
	got := o.Snapshot(t.Context())
	if len(got.Topics) != 50 || got.TopicsKept != 60 || got.Topics[0].Topic != "topic 999" {
		t.Errorf("%d topics of %d, the first %+v", len(got.Topics), got.TopicsKept, got.Topics[0])
	}
	o, _ = newObserver(t, debug.Config{MaxTopics: 2})
	for _, topic := range []ports.Topic{"a", "b", "a", "c"} {
		deliver(o, topic, 1, 1, time.Second, nil)
	}
	if got := o.Snapshot(t.Context()).Topics; len(got) != 2 || got[0].Topic != "a" || got[1].Topic != "c" {
		t.Errorf("kept %+v, want those with the latest events", got)
	}
}

// next is an Observer that notes its calls.
type next struct{ calls []string }

type nextKey struct{}

func (n *next) Begin(ctx context.Context, step ports.Step) (context.Context, func(error)) {
	return context.WithValue(ctx, nextKey{}, step.Name), func(err error) { n.calls = append(n.calls, fmt.Sprint("end ", step.Name, " ", err)) }
}

func (n *next) Trace(context.Context) map[string]string { return map[string]string{"trace": "1"} }

func (n *next) Count(ctx context.Context, counts ports.Counts) {
	n.calls = append(n.calls, fmt.Sprint("count in ", ctx.Value(nextKey{}), " ", counts.Gone))
}

func TestNextObservesTheSame(t *testing.T) {
	t.Parallel()
	notes := &next{}
	o, _ := newObserver(t, debug.Config{Next: notes})
	for _, name := range []ports.StepName{ports.StepDeliver, ports.StepPublish, ports.StepPush} {
		ctx, end := o.Begin(t.Context(), ports.Step{Name: name})
		o.Count(ctx, ports.Counts{Gone: 1})
		end(nil)
	}
	want := "count in deliver 1,end deliver <nil>,count in publish 1,end publish <nil>,count in push 1,end push <nil>"
	if got := strings.Join(notes.calls, ","); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if o.Trace(t.Context())["trace"] != "1" {
		t.Error("there is no trace")
	}
}

func TestNextThatIsANilPointer(t *testing.T) {
	t.Parallel()
	_, err := debug.New(debug.Config{Next: (*debug.Observer)(nil)})
	if want := "debug.New: invalid: debug.Config.Next is a nil pointer: leave it out, or set one that was made"; !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNegativeMaxTopics(t *testing.T) {
	t.Parallel()
	if _, err := debug.New(debug.Config{MaxTopics: -1}); !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), "MaxTopics") {
		t.Errorf("got %v", err)
	}
}

func get(o *debug.Observer, method, target string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	o.Handler().ServeHTTP(answer, httptest.NewRequest(method, target, nil))
	return answer
}

func TestHandler(t *testing.T) {
	t.Parallel()
	letters := errors.New("down")
	o, _ := newObserver(t, debug.Config{
		Process: "gateway-1", Sockets: func() int { return 12 },
		DeadLetters: func(context.Context) (int, error) { return 3, letters },
	})
	for _, test := range []struct {
		method, target string
		status         int
		content        string
	}{
		{http.MethodGet, "/debug/fanql", 200, "text/html; charset=utf-8"},
		{http.MethodHead, "/debug/fanql", 200, "text/html; charset=utf-8"},
		{http.MethodGet, "/debug/fanql?format=json", 200, "application/json"},
		{http.MethodGet, "/debug/fanql?format=prometheus", 200, "text/plain; version=0.0.4; charset=utf-8"},
		{http.MethodGet, "/debug/fanql?format=xml", 400, "text/plain; charset=utf-8"},
		{http.MethodPost, "/debug/fanql", 405, "text/plain; charset=utf-8"},
	} {
		answer := get(o, test.method, test.target)
		if answer.Code != test.status || answer.Header().Get("Content-Type") != test.content {
			t.Errorf("%s %s: %d, %q", test.method, test.target, answer.Code, answer.Header().Get("Content-Type"))
		}
	}
	for _, known := range []bool{false, true} {
		if known {
			letters = nil
		}
		var got debug.Snapshot
		if err := json.Unmarshal(get(o, http.MethodGet, "/?format=json").Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Process != "gateway-1" || *got.Sockets != 12 || (got.DeadLetters != nil) != known || got.DeadLettersUnknown == known {
			t.Errorf("known %v: %+v", known, got)
		}
	}
}

// Nothing but the page's own script and style may run, on any request anew.
func TestThePageLoadsNothing(t *testing.T) {
	t.Parallel()
	o, _ := newObserver(t, debug.Config{})
	var nonces []string
	for range 2 {
		answer := get(o, http.MethodGet, "/")
		policy := answer.Header().Get("Content-Security-Policy")
		nonce := regexp.MustCompile(`script-src 'nonce-([A-Z0-9]+)'`).FindStringSubmatch(policy)
		if nonce == nil || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Fatalf("the policy is %q", policy)
		}
		if got := strings.Count(answer.Body.String(), `nonce="`+nonce[1]+`"`); got != 2 {
			t.Errorf("the nonce is in %d places, want those of the style and the script", got)
		}
		if regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(answer.Body.String()) {
			t.Error("the page names another host")
		}
		nonces = append(nonces, nonce[1])
	}
	if nonces[0] == nonces[1] {
		t.Error("the nonce is the same twice")
	}
}

func TestWritePrometheus(t *testing.T) {
	t.Parallel()
	o, _ := newObserver(t, debug.Config{Sockets: func() int { return 2 }, DeadLetters: func(context.Context) (int, error) { return 0, nil }})
	o.Count(t.Context(), ports.Counts{Connections: 2, Waited: 1500 * time.Millisecond})
	deliver(o, "a", 2, 10, 30*time.Millisecond, nil)
	deliver(o, "a", 1, 10, 2*time.Hour, nil)
	var text bytes.Buffer
	if err := o.WritePrometheus(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"fanql_connection_count 2", "fanql_socket_count 2", "fanql_bus_dead_letters 0", "fanql_push_wait_time_seconds_total 1.5",
		"fanql_delivery_frames_total 30", `fanql_delivery_lag_seconds_bucket{le="0.025"} 0`, `fanql_delivery_lag_seconds_bucket{le="0.05"} 2`,
		`fanql_delivery_lag_seconds_bucket{le="3600"} 2`, `fanql_delivery_lag_seconds_bucket{le="+Inf"} 3`,
		"fanql_delivery_lag_seconds_sum 7200.06", "fanql_delivery_lag_seconds_count 3", "# TYPE fanql_delivery_lag_seconds histogram",
	} {
		if !strings.Contains(text.String(), line+"\n") {
			t.Errorf("there is no line %q in\n%s", line, text.String())
		}
	}
	if strings.Contains(text.String(), `"a"`) {
		t.Error("a topic is a label")
	}
}

// The rules for Prometheus ask for what there is.
func TestRulesAskForWhatIsWritten(t *testing.T) {
	t.Parallel()
	o, _ := newObserver(t, debug.Config{Sockets: func() int { return 0 }, DeadLetters: func(context.Context) (int, error) { return 0, nil }})
	var text bytes.Buffer
	if err := o.WritePrometheus(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)^[a-z_]+`).FindAllString(text.String(), -1) {
		written[name] = true
	}
	rules, err := os.ReadFile("../../deploy/prometheus/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`\b(fanql|messaging)_[a-z_]+`).FindAllString(string(rules), -1)
	if len(asked) < 10 {
		t.Fatalf("the rules ask for %q only", asked)
	}
	for _, name := range asked {
		if !written[name] {
			t.Errorf("the rules ask for %s, which is not written", name)
		}
	}
}
