//go:build e2e

package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/subgraph/reviews"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// reviewed joins events of one subgraph with entities of the other.
const reviewed = `subscription { reviewed { body product { upc name } } }`

// publisher publishes reviews whether or not a subgraph runs.
type publisher struct {
	*core.Publisher
	backend *redis.Backend
}

func newPublisher(t *testing.T, address string) *publisher {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: address})
	t.Cleanup(func() { _ = client.Close() })
	backend := must.Make(redis.New(redis.Config{Client: client, Prefix: "reviews:"}))
	return &publisher{must.Make(core.NewPublisher(core.PublisherConfig{Bus: backend})), backend}
}

func (p *publisher) review(t *testing.T, number int) {
	t.Helper()
	event := core.NewTopic[reviews.Review]("reviews").Event(reviews.Review{Body: strconv.Itoa(number), Product: reviews.Product{UPC: strconv.Itoa(number%3 + 1)}})
	if err := p.Publish(t.Context(), event); err != nil {
		t.Fatal(err)
	}
}

// subscribed waits until so many subscriptions are in place.
func (p *publisher) subscribed(t *testing.T, count int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		page, err := p.backend.ListSubscribers(t.Context(), "reviews", ports.PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Subscribers) == count {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d subscriptions are in place, want %d", len(page.Subscribers), count)
		}
	}
}

// result is what a client of reviewed gets.
func result(number int) string {
	names := []string{"Table", "Couch", "Chair"}
	return fmt.Sprintf(`{"data":{"reviewed":{"body":"%d","product":{"upc":"%d","name":"%s"}}}}`, number, number%3+1, names[number%3])
}

// bodies are the numbers of reviews without repeats, and how many repeats there were.
func bodies(t *testing.T, results []string) (numbers []int, repeats int) {
	t.Helper()
	seen := map[int]bool{}
	for _, text := range results {
		var decoded struct {
			Data struct{ Reviewed struct{ Body string } }
		}
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			t.Fatal(err)
		}
		number, err := strconv.Atoi(decoded.Data.Reviewed.Body)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if seen[number] {
			repeats++
			continue
		}
		seen[number] = true
		numbers = append(numbers, number)
	}
	return numbers, repeats
}

// TestThroughTheGateway: subscriptions of both subgraphs, one in each library, with
// filters, joins, errors, and clients that leave.
func TestThroughTheGateway(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.startSubgraph(t, "reviews", g.reviews)
	g.startSubgraph(t, "products", g.products)
	g.startGateway(t)
	p := newPublisher(t, g.redis)
	all, one := g.subscribe(t, reviewed), g.subscribe(t, `subscription { reviewed(upc: "2") { body } }`)
	prices := g.subscribe(t, `subscription { priceChanged { name reviews { body } } }`)
	p.subscribed(t, 2)
	for i := range 30 {
		p.review(t, i)
	}
	for i, got := range all.await(30) {
		if got != result(i) {
			t.Errorf("result %d is %s", i, got)
		}
	}
	for i, got := range one.await(10) {
		if want := fmt.Sprintf(`{"data":{"reviewed":{"body":"%d"}}}`, 3*i+1); got != want {
			t.Errorf("the filtered result %d is %s, want %s", i, got, want)
		}
	}
	// A gqlgen subgraph, whose events have fields of the other one, by a mutation that
	// goes through the gateway as well. The subscription may be in place only after the
	// first.
	g.execute(t, `mutation { review(upc: "3", body: "kept") { body } }`)
	for price := 1; len(first(prices.so())) == 0; price++ {
		if got := g.execute(t, fmt.Sprintf(`mutation { setPrice(upc: "3", price: %d) { upc } }`, price)); got != `{"data":{"setPrice":{"upc":"3"}}}` {
			t.Fatal(got)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got, want := first(prices.so())[0], `{"data":{"priceChanged":{"name":"Chair","reviews":[{"body":"kept"}]}}}`; got != want {
		t.Errorf("the change is %s, want %s", got, want)
	}
	if invalid := g.execute(t, `subscription { reviewed { nothing } }`); invalid == "" {
		t.Error("no error")
	}
	// A client that leaves shows at the next event, or heartbeat.
	one.leave()
	p.review(t, 1)
	p.subscribed(t, 1)
	t.Run("silence", func(t *testing.T) { g.silence(t, p) })
}

// silence: heartbeats keep a subscription without events alive for longer than the
// gateway waits. One other subscription is in place.
func (g *graph) silence(t *testing.T, p *publisher) {
	c := g.subscribe(t, reviewed)
	p.subscribed(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 13*time.Second) // of intervals of 5 s
	defer cancel()
	<-ctx.Done()
	p.review(t, 0)
	c.await(1)
}

func first[A, B any](a A, _ B) A { return a }

// TestSubgraphIsKilled: the process of a subgraph is killed in the middle of a stream
// and started again. Its clients get everything, in order, and notice nothing.
func TestSubgraphIsKilled(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	subgraph := g.startSubgraph(t, "reviews", g.reviews)
	g.startSubgraph(t, "products", g.products)
	g.startGateway(t)
	p := newPublisher(t, g.redis)
	clients := []*client{g.subscribe(t, reviewed), g.subscribe(t, reviewed), g.subscribe(t, reviewed)}
	p.subscribed(t, len(clients))
	const count = 180
	for i := range count {
		switch i {
		case count / 3, 2 * count / 3:
			subgraph.kill()
		case count/3 + 30, 2*count/3 + 30: // some are published while nobody runs
			subgraph = g.startSubgraph(t, "reviews", g.reviews)
		}
		p.review(t, i)
		time.Sleep(5 * time.Millisecond)
	}
	for n, c := range clients {
		results := c.await(count)
		numbers, repeats := bodies(t, results)
		for deadline := time.Now().Add(patience); len(numbers) < count && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			results, _ = c.so()
			numbers, repeats = bodies(t, results)
		}
		for i, number := range numbers {
			if number != i {
				t.Fatalf("client %d: result %d is of review %d", n, i, number)
			}
		}
		_, ended := c.so()
		if len(numbers) != count || ended != "" {
			t.Errorf("client %d: %d reviews of %d, ended %q", n, len(numbers), count, ended)
		}
		t.Logf("client %d: %d results, %d of them repeats", n, len(results), repeats)
	}
}
