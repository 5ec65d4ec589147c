//go:build e2e

package hostile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// size is how much of everything there is, and what the good clients may notice
// of it.
type size struct {
	good   int
	alone  time.Duration
	beside time.Duration
	memory uint64 // resident, of the server

	// What the good clients wait for beside the hostile ones, in the time of the
	// processors that the server has meanwhile.
	fresh time.Duration // the median of new documents
	p99   time.Duration
}

func sizeOfTest() size {
	if *full {
		return size{good: 200, alone: 10 * time.Second, beside: 10 * time.Second, memory: 512 << 20, fresh: 50 * time.Millisecond, p99: time.Second}
	}
	return size{good: 50, alone: time.Second, beside: 4 * time.Second, memory: 1 << 30, fresh: 500 * time.Millisecond, p99: 5 * time.Second}
}

// goodClient subscribes to one topic and notes what comes.
type goodClient struct {
	socket *socket
	topic  int

	mu    sync.Mutex
	last  int // the latest event
	waits []span
	err   error
}

func (g *goodClient) read() {
	for {
		data, err := g.socket.next()
		if err == nil {
			err = g.note(data, time.Now())
		}
		if err != nil {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.err = err
			return
		}
	}
}

// note fails when an event is missing, late after another, or not one.
func (g *goodClient) note(data []byte, now time.Time) error {
	var message struct {
		Type    string
		Payload struct{ Data struct{ Ticks *tick } }
	}
	if err := json.Unmarshal(data, &message); err != nil {
		return err
	}
	event := message.Payload.Data.Ticks
	if message.Type != "next" || event == nil {
		return fmt.Errorf("got %.200s", data)
	}
	due, err := strconv.ParseInt(event.At, 10, 64)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last != 0 && event.N != g.last+1 {
		return fmt.Errorf("event %d came after event %d", event.N, g.last)
	}
	g.last = event.N
	g.waits = append(g.waits, span{time.Unix(0, due), now})
	return nil
}

// take returns how it waited for events since it was last called.
func (g *goodClient) take() []span {
	g.mu.Lock()
	defer g.mu.Unlock()
	waits := g.waits
	g.waits = nil
	return waits
}

// reached says whether an event has come, and why it never will.
func (g *goodClient) reached(n int) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last >= n, g.err
}

// stage is the server with its good clients.
type stage struct {
	t       *testing.T
	server  *process
	address string
	figures string
	clients []*goodClient
	meter   *meter
}

func newStage(t *testing.T, good int) *stage {
	server := start(t, "server", 0)
	s := &stage{t: t, server: server, address: server.line(t), figures: server.line(t), meter: startMeter(t, server.id)}
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		reading.Wait()
	})
	for i := range good {
		socket, err := openReady(ctx, 0, s.address)
		if err != nil {
			t.Fatal(err)
		}
		client := &goodClient{socket: socket, topic: i % topics}
		if err := socket.subscribe("good", client.topic); err != nil {
			t.Fatal(err)
		}
		s.clients = append(s.clients, client)
		reading.Go(client.read)
	}
	s.catchUp(1)
	s.take()
	return s
}

// catchUp waits until every good client has an event, and all before it.
func (s *stage) catchUp(n int) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for i, client := range s.clients {
		for {
			reached, err := client.reached(n)
			if err != nil {
				s.t.Fatalf("good client %d of %s: %v", i, topicName(client.topic), err)
			}
			if reached {
				break
			}
			if !wait(s.t.Context(), 10*time.Millisecond) || time.Now().After(deadline) {
				s.t.Fatalf("good client %d still waits for event %d", i, n)
			}
		}
	}
}

func (s *stage) take() []span {
	var all []span
	for _, client := range s.clients {
		all = append(all, client.take()...)
	}
	return all
}

// look asks the server for its figures.
func (s *stage) look() figures {
	s.t.Helper()
	response, err := http.Get("http://" + s.figures)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var f figures
	if err := json.NewDecoder(response.Body).Decode(&f); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// resident is the memory of the server's process.
func (s *stage) resident() uint64 {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.server.id))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		if fields := strings.Fields(string(line)); fields[0] == "VmRSS:" {
			kilobytes, _ := strconv.ParseUint(fields[1], 10, 64)
			return kilobytes << 10
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}

// watch lets time pass and returns the most memory that the server had.
func (s *stage) watch(d time.Duration) (peak uint64) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		peak = max(peak, s.resident())
		wait(s.t.Context(), 20*time.Millisecond)
	}
	return peak
}

// report logs how long the waits were, and returns how long they were in the time of
// the processors that the server had meanwhile.
func (s *stage) report(what string, waits []span, resident uint64, f figures) (busy percentiles) {
	clock := sorted(waits, span.duration)
	busy = sorted(waits, s.meter.used)
	s.t.Logf("%-16s %6d, %v; of processors %v; resident %d MiB, heap %d MiB, goroutines %d, connections %d", what, len(waits),
		clock, busy, resident>>20, f.Heap>>20, f.Goroutines, f.Connections)
	return busy
}

// Good clients lose nothing and are not cut off while hostile ones do what they
// can, and newcomers are let in and answered; the server's memory stays bounded and comes back.
func TestGoodClientsBesideHostileOnes(t *testing.T) {
	size := sizeOfTest()
	s := newStage(t, size.good)
	leave := s.newcomers()
	peak := s.watch(size.alone)
	took := leave()
	before := s.look()
	s.report("events before", s.take(), peak, before)
	s.report("newcomers before", took, peak, before)

	// Hostile clients have machines of their own. Here they leave the processors to
	// the server where it wants them: it is not to wait for them, but for what they do.
	attackers := start(t, "attackers", 10, addressVariable+"="+s.address)
	attackers.line(t) // where others leave them no time, nothing would be measured
	s.take()
	leave = s.newcomers()
	peak = s.watch(size.beside)
	took = leave()
	during := s.take()
	s.catchUp(s.look().Published)
	during = append(during, s.take()...)
	busy := s.report("events during", during, peak, s.look())
	s.report("newcomers during", took, peak, s.look())
	t.Logf("what the attackers did: %s", attackers.stop())
	if p99 := busy.at(.99); p99 > size.p99 {
		t.Errorf("p99 of the good clients is %v of the server's processors, want at most %v", p99, size.p99)
	}
	if peak > size.memory {
		t.Errorf("the server took %d MiB, want at most %d", peak>>20, size.memory>>20)
	}

	after := s.recover(before)
	s.catchUp(after.Published)
	s.take()
	leave = s.newcomers()
	peak = s.watch(size.alone)
	took = leave()
	s.report("events after", s.take(), peak, after)
	s.report("newcomers after", took, peak, after)
}

// recover waits until the server is as it was.
func (s *stage) recover(before figures) figures {
	s.t.Helper()
	const spareGoroutines, spareHeap = 20, 16 << 20
	deadline := time.Now().Add(patience)
	for {
		after := s.look()
		if after.Connections == before.Connections && after.Goroutines <= before.Goroutines+spareGoroutines &&
			after.Heap <= before.Heap+spareHeap {
			return after
		}
		if !wait(s.t.Context(), 100*time.Millisecond) || time.Now().After(deadline) {
			s.t.Fatalf("the server has %+v long after, and had %+v before", after, before)
		}
	}
}
