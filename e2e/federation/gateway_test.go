//go:build e2e

package federation

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/examples/subgraph/products"
	"github.com/fanql/fanql/internal/freeport"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// serve starts a server of a schema, and returns the URL of its GraphQL endpoint.
func serve(t *testing.T, schema ports.Schema) string {
	t.Helper()
	server, err := fanql.NewServer(fanql.Config{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	listener := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		listener.Close()
	})
	return listener.URL + "/graphql"
}

// serviceSDL is what a subgraph answers for _service.
func serviceSDL(t *testing.T, url string) string {
	t.Helper()
	var answer struct {
		Data struct {
			Service struct{ SDL string } `json:"_service"`
		}
	}
	post(t, url, `{ _service { sdl } }`, &answer)
	return answer.Data.Service.SDL
}

// post sends an operation over HTTP, and decodes the response.
func post(t *testing.T, url, query string, response any) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, response); err != nil {
		t.Fatalf("%s: status %d: %s", query, answer.StatusCode, text)
	}
}

// startGateway starts the gateway on a supergraph, and returns the URL of its GraphQL
// endpoint once it is ready.
func startGateway(t *testing.T, supergraph, reviews string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "supergraph.graphql")
	if err := os.WriteFile(file, []byte(supergraph), 0o600); err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(must.Make(freeport.Find(t.Context())))
	config, err := filepath.Abs("gateway.config.mjs")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "node", "node_modules/@graphql-hive/gateway/dist/bin.js", "supergraph", "-c", config)
	command.Dir = packages
	command.Env = append(os.Environ(), "GATEWAY_PORT="+port, "GATEWAY_SUPERGRAPH="+file, "GATEWAY_REVIEWS="+reviews)
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(program.Patience):
			_ = command.Process.Kill()
			<-ended
		}
	})
	base := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(program.Patience); ; {
		if answer, err := http.Get(base + "/readiness"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return base + "/graphql"
			}
		}
		select {
		case <-ended:
			t.Fatal("the gateway has ended")
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the gateway is not ready")
		}
	}
}

// graph is the gateway in front of a subgraph in graphql-go and one in gqlgen.
func graph(t *testing.T) (url string, inGraphQLGo *reviews) {
	t.Helper()
	installed(t)
	inGraphQLGo = newReviews()
	generated, err := products.New()
	if err != nil {
		t.Fatal(err)
	}
	reviewsURL, productsURL := serve(t, inGraphQLGo.schema(t)), serve(t, generated)
	supergraph := supergraphOf(t,
		subgraph{"reviews", reviewsURL, serviceSDL(t, reviewsURL)},
		subgraph{"products", productsURL, serviceSDL(t, productsURL)},
	)
	return startGateway(t, supergraph, strings.Replace(reviewsURL, "http", "ws", 1)), inGraphQLGo
}

// Entities are joined in both directions, whichever subgraph begins.
func TestEntitiesBehindAGateway(t *testing.T) {
	url, inGraphQLGo := graph(t)
	for query, want := range map[string]string{
		`{ latest { text product { upc name worth } } }`: `{"data":{"latest":{"text":"good","product":{"upc":"1","name":"Table","worth":"worth 89900"}}}}`,
		`{ products { name worth reviews { text product { name } } } }`: `{"data":{"products":[` +
			`{"name":"Table","worth":"worth 89900","reviews":[{"text":"about 1","product":{"name":"Table"}}]},` +
			`{"name":"Couch","worth":"worth 129900","reviews":[{"text":"about 2","product":{"name":"Couch"}}]},` +
			`{"name":"Chair","worth":null,"reviews":null}]},"errors":[` + // the paths are the gateway's
			`{"message":"no reviews of \"3\"","path":["products","reviews"]},{"message":"no reviews of \"3\"","path":["products","worth"]}]}`,
	} {
		var got struct {
			Data   any            `json:"data"`
			Errors []gatewayError `json:"errors,omitempty"`
		}
		post(t, url, query, &got)
		slices.SortFunc(got.Errors, func(a, b gatewayError) int { return cmp.Compare(fmt.Sprint(a.Path), fmt.Sprint(b.Path)) })
		var wanted, made any
		encoded, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal([]byte(want), &wanted) != nil || json.Unmarshal(encoded, &made) != nil || !reflect.DeepEqual(made, wanted) {
			t.Errorf("%s\ngot  %s\nwant %s", query, encoded, want)
		}
	}
	inGraphQLGo.mu.Lock()
	defer inGraphQLGo.mu.Unlock()
	if longest := longestOf(inGraphQLGo.batches); longest != 3 {
		t.Errorf("the entity resolver was called with %v: never with all products", inGraphQLGo.batches)
	}
}

type gatewayError struct {
	Message string `json:"message"`
	Path    []any  `json:"path"`
}

func longestOf(batches [][]product) int {
	longest := 0
	for _, batch := range batches {
		longest = max(longest, len(batch))
	}
	return longest
}

// The events of a subscription of one subgraph have the fields of the other.
func TestSubscriptionsBehindAGateway(t *testing.T) {
	url, _ := graph(t)
	ctx, cancel := context.WithTimeout(t.Context(), program.Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"query":"subscription { reviewed { text product { name worth } } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	results := make(chan string)
	go func() {
		defer close(results)
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if data, found := strings.CutPrefix(lines.Text(), "data: "); found && data != "" {
				select {
				case results <- data:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	// The subscription is in place somewhat after the gateway has answered: what is
	// published before that reaches nobody.
	var first string
	for first == "" {
		publish(t, url, "first")
		select {
		case first = <-results:
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("no event")
		}
	}
	if want := `{"data":{"reviewed":{"text":"first","product":{"name":"Couch","worth":"worth 129900"}}}}`; first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	for _, text := range []string{"second", "third"} {
		publish(t, url, text)
	}
	var texts []string
	for len(texts) < 2 {
		select {
		case result := <-results:
			if !strings.Contains(result, "first") {
				texts = append(texts, result)
			}
		case <-ctx.Done():
			t.Fatalf("only %q", texts)
		}
	}
	if !strings.Contains(texts[0], `"text":"second","product":{"name":"Couch"`) || !strings.Contains(texts[1], `"text":"third"`) {
		t.Errorf("got %q", texts)
	}
}

func publish(t *testing.T, url, text string) {
	t.Helper()
	var response struct{ Errors []any }
	post(t, url, `mutation { review(product: "2", text: "`+text+`") { id } }`, &response)
	if len(response.Errors) > 0 {
		t.Fatal(response.Errors)
	}
}
