//go:build e2e

package hostile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Every costly document has an answer, and an error is not larger than 16 KiB.
func TestCostlyDocumentsAreAnswered(t *testing.T) {
	s := newStage(t, 1)
	client := httpClient(0)
	defer client.CloseIdleConnections()
	for _, d := range documents() {
		request, err := d.request()
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		status, body, err := post(t.Context(), client, s.address, request+end)
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		t.Logf("%-36s %6d bytes, answered %d with %6d bytes in %v", d.name, len(request), status, len(body), time.Since(began).Round(10*time.Microsecond))
		if status != 200 && len(body) > 16<<10 {
			t.Errorf("%s: the error is %d bytes long", d.name, len(body))
		}
	}
}

// A client's documents that nobody has sent before are answered while hostile ones
// send costly documents without a pause, and events do not wait for those either.
func TestNewDocumentsBesideHostileOnes(t *testing.T) {
	size := sizeOfTest()
	s := newStage(t, size.good)
	newDocuments := func(what string, d time.Duration) percentiles {
		t.Helper()
		took, peak := s.newDocuments(what, d)
		return s.report("documents "+what, took, peak, s.look())
	}
	newDocuments("warm-up", size.alone/10)
	before := s.look()
	newDocuments("before", size.alone)
	s.report("events before", s.take(), s.resident(), before)

	attackers := start(t, "authors", 0, addressVariable+"="+s.address)
	attackers.line(t)
	busy := newDocuments("during", size.beside)
	s.catchUp(s.look().Published)
	s.report("events during", s.take(), s.resident(), s.look())
	t.Logf("what the attackers did: %s", attackers.stop())
	if p50 := busy.at(.5); p50 > size.fresh {
		t.Errorf("half of the new documents took more than %v of the server's processors, want at most %v", p50, size.fresh)
	}
	if p99 := busy.at(.99); p99 > size.p99 {
		t.Errorf("p99 of the new documents is %v of the server's processors, want at most %v", p99, size.p99)
	}
	s.recover(before)
}

// newDocuments has four clients, two of them over HTTP, send one document after the
// other for some time. It returns when each was under way, and the most memory that the
// server had.
func (s *stage) newDocuments(round string, d time.Duration) (all []span, peak uint64) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), d+patience)
	defer cancel()
	var (
		sending sync.WaitGroup
		mu      sync.Mutex
	)
	for i := range 4 {
		ask, leave, err := s.asker(ctx, i%2 == 0)
		if err != nil {
			s.t.Fatal(err)
		}
		defer leave()
		sending.Go(func() {
			end := time.Now().Add(d)
			for n := 0; time.Now().Before(end) && wait(ctx, 10*time.Millisecond); n++ {
				began := time.Now()
				answer, err := ask(fmt.Sprint(n), fmt.Sprintf(`{"query":"{ item { id text child { id } } } # %s %d %d"}`, round, i, n))
				took := span{began, time.Now()}
				if err != nil || !strings.Contains(answer, `{"data":{"item":{"id":1,"text":"some text of some length","child":{"id":1}}}}`) {
					s.t.Errorf("good client %d: after %v: %.200s, %v", i, took.duration(), answer, err)
					return
				}
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
			}
		})
	}
	peak = s.watch(d)
	sending.Wait()
	if len(all) == 0 {
		s.t.Fatal("no document was answered")
	}
	return all, peak
}

// asker is a good client that sends a request and waits for its answer.
func (s *stage) asker(ctx context.Context, socket bool) (ask func(id, request string) (string, error), leave func(), err error) {
	if !socket {
		client := httpClient(0)
		return func(_, request string) (string, error) {
			_, body, err := post(ctx, client, s.address, request)
			return string(body), err
		}, client.CloseIdleConnections, nil
	}
	connection, err := openReady(ctx, 0, s.address)
	if err != nil {
		return nil, nil, err
	}
	return func(id, request string) (string, error) {
		if err := connection.request(id, request); err != nil {
			return "", err
		}
		next, err := connection.next()
		if err != nil {
			return "", err
		}
		complete, err := connection.next()
		if err == nil && !strings.Contains(string(complete), `"complete"`) {
			err = errors.New("got " + string(complete))
		}
		return string(next), err
	}, func() { _ = connection.Close() }, nil
}
