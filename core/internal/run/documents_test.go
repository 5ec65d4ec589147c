package run

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/ports"
)

// library is a schema whose documents cost what they say, and that reads a document
// when it is let.
type library struct {
	prepared, bound atomic.Int64
	gate            chan struct{}
	variables       int // what those of a request cost
}

func (l *library) Prepare(text string, _ ports.Limits) (ports.Document, ports.ResponseErrors) {
	if l.gate != nil {
		<-l.gate
	}
	l.prepared.Add(1)
	if text == "invalid" {
		return nil, ports.NewResponseErrors("invalid")
	}
	return volume{l}, nil
}

type volume struct{ library *library }

// variables are a volume with its variables.
type variables struct{ volume }

func (v variables) Cost() int { return v.library.variables }

func (v volume) Operation(string) (ports.OperationDefinition, ports.ResponseErrors) { return v, nil }
func (volume) Cost() int                                                            { return 1000 }
func (volume) Kind() ports.OperationKind                                            { return ports.OperationSubscription }
func (volume) Name() string                                                         { return "" }

func (v volume) Bind(context.Context, []byte, ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
	v.library.bound.Add(1)
	return variables{v}, nil
}

func (volume) Subscribe(context.Context, ports.ErrorFormat) ports.ResponseErrors { return nil }
func (volume) Execute(context.Context, ports.Call) ports.Result                  { return ports.Result{} }

func newTestRunner(l *library, cache int) *Runner {
	return New(Config{Schema: l, CacheBytes: cache, Calls: hooks.Calls{}})
}

