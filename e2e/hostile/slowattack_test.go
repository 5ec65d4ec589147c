//go:build e2e

package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// hang has 50 connections with eight operations each whose resolvers do not end. Three
// such attackers want more places than the server has for all messages.
func (a *attacker) hang(ctx context.Context) error {
	return a.hold(ctx, 50, func(s *socket) error {
		for n := range 8 {
			if err := s.ask(fmt.Sprint(n), "{ hang }", ""); err != nil {
				return err
			}
			a.done.Add(1)
		}
		s.ignore()
		return nil
	})
}

// dribble has 50 connections that each send one message, a byte a second.
func (a *attacker) dribble(ctx context.Context) error {
	message := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(`{"type":"ping"` + strings.Repeat(" ", 1000) + `}`))))
	return a.hold(ctx, 50, func(s *socket) error {
		for _, b := range message {
			if _, err := s.Write([]byte{b}); err != nil {
				return err
			}
			a.done.Add(1)
			if !wait(ctx, time.Second) {
				break
			}
		}
		return nil
	})
}

// hold opens many connections at a time, and returns when each has been used.
func (a *attacker) hold(ctx context.Context, connections int, use func(*socket) error) error {
	var using sync.WaitGroup
	defer using.Wait()
	for range connections {
		s, err := openReady(ctx, a.machine, a.address)
		if err != nil {
			return err
		}
		using.Go(func() {
			defer func() { _ = s.Close() }()
			_ = use(s) // it ends when the server does not let it go on
		})
	}
	return nil
}

// conflicts sends fields that conflict with each other, in as many pairs as a document
// has room for.
func (a *attacker) conflicts(ctx context.Context) error {
	query := "{" + each(220, func(i int) string { return fmt.Sprintf("items(n:%d){id} ", i) }) + "}"
	return a.query(ctx, func(n int) string { return fmt.Sprintf("%s # %d", query, n) })
}

func (a *attacker) introspection(ctx context.Context) error {
	query, err := json.Marshal("{" + introspection(4) + "}" + introspected + " # ")
	if err != nil {
		return err
	}
	return a.floodReady(ctx, func(s *socket, n int) error {
		return s.request(fmt.Sprint(n), fmt.Sprintf(`{"query":%s%d"}`, strings.TrimSuffix(string(query), `"`), n))
	})
}
