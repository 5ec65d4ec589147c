package model

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// Backend is what the processes of one history share, as each of them sees it.
type Backend struct {
	Store  func(process *portfault.Process) ports.Store
	Bus    func(process *portfault.Process) ports.EventBus
	Source func(process *portfault.Process) ports.EventSource
	// History, unless nil, keeps what topics keep.
	History func(process *portfault.Process) ports.History
	// Idle returns once all that was published has been delivered.
	Idle func()
	// Stop, unless nil, ends what goes on by itself. The store is still used.
	Stop func()
}

// Adapter is what histories are played on.
type Adapter struct {
	Name string
	// New makes the backend of one history, inside its bubble. Cleanup is the
	// test's.
	New func(t *testing.T, history History) Backend
	// ForgetsRows: a DeleteConnection that is repeated inside the adapter, because an
	// answer was lost, finds nothing, and leaves rows until a delivery meets them. Nor
	// does a RemoveOperation wait for one that is under way: the connection is gone
	// before its rows are.
	ForgetsRows bool
	// Parallel is how many histories are played at a time; 2 when 0.
	Parallel int
}

// History is what a backend may know of its history.
type History struct {
	// Name is the seed, and begins the names of all connections and topics.
	Name string
	// Now is the clock of the history: real at its beginning, and then the bubble's.
	Now func() time.Time
}

// Options change what is played.
type Options struct {
	// Seed is the first history's.
	Seed uint64
	// Histories is how many there are.
	Histories int
	// Enough is how many violations end the run; 3 when 0.
	Enough int
	// Rates are those of all histories. When nil, every history has some of its
	// own.
	Rates map[portfault.Kind]float64
	// Break, unless nil, spoils the configuration of an engine: a test that cannot
	// fail proves nothing.
	Break func(*core.Config)
}

// Violation is a history that did not keep a promise.
type Violation struct {
	Seed     uint64
	Problems []string
	// Trace is all that happened.
	Trace []string
}

// String is the violation with its trace.
func (v Violation) String() string {
	return fmt.Sprintf("seed %d:\n%s\n\nwhat happened:\n%s", v.Seed, strings.Join(v.Problems, "\n"), strings.Join(v.Trace, "\n"))
}

// Figures add up what was played.
type Figures struct {
	// Chains are operations that were resumed and checked from the first placement on.
	Histories, Operations, Events, Chains int
	Faults                                map[portfault.Kind]int
}

// Test plays histories on an adapter: as many as MODEL_HISTORIES says or,
// without that, as given. It fails with the seed and the trace of a violation.
func Test(t *testing.T, adapter Adapter, histories int) {
	options := Options{Seed: 1, Histories: histories}
	for name, set := range map[string]func(uint64){
		"MODEL_HISTORIES": func(n uint64) { options.Histories = int(n) }, //nolint:gosec // A count.
		"MODEL_SEED":      func(n uint64) { options.Seed = n },
	} {
		if value := os.Getenv(name); value != "" {
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			set(n)
		}
	}
	figures, violations := Play(t, adapter, options)
	report(t, adapter.Name, figures)
	for _, violation := range violations {
		t.Errorf("%v\n\nto play it again: MODEL_SEED=%d MODEL_HISTORIES=1", violation, violation.Seed)
	}
}

// Play plays histories, and stops after some that did not keep a promise.
func Play(t *testing.T, adapter Adapter, options Options) (Figures, []Violation) {
	var mu sync.Mutex
	figures := Figures{Faults: map[portfault.Kind]int{}}
	var violations []Violation
	played := 0
	next := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		if figures.Histories == options.Histories || len(violations) >= cmp.Or(options.Enough, 3) {
			return 0, false
		}
		figures.Histories++
		return options.Seed + uint64(figures.Histories) - 1, true //nolint:gosec // A count.
	}
	base := time.Now()
	t.Run(adapter.Name, func(t *testing.T) {
		for i := range max(adapter.Parallel, 2) {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				for seed, more := next(); more; seed, more = next() {
					w := play(t, adapter, options, base, seed)
					mu.Lock()
					figures.add(w)
					if len(w.problems) > 0 {
						violations = append(violations, Violation{seed, w.problems, w.trace})
					}
					if played++; played%1000 == 0 {
						t.Logf("%d histories", played)
					}
					mu.Unlock()
				}
			})
		}
	})
	return figures, violations
}

func (f *Figures) add(w *world) {
	f.Operations += int(w.actions.Load())
	f.Events += len(w.events)
	f.Chains += w.chains
	for fault, n := range w.faults.Injected() {
		f.Faults[fault.Kind] += n
	}
}

// play plays the history of a seed.
func play(t *testing.T, adapter Adapter, options Options, base time.Time, seed uint64) (w *world) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		w = newWorld(t, seed, options, func() time.Time { return base.Add(time.Since(begun)) })
		w.truth.forgetsRows = adapter.ForgetsRows
		w.backend = adapter.New(t, History{Name: w.name, Now: w.now})
		w.play()
	})
	return w
}

// report logs the figures, and appends them to the file that MODEL_REPORT names.
func report(t *testing.T, name string, figures Figures) {
	t.Helper()
	headers := []string{"adapter", "histories", "operations", "events", "resumed"}
	fields := []string{name}
	for _, n := range []int{figures.Histories, figures.Operations, figures.Events, figures.Chains} {
		fields = append(fields, strconv.Itoa(n))
	}
	for _, kind := range portfault.Kinds() {
		headers, fields = append(headers, string(kind)), append(fields, strconv.Itoa(figures.Faults[kind]))
	}
	header, line := strings.Join(headers, "\t"), strings.Join(fields, "\t")
	t.Logf("%s\n%s", header, line)
	path := os.Getenv("MODEL_REPORT")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // The user's own file.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.Size() == 0 {
		line = header + "\n" + line
	}
	if _, err := fmt.Fprintln(file, line); err != nil {
		t.Fatal(err)
	}
}
