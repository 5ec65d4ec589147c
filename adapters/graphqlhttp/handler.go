package graphqlhttp

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/fanql/fanql/ports"
)

// Executor is what the handler needs of the engine.
type Executor interface {
	// Execute answers one request. An error that wraps a *ports.Refusal is sent
	// to the client with its status, reason and extensions; any other is logged, and the
	// client receives only that there was one. It may be called concurrently.
	Execute(ctx context.Context, request ports.Request) (ports.Response, error)
}

// Config adjusts a Handler. Every zero field stands for the default it names.
type Config struct {
	// MaxBodyBytes is how long the body of a POST or the query string of a GET may
	// be. Default: 128 KiB, as for a message of a socket.
	MaxBodyBytes int
	// Logger receives what the client does not: the errors of the Executor.
	// It is limited (ports.LimitLogger). Default: slog.Default().
	Logger *slog.Logger

	// Streams holds what Accept asks for as text/event-stream or
	// multipart/mixed;subscriptionSpec=1.0. Default: such requests are refused, with
	// the status 406.
	Streams Streams
	// ConnectionParams makes what the payload of connection_init is to a socket, which
	// OnInit reads, of the request for a stream: its headers, say. The result is
	// marshalled by encoding/json to an object. An error refuses the request; the client
	// reads it if it is a *ports.PublicError. Default: OnInit has no payload.
	ConnectionParams func(*http.Request) (map[string]any, error)
}

// Handler serves GraphQL over HTTP at whatever path it is mounted. It may be
// used concurrently.
type Handler struct {
	executor     Executor
	maxBodyBytes int
	logger       *slog.Logger
	streams      Streams
	params       func(*http.Request) (map[string]any, error)
	results      *results
	multipart    multipart
}

var _ http.Handler = (*Handler)(nil)

// NewHandler returns a handler that lets executor answer. ErrInvalid: there is no
// executor, or a setting is wrong; the error names it.
func NewHandler(executor Executor, config Config) (*Handler, error) {
	switch {
	case ports.IsMissing(executor):
		return nil, invalid("executor is required")
	case config.MaxBodyBytes < 0:
		return nil, invalid("graphqlhttp.Config.MaxBodyBytes must not be negative")
	case ports.IsNilPointer(config.Streams):
		return nil, invalid("graphqlhttp.Config.Streams is a nil pointer: leave it out, or set one that was made")
	}
	return &Handler{
		executor:     executor,
		maxBodyBytes: cmp.Or(config.MaxBodyBytes, 128<<10),
		logger:       ports.LimitLogger(config.Logger),
		streams:      config.Streams,
		params:       config.ConnectionParams,
		multipart:    newMultipart(),
		results:      newResults(),
	}, nil
}

func invalid(text string) error {
	return &ports.Error{Op: "graphqlhttp.NewHandler", Kind: ports.ErrInvalid, Err: errors.New(text)}
}

// ServeHTTP answers one request; the package documentation says how.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allMethods)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	mediaType, acceptable := negotiate(r.Header.Values("Accept"))
	if !acceptable {
		write(w, r, mediaTypeJSON, http.StatusNotAcceptable,
			errorBody("accept: expected "+mediaTypeGraphQL+" or "+mediaTypeJSON))
		return
	}
	if isStream(mediaType) {
		h.serveStream(w, r, mediaType)
		return
	}
	status, body := h.answer(w, r, mediaType)
	write(w, r, mediaType, status, body)
}

// answer reads the request, has it executed and translates the outcome.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, mediaType string) (status int, body []byte) {
	request, err := h.read(w, r)
	if err != nil {
		return h.failed(r.Context(), err)
	}
	response, err := h.executor.Execute(r.Context(), request)
	if err != nil {
		return h.failed(r.Context(), err)
	}
	if response.Outcome == ports.NeedsStream && h.streams != nil {
		response.Body = errorBody("a subscription needs a WebSocket, or a stream: Accept: " + mediaTypeEvents + ", or " + mediaTypeMultipart + ";subscriptionSpec=1.0")
	}
	switch {
	case response.Outcome == ports.Executed:
		return http.StatusOK, response.Body
	case response.Outcome != ports.Rejected && request.ReadOnly:
		return http.StatusMethodNotAllowed, response.Body
	case mediaType == mediaTypeJSON:
		// Who asks for application/json may be older than the specification and
		// take any other status for a failure of HTTP, without reading the body.
		return http.StatusOK, response.Body
	default:
		return http.StatusBadRequest, response.Body
	}
}

// failed turns an error into an answer that tells the client no more than it
// may know.
func (h *Handler) failed(ctx context.Context, err error) (status int, body []byte) {
	if refusal, ok := errors.AsType[*ports.Refusal](err); ok {
		status = refusal.Status
		if status < 400 || status > 599 {
			status = http.StatusForbidden
		}
		reason := cmp.Or(refusal.Reason, http.StatusText(status), "refused")
		return status, errorsBody(ports.ResponseError{Message: reason, Extensions: refusal.Extensions})
	}
	// A client that has left is no fault of the server's.
	if !errors.Is(ctx.Err(), context.Canceled) {
		h.logger.ErrorContext(ctx, "graphql request failed", "error", err)
	}
	return http.StatusInternalServerError, errorBody("internal error")
}

// write sends an answer, and none of its body for HEAD.
func write(w http.ResponseWriter, r *http.Request, mediaType string, status int, body []byte) {
	header := w.Header()
	body, compressed := compress(body, r.Header.Values("Accept-Encoding"))
	if compressed {
		header.Set("Content-Encoding", "gzip")
	}
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	header.Set("Content-Type", mediaType+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept")
	header.Add("Vary", "Accept-Encoding")
	if status == http.StatusMethodNotAllowed {
		header.Set("Allow", allowed(r.Method))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// The only failure is a client that has left.
		_, _ = w.Write(body)
	}
}

// errorBody is a GraphQL response that consists of one error with a message only.
func errorBody(message string) []byte { return errorsBody(ports.ResponseError{Message: message}) }

// errorsBody is a GraphQL response that consists of errors.
func errorsBody(errs ...ports.ResponseError) []byte {
	return append(ports.ResponseErrors(errs).AppendJSON([]byte(`{"errors":`)), '}')
}
