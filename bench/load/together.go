package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/bench/internal/figures"
)

// takeTogether measures a server to which all clients connect at once: from the first
// dial until an event that was published after the last has subscribed reaches them all.
func takeTogether(ctx context.Context, m measurement) error {
	return m.together(ctx, func() error {
		return m.crowd.subscribe(ctx, m.part.subscription, len(m.crowd.clients))
	})
}

// missed is how many events the clients have missed who resume.
const missed = 5

// takeResume measures a server to which all clients come back at once: from the first
// dial until all have got the events that they have missed.
func takeResume(ctx context.Context, m measurement) error {
	wanted, err := m.positioned(ctx)
	if err != nil {
		return err
	}
	if err := m.crowd.publish(missed); err != nil {
		return err
	}
	return m.together(ctx, func() error {
		if err := m.crowd.connect(ctx, wanted, len(m.crowd.clients)); err != nil {
			return err
		}
		return m.crowd.awaitAll(ctx, time.Minute)
	})
}

// positioned is the subscription of clients that have had all events so far.
func (m measurement) positioned(ctx context.Context) (subscription, error) {
	wanted := m.part.subscription
	wanted.resume = []string{}
	asking, err := dialSocket(ctx, m.crowd, wanted, 0)
	if err != nil {
		return wanted, err
	}
	defer func() { _ = asking.conn.Close() }()
	answer, err := wsutil.ReadServerText(asking.conn)
	if err != nil {
		return wanted, err
	}
	var start struct {
		Payload struct {
			Extensions struct {
				Event struct {
					Start []string `json:"start"`
				} `json:"event"`
			} `json:"extensions"`
		} `json:"payload"`
	}
	err = json.Unmarshal(answer, &start)
	wanted.resume = start.Payload.Extensions.Event.Start
	return wanted, err
}

// together measures what connects all clients.
func (m measurement) together(ctx context.Context, connect func() error) error {
	began := time.Now()
	if err := connect(); err != nil {
		return err
	}
	lasted := time.Since(began)
	after, err := m.server.usage(ctx, false)
	if err != nil {
		return err
	}
	clients := float64(len(m.crowd.clients))
	m.note(figures.Together, lasted.Seconds())
	m.note(figures.Connect, (after.CPUSeconds-m.before.CPUSeconds)/clients*1_000)
	if after.Peak > 0 {
		m.note(figures.Peak, (float64(after.Peak)-float64(m.before.Resident))/clients/1024)
	}
	return nil
}