func stored(t *testing.T, query, variables string) []byte {
	t.Helper()
	encoded, err := EncodeRequest(ports.Request{Query: query, Variables: []byte(variables)})
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestDocumentsAreReadOnce(t *testing.T) {
	l := &library{}
	r := newTestRunner(l, 1<<20)
	for range 3 {
		for _, query := range []string{"a", "b"} {
			if _, errs := r.Prepare(t.Context(), ports.Request{Query: query}); errs != nil {
				t.Fatal(errs)
			}
		}
	}
	if l.prepared.Load() != 2 || l.bound.Load() != 6 {
		t.Errorf("read %d documents and bound %d times, want 2 and 6", l.prepared.Load(), l.bound.Load())
	}
}

func TestInvalidDocumentsAreNotKept(t *testing.T) {
	l := &library{}
	r := newTestRunner(l, 1<<20)
	for range 2 {
		if _, errs := r.Prepare(t.Context(), ports.Request{Query: "invalid"}); len(errs) != 1 {
			t.Fatal(errs)
		}
	}
	if l.prepared.Load() != 2 || r.documents.size != 0 {
		t.Errorf("read %d times, and %d bytes are kept", l.prepared.Load(), r.documents.size)
	}
}

func TestTheCacheIsChargedWithWhatDocumentsCost(t *testing.T) {
	l := &library{}
	r := newTestRunner(l, 5*1001)
	for i := range 100 {
		for _, query := range []string{"0", fmt.Sprint(i % 10)} { // the first is used all the time
			if _, errs := r.Prepare(t.Context(), ports.Request{Query: query}); errs != nil {
				t.Fatal(errs)
			}
		}
		if r.documents.size > r.documents.most {
			t.Fatalf("%d bytes are kept, at most %d may be", r.documents.size, r.documents.most)
		}
	}
	if n := len(r.documents.byText); n != 5 {
		t.Errorf("%d documents are kept, want 5", n)
	}
	before := l.prepared.Load()
	if _, errs := r.Prepare(t.Context(), ports.Request{Query: "0"}); errs != nil || l.prepared.Load() != before {
		t.Errorf("the document that is used most was not kept (%v)", errs)
	}
}

// A subscription's variables are coerced once, not once per event.
func TestStoredRequestsAreBoundOnce(t *testing.T) {
	l := &library{}
	r := newTestRunner(l, 1<<20)
	for range 5 {
		for i := range 3 {
			if _, errs := r.PrepareStored(t.Context(), stored(t, "a", fmt.Sprintf(`{"i":%d}`, i))); errs != nil {
				t.Fatal(errs)
			}
		}
	}
	if l.prepared.Load() != 1 || l.bound.Load() != 3 {
		t.Errorf("read %d documents and bound %d times, want 1 and 3", l.prepared.Load(), l.bound.Load())
	}
}

// Variables may take many times the memory of their text.
func TestStoredRequestsAreChargedWithTheirVariables(t *testing.T) {
	l := &library{variables: 20_000}
	r := newTestRunner(l, 100_000)
	for i := range 100 {
		if _, errs := r.PrepareStored(t.Context(), stored(t, "a", fmt.Sprintf(`{"i":%d}`, i))); errs != nil {
			t.Fatal(errs)
		}
		if n := len(r.documents.requests); n > 2 || r.documents.size > r.documents.most {
			t.Fatalf("%d requests are kept, for %d bytes", n, r.documents.size)
		}
	}
	l.variables = 60_000 // more than the requests of a document may take
	if _, errs := r.PrepareStored(t.Context(), stored(t, "a", `{"i":"large"}`)); errs != nil {
		t.Fatal(errs)
	}
	if n := len(r.documents.requests); n == 0 {
		t.Error("a request that is too large to be kept pushed the others out")
	}
	if bound := l.bound.Load(); bound != 101 {
		t.Errorf("bound %d times", bound)
	}
}

func TestStoredRequestsGoWithTheirDocument(t *testing.T) {
	l := &library{}
	r := newTestRunner(l, 10_000)
	for i := range 200 {
		if _, errs := r.PrepareStored(t.Context(), stored(t, fmt.Sprint(i%4), fmt.Sprintf(`{"i":%d}`, i))); errs != nil {
			t.Fatal(errs)
		}
		sum := 0
		for element := r.documents.recency.Front(); element != nil; element = element.Next() {
			kept := element.Value.(*document)
			sum += kept.size + kept.keptSize
			for _, key := range kept.kept {
				if r.documents.requests[key].document != kept {
					t.Fatalf("the request %s has no document", key)
				}
			}
		}
		if sum != r.documents.size || sum > r.documents.most {
			t.Fatalf("the documents that are kept cost %d, charged are %d of %d", sum, r.documents.size, r.documents.most)
		}
	}
	total := 0
	for element := r.documents.recency.Front(); element != nil; element = element.Next() {
		total += len(element.Value.(*document).kept)
	}
	if total != len(r.documents.requests) {
		t.Errorf("%d requests are kept, and documents know of %d", len(r.documents.requests), total)
	}
}

// What a stranger sends waits for its turn as long as its request lasts; what is in
// the cache, and deliveries, do not wait for strangers.
func TestStrangersWaitForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &library{}
		r := newTestRunner(l, 1<<20)
		if _, errs := r.Prepare(t.Context(), ports.Request{Query: "known"}); errs != nil {
			t.Fatal(errs)
		}
		l.gate = make(chan struct{})
		for i := range cap(r.documents.turns) { // they take all turns
			go func() { _, _ = r.Prepare(t.Context(), ports.Request{Query: fmt.Sprint("slow", i)}) }()
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		refused := make(chan ports.ResponseErrors)
		go func() {
			_, errs := r.Prepare(ctx, ports.Request{Query: "one more"})
			refused <- errs
		}()
		synctest.Wait()
		if _, errs := r.Prepare(t.Context(), ports.Request{Query: "known"}); errs != nil {
			t.Error(errs)
		}
		delivered := make(chan ports.ResponseErrors)
		go func() {
			_, errs := r.PrepareStored(t.Context(), []byte(`{"query":"stored"}`))
			delivered <- errs
		}()
		l.gate <- struct{}{} // one document is read: the delivery's, or one of those with a turn
		cancel()
		if errs := <-refused; len(errs) != 1 || !strings.Contains(errs[0].Message, "the request ended") {
			t.Errorf("a request that ended while it waited got %v", errs)
		}
		close(l.gate)
		if errs := <-delivered; errs != nil {
			t.Error(errs)
		}
	})
}
