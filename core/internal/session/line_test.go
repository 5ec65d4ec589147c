package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/fanql/fanql/ports"
)

// enter takes a message of the connection "a".
func enter(l *lines) *taken {
	t := &taken{message: ports.Message{Address: ports.Address{ID: "a"}}}
	l.take(t, true)
	return t
}

// Several messages may end a connection at once. Once one of them has, it stays ended.
func TestAConnectionThatHasEndedStaysEnded(t *testing.T) {
	failed := errors.New("throttled")
	for _, outcomes := range [][]error{{nil, failed}, {failed, nil}, {nil, nil}} {
		l := newLines(1)
		line := enter(l).line
		ends := []func(error){l.end("a"), l.end("a")}
		for i, err := range outcomes {
			ends[i](err)
		}
		if over, err := l.isOver(t.Context(), line); !over || err != nil {
			t.Errorf("after closes with %v: over is %t, error %v", outcomes, over, err)
		}
		l.end("a")(failed) // by one that comes late
		if over, err := l.isOver(t.Context(), line); !over || err != nil {
			t.Errorf("after closes with %v, and another that failed: over is %t, error %v", outcomes, over, err)
		}
	}
}

// A message waits while any other may still end its connection, and not for more once
// one has.
func TestAMessageWaitsForAllThatMayEndItsConnection(t *testing.T) {
	failed := errors.New("throttled")
	for name, test := range map[string]struct {
		first, second error
		decided       bool // by the first
		over          bool
	}{
		"none has":       {first: failed, second: failed},
		"the first has":  {second: failed, decided: true, over: true},
		"the second has": {first: failed, over: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLines(1)
				line := enter(l).line
				first, second := l.end("a"), l.end("a")
				var returned, over bool
				go func() {
					over, _ = l.isOver(t.Context(), line)
					returned = true
				}()
				synctest.Wait()
				if returned {
					t.Fatal("it does not wait")
				}
				first(test.first)
				synctest.Wait()
				if returned != test.decided {
					t.Fatalf("after the first: returned is %t, want %t", returned, test.decided)
				}
				second(test.second)
				synctest.Wait()
				if !returned || over != test.over {
					t.Errorf("returned is %t, over %t, want true, %t", returned, over, test.over)
				}
			})
		})
	}
}

func TestAMessageWaitsNoLongerThanItsContext(t *testing.T) {
	l := newLines(1)
	line := enter(l).line
	defer l.end("a")(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.isOver(ctx, line); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}
