package runtime

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// api is the Runtime API of one process.
type api struct {
	mux  *http.ServeMux
	name string
	next chan *invocation // to the process, one at a time

	mu      sync.Mutex
	current *invocation // the one that the process works on
	asked   bool        // for its first invocation
	failed  error       // what it said of its initialization
}

// invocation is one, with a place for its answer.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan answer
}

type answer struct {
	payload []byte
	err     error
}

func newAPI(name string) *api {
	a := &api{mux: http.NewServeMux(), name: name, next: make(chan *invocation, 1)}
	const version = "/2018-06-01/runtime/"
	a.mux.HandleFunc("GET "+version+"invocation/next", a.serveNext)
	a.mux.HandleFunc("POST "+version+"invocation/{id}/response", a.serveResponse)
	a.mux.HandleFunc("POST "+version+"invocation/{id}/error", a.serveError)
	a.mux.HandleFunc("POST "+version+"init/error", a.serveInitError)
	return a
}

// ServeHTTP serves the process.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// begin queues an invocation. The process must not have another one.
func (a *api) begin(ctx context.Context, payload []byte) *invocation {
	deadline, _ := ctx.Deadline()
	begun := &invocation{id: newRequestID(), payload: payload, deadline: deadline, answer: make(chan answer, 1)}
	a.next <- begun
	return begun
}

// withdraw takes the invocation back, if the process has not taken it.
func (a *api) withdraw() bool {
	select {
	case <-a.next:
		return true
	default:
		return false
	}
}

// ready says whether the process has ever asked for an invocation.
func (a *api) ready() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

func (a *api) initError() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// serveNext answers when there is an invocation.
func (a *api) serveNext(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked = true
	a.mu.Unlock()
	select {
	case begun := <-a.next:
		a.mu.Lock()
		a.current = begun
		a.mu.Unlock()
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", begun.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(begun.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:000000000000:function:"+a.name)
		header.Set("Lambda-Runtime-Trace-Id", "Root=1-"+strconv.FormatInt(begun.deadline.Unix(), 16)+"-"+begun.id[24:]+begun.id[:8]+begun.id[9:13]+";Sampled=0")
		_, _ = w.Write(begun.payload) // the process is watched otherwise
	case <-r.Context().Done():
	}
}

func (a *api) serveResponse(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process is watched otherwise
	}
	a.finish(w, r, answer{payload: payload})
}

func (a *api) serveError(w http.ResponseWriter, r *http.Request) {
	a.finish(w, r, answer{err: reported(r)})
}

func (a *api) serveInitError(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.failed = reported(r)
	a.mu.Unlock()
	accept(w)
}

// finish takes the answer to the current invocation.
func (a *api) finish(w http.ResponseWriter, r *http.Request, answer answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current == nil || a.current.id != r.PathValue("id") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`) // the process is watched otherwise
		return
	}
	accept(w)
	a.current.answer <- answer
	a.current = nil
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`) // the process is watched otherwise
}

// reported reads what a function says of its failure.
func reported(r *http.Request) error {
	said := &Error{Type: r.Header.Get("Lambda-Runtime-Function-Error-Type"), Message: "the function reported an error"}
	_ = json.NewDecoder(r.Body).Decode(said) // without a body there is the header
	return said
}

// newRequestID makes an ID like Lambda's, a random UUID.
func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	s := hex.EncodeToString(id[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
