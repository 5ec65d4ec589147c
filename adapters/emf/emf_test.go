package emf_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/emf"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

func now() time.Time { return time.UnixMilli(1_800_000_000_000) }

func Example() {
	observer, err := emf.New(emf.Config{Stack: "chat", Writer: os.Stdout, Now: now})
	if err != nil {
		fmt.Println(err)
		return
	}
	// In core.Config.Observer, of which the engine calls:
	observer.Count(context.Background(), ports.Counts{Lost: 2})

	// At the end of each invocation:
	if err := observer.Flush(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"Stack":"chat","SubscribersLost":2,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["Stack"]],"Metrics":[{"Name":"SubscribersLost","Unit":"Count"}],"Namespace":"FanQL"}],"Timestamp":1800000000000}}
}

// line is one in the embedded metric format.
type line struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
	Stack string
}

// flushed are the values of all lines by metric. It checks that each line is of the
// format, by the rules of CloudWatch's specification.
func flushed(t *testing.T, observer *emf.Observer, written *bytes.Buffer) []map[string]any {
	t.Helper()
	written.Reset()
	if err := observer.Flush(); err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for text := range strings.Lines(written.String()) {
		var of line
		var values map[string]any
		if err := errors.Join(json.Unmarshal([]byte(text), &of), json.Unmarshal([]byte(text), &values)); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(of.AWS.CloudWatchMetrics) != 1 || of.AWS.Timestamp != now().UnixMilli() || of.Stack != "chat" {
			t.Fatalf("the line is %s", text)
		}
		directive := of.AWS.CloudWatchMetrics[0]
		if directive.Namespace != emf.Namespace || len(directive.Dimensions) != 1 || !slices.Equal(directive.Dimensions[0], []string{emf.Dimension}) {
			t.Errorf("namespace %q and dimensions %q", directive.Namespace, directive.Dimensions)
		}
		has := map[string]any{}
		for _, metric := range directive.Metrics {
			has[metric.Name] = values[metric.Name]
			if metric.Unit != emf.Metrics()[metric.Name] || has[metric.Name] == nil {
				t.Errorf("%s has the unit %q and the value %v", metric.Name, metric.Unit, has[metric.Name])
			}
		}
		if len(values) != len(has)+2 {
			t.Errorf("the line has fields beside its metrics: %s", text)
		}
		all = append(all, has)
	}
	return all
}

func newObserver() (*emf.Observer, *bytes.Buffer) {
	var written bytes.Buffer
	return must.Make(emf.New(emf.Config{Stack: "chat", Writer: &written, Now: now})), &written
}

func TestCounts(t *testing.T) {
	t.Parallel()
	observer, written := newObserver()
	for range 2 {
		observer.Count(t.Context(), ports.Counts{
			Connections: 1, Operations: 1, Pushed: 10, Executed: 2, Gone: 3, Lost: 4, Throttled: 5, Retried: 6,
			Waited: 7 * time.Millisecond, Lags: []time.Duration{time.Second},
		})
	}
	want := map[string]any{
		"FramesPushed": 20.0, "Executions": 4.0, "ConnectionsGone": 6.0, "SubscribersLost": 8.0,
		"PushesThrottled": 10.0, "PushesRepeated": 12.0, "PushWaitTime": 14.0, "DeliveryLag": []any{1000.0, 1000.0},
	}
	if lines := flushed(t, observer, written); len(lines) != 1 || fmt.Sprint(lines[0]) != fmt.Sprint(want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
	if lines := flushed(t, observer, written); lines != nil {
		t.Errorf("flushed twice: %v", lines)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	failure := &ports.Error{Op: "store", Kind: ports.ErrThrottled, Err: errors.New("throttled")}
	for _, test := range []struct {
		step ports.Step
		err  error
		want map[string]any
	}{
		{ports.Step{Name: ports.StepPublish, Events: 3}, nil, map[string]any{"EventsPublished": 3.0}},
		{ports.Step{Name: ports.StepPublish, Events: 3}, failure, map[string]any{"PublishErrors": 1.0}},
		{ports.Step{Name: ports.StepReceive}, failure, map[string]any{"MessageErrors": 1.0}},
		{ports.Step{Name: ports.StepConnect}, failure, map[string]any{"MessageErrors": 1.0}},
		{ports.Step{Name: ports.StepConnect}, &ports.Refusal{}, nil},
		{ports.Step{Name: ports.StepReceive}, ports.ErrGone, nil},
		{ports.Step{Name: ports.StepDeliver}, failure, map[string]any{"DeliveryErrors": 1.0}},
		{ports.Step{Name: ports.StepDeliver}, ports.ErrUnfinished, nil},
		{ports.Step{Name: ports.StepPush}, failure, nil}, // which Lost and Throttled count
		{ports.Step{Name: ports.StepDeliver}, nil, nil},
	} {
		observer, written := newObserver()
		_, end := observer.Begin(t.Context(), test.step)
		end(test.err)
		var has map[string]any
		if lines := flushed(t, observer, written); len(lines) > 0 {
			has = lines[0]
		}
		if !maps.Equal(has, test.want) {
			t.Errorf("%s, %v: %v, want %v", test.step.Name, test.err, has, test.want)
		}
	}
}

// A line has 100 values of a metric at the most.
func TestManyLags(t *testing.T) {
	t.Parallel()
	observer, written := newObserver()
	observer.Count(t.Context(), ports.Counts{Pushed: 1, Lags: slices.Repeat([]time.Duration{time.Millisecond}, 250)})
	var lengths []int
	frames := 0.0
	for _, of := range flushed(t, observer, written) {
		lags, _ := of["DeliveryLag"].([]any)
		pushed, _ := of["FramesPushed"].(float64)
		lengths, frames = append(lengths, len(lags)), frames+pushed
	}
	if !slices.Equal(lengths, []int{100, 100, 50}) || frames != 1 {
		t.Errorf("lines with %v lags, %v frames", lengths, frames)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	observer, written := newObserver()
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			observer.Count(t.Context(), ports.Counts{Pushed: 1})
			_, end := observer.Begin(t.Context(), ports.Step{Name: ports.StepPublish, Events: 1})
			end(nil)
		}()
	}
	for range 8 {
		<-done
	}
	if lines := flushed(t, observer, written); len(lines) != 1 || lines[0]["FramesPushed"] != 8.0 || lines[0]["EventsPublished"] != 8.0 {
		t.Errorf("lines %v", lines)
	}
}

func TestStackIsRequired(t *testing.T) {
	t.Parallel()
	if _, err := emf.New(emf.Config{}); !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), "emf.Config.Stack") {
		t.Errorf("the error is %v", err)
	}
}

func TestWriterThatIsANilPointer(t *testing.T) {
	t.Parallel()
	_, err := emf.New(emf.Config{Stack: "chat", Writer: (*bytes.Buffer)(nil)})
	if want := "emf.New: invalid: emf.Config.Writer is a nil pointer: leave it out, or set one that was made"; !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWriterFails(t *testing.T) {
	t.Parallel()
	failure := errors.New("closed")
	observer := must.Make(emf.New(emf.Config{Stack: "chat", Writer: failing{failure}}))
	observer.Count(t.Context(), ports.Counts{Lost: 1})
	if err := observer.Flush(); !errors.Is(err, failure) {
		t.Errorf("the error is %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
