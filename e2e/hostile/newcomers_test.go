//go:build e2e

package hostile

import (
	"context"
	"fmt"
	"time"
)

// newcomers connect one after the other, ask for something, and leave, until the
// function that it returns is called. That returns when each was there.
func (s *stage) newcomers() (stop func() []span) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var took []span
	var failure error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for failure == nil && ctx.Err() == nil {
			began := time.Now()
			failure = s.newcomer()
			took = append(took, span{began, time.Now()})
			wait(ctx, 20*time.Millisecond)
		}
	}()
	return func() []span {
		s.t.Helper()
		cancel()
		<-ended
		if failure != nil {
			s.t.Errorf("newcomer %d: %v", len(took), failure)
		}
		return took
	}
}

func (s *stage) newcomer() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), patience)
	defer cancel()
	socket, err := openReady(ctx, 0, s.address)
	if err != nil {
		return err
	}
	defer func() { _ = socket.Close() }()
	if err := socket.ask("1", "{ item { id } }", ""); err != nil {
		return err
	}
	answer, err := socket.next()
	if err == nil && string(answer) != `{"id":"1","type":"next","payload":{"data":{"item":{"id":1}}}}` {
		err = fmt.Errorf("got %.200s", answer)
	}
	return err
}
