package redis

import (
	"context"
	"crypto/rand"
	_ "embed" // for the script
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

const (
	// keepMembers is how long Redis keeps what it knows of a fleet of which
	// nobody is left. The next process reaps them until then.
	keepMembers = 24 * time.Hour
	// reapTime is how long one process reaps a dead one before another joins in.
	reapTime = 30 * time.Second
	// leaveTimeout bounds what a process does when it leaves.
	leaveTimeout = 5 * time.Second
	// chunk is how many connections one command has.
	chunk = 500
)

//go:embed lua/router_heartbeat.lua
var routerHeartbeat string

type routerScripts struct{ heartbeat *script }

func newRouterScripts() routerScripts {
	return routerScripts{heartbeat: newScript("router_heartbeat", routerHeartbeat)}
}

// The kinds of names that a router's keys are made of.
const (
	kindFleet   = "f" // all that one script touches
	kindProcess = "g"
)

func (r *router) membersKey() string { return r.keys.key(kindFleet, "", "members") }
func (r *router) deadKey() string    { return r.keys.key(kindFleet, "", "dead") }

// aliveKey is there as long as the process shows that it is alive.
func (r *router) aliveKey(process string) string {
	return r.keys.key(kindFleet, "", "alive:"+escape(process))
}

// connectionsKey is the set of a member's connections.
func (r *router) connectionsKey(member string) string {
	return r.keys.key(kindProcess, member, "connections")
}

// channel is where a process listens.
func (r *router) channel(process string) string {
	return r.keys.key(kindProcess, process, "channel")
}

// membership is one life of a process in the fleet: it has a new one after it
// was taken for dead. It belongs to one goroutine.
type membership struct {
	router *router
	member string // the process's name, # and a random text
	joined bool
	known  map[ports.ConnectionID]bool // as Redis has them
	// since is when the latest row of heartbeats that were in time began.
	since time.Time
}

// How the script finds a process.
const (
	foundAlive = iota
	foundLate
	foundDead
)

func (r *router) newMembership() *membership {
	return &membership{router: r, member: r.process + "#" + rand.Text()}
}

// processOf is the process that a member is a life of.
func processOf(member string) string {
	return member[:max(strings.LastIndexByte(member, '#'), 0)]
}

// live shows that the process is alive until ctx ends, and reaps dead ones, one
// at a time. Its error is a failure that stays.
func (r *router) live(ctx context.Context, disconnect ports.DisconnectFunc) error {
	m := r.newMembership()
	var reaping sync.WaitGroup
	defer reaping.Wait()
	var busy atomic.Bool
	ticker := time.NewTicker(r.config.Heartbeat)
	defer ticker.Stop()
	for ctx.Err() == nil {
		dead, alive, err := m.beat(ctx, !busy.Load())
		r.logFailure(ctx, "showing that the process is alive", err)
		if r.stays(err) && ctx.Err() == nil {
			return err
		}
		if !alive {
			m = r.newMembership()
			r.startAfresh(ctx)
			continue
		}
		if dead != "" {
			busy.Store(true)
			reaping.Go(func() {
				defer busy.Store(false)
				r.logFailure(ctx, "reaping a dead process", r.reap(ctx, disconnect, dead))
			})
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	m.leave(ctx)
	return nil
}

// startAfresh ends what the process had when it was taken for dead: by now its
// connections are nobody's any more, and events have passed them by. Their
// clients are asked back. A Redis that forgot the process may have forgotten the
// leases as well.
func (r *router) startAfresh(ctx context.Context) {
	r.config.Logger.WarnContext(ctx, "the process was taken for dead: its clients are asked to come back")
	r.fences.reset()
	for id := range r.connections() {
		to := ports.Address{ID: id, Endpoint: r.process}
		r.logFailure(ctx, "closing a connection", r.sockets.Close(ctx, to, ports.CloseTryAgainLater, "try again"))
	}
}

// beat is one heartbeat. It may hand over a dead member to reap; it may find
// that the process itself was taken for dead.
func (m *membership) beat(ctx context.Context, mayReap bool) (dead string, alive bool, err error) {
	r := m.router
	now := time.Now()
	var reapFor time.Duration
	if mayReap && m.joined && now.Sub(m.since) >= r.config.DeadAfter {
		reapFor = reapTime
	}
	found, dead, err := m.show(ctx, reapFor)
	if err != nil {
		return "", true, err
	}
	if found == foundDead {
		return "", false, nil
	}
	// A process that was away takes no other one for dead before the others could have
	// come back too.
	if found == foundLate || !m.joined {
		m.since = now
	}
	m.joined = true
	r.joined.Store(true)
	r.checkReady()
	r.outbox.prune()
	return dead, true, errors.Join(m.sync(ctx), r.publishToItself(ctx))
}

// show runs the script.
func (m *membership) show(ctx context.Context, reapFor time.Duration) (found int64, dead string, err error) {
	r := m.router
	now, err := r.clocks.time(ctx, r.membersKey())
	if err != nil && !isClockWrong(err) { // who is alive is decided by Redis's clock alone
		return 0, "", err
	}
	answer, err := run(ctx, r.client, call{
		script: r.scripts.heartbeat, keys: []string{r.membersKey(), r.deadKey(), r.aliveKey(r.process)},
		args: []any{
			m.member, r.config.DeadAfter.Milliseconds(), keepMembers.Milliseconds(), m.joined, reapFor.Milliseconds(), now,
		},
	})
	if err != nil {
		return 0, "", err
	}
	return replyNumber(replyAt(answer, 0)), replyText(replyAt(answer, 1)), nil
}

// publishToItself publishes to the process's own channel; see receive. Where there is no
// receiver although the process is subscribed, the process is so at a former master of a Cluster,
// which hands messages on and is not counted: it has to subscribe anew.
func (r *router) publishToItself(ctx context.Context) error {
	if !r.listening.Load() {
		return nil
	}
	publication := r.publication(ctx, r.sharded.Load(), r.process, nil)
	if err := r.client.Process(ctx, publication); err != nil || publication.Val() > 0 || !r.listening.Load() {
		return err
	}
	select {
	case r.elsewhere <- struct{}{}:
	default:
	}
	return nil
}

// sync writes down which connections came and went since it last did.
func (m *membership) sync(ctx context.Context) error {
	current := make(map[ports.ConnectionID]bool, len(m.known))
	var added, removed []any
	for id := range m.router.connections() {
		current[id] = true
		if !m.known[id] {
			added = append(added, string(id))
		}
	}
	for id := range m.known {
		if !current[id] {
			removed = append(removed, string(id))
		}
	}
	if err := m.write(ctx, added, removed); err != nil {
		return fmt.Errorf("writing down the connections: %w", err)
	}
	m.known = current
	return nil
}

// write may be repeated.
func (m *membership) write(ctx context.Context, added, removed []any) error {
	key := m.router.connectionsKey(m.member)
	_, err := m.router.client.Pipelined(ctx, func(pipeline goredis.Pipeliner) error {
		for ids := range slices.Chunk(added, chunk) {
			pipeline.SAdd(ctx, key, ids...)
		}
		for ids := range slices.Chunk(removed, chunk) {
			pipeline.SRem(ctx, key, ids...)
		}
		pipeline.PExpire(ctx, key, keepMembers)
		return nil
	})
	return err
}

// leave ends the membership. Connections that are left have to be reaped: with
// some, the process counts as dead from now on.
func (m *membership) leave(ctx context.Context) {
	if !m.joined {
		return
	}
	r := m.router
	r.joined.Store(false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	err := m.sync(ctx)
	if err == nil {
		_, err = r.client.Pipelined(ctx, func(pipeline goredis.Pipeliner) error {
			if len(m.known) == 0 {
				pipeline.ZRem(ctx, r.membersKey(), m.member)
				pipeline.Del(ctx, r.connectionsKey(m.member))
			} else {
				pipeline.ZAddXX(ctx, r.membersKey(), goredis.Z{Member: m.member})
			}
			pipeline.Del(ctx, r.aliveKey(r.process))
			return nil
		})
	}
	r.logFailure(ctx, "leaving the fleet", err)
}
