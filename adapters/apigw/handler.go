package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/ports"
)

// HandlerConfig shapes a Handler. It needs one of Engine, HTTP and Stream, and may
// have all of them.
type HandlerConfig struct {
	// Engine is behind all routes of a WebSocket API: $connect, $disconnect, and for
	// messages $default and any custom route.
	Engine Engine
	// HTTP answers the requests of an HTTP API (payload format 2.0) or a function
	// URL, as it would in a server; see HTTPEvent.
	HTTP http.Handler
	// Stream takes the batches of a DynamoDB stream: the StreamHandler of a
	// dynamodb.Backend.
	Stream func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)

	// Endpoint is where the connections of this API are posted to, such as
	// https://abc123.execute-api.eu-west-1.amazonaws.com/prod. Set it where clients
	// come through a custom domain. Default: the domain and the stage of the event.
	Endpoint string
	// Origins are patterns (path.Match, any case) of hosts that pages may connect
	// from, or of whole origins when they contain "://": "app.example.com",
	// "*.example.com", "https://app.example.com", "*" for all. A handshake whose
	// Origin is the API's own host passes always, and so does one without Origin: no
	// browser sent it. Others are answered with 403. Default: none, so that a page on
	// another host cannot connect.
	Origins []string
	// CheckOrigin, if set, decides instead. The request has the handshake's headers,
	// host and query.
	CheckOrigin func(*http.Request) bool
	// Logger receives the handshakes that are refused for their origin. It is limited
	// (ports.LimitLogger). Default: slog.Default().
	Logger *slog.Logger
	// RouteResponses sends the last reply of an invocation to the connection that
	// it answers in the function's own response, which saves one post. It needs a
	// route response on every route but $connect and $disconnect (two-way
	// communication); without one API Gateway drops the reply silently. The reply
	// then leaves when the invocation is over, not before. Default: it is posted.
	RouteResponses bool
}

// Handler is a Lambda function, for lambda.Start, and a function that others can
// wrap. It may be called concurrently.
//
// It answers 200 to whatever the client of a WebSocket API may have done wrong. A
// $connect that the engine refuses is answered with the refusal's status. An error
// is a failure of the engine: API Gateway then fails the handshake, or tells the
// client {"message": "Internal server error", ...}, on which graphql-ws reports an
// error and gives up.
//
// What keeps functions warm is answered with null: {}, a member "warmer" or
// "warmup", the source "serverless-plugin-warmup", and EventBridge's "Scheduled
// Event". ErrInvalid: the event is another one, or one that the configuration has
// no field for; the error says what came and what is expected.
type Handler func(ctx context.Context, event json.RawMessage) (json.RawMessage, error)

// Invoke implements lambda.Handler.
func (h Handler) Invoke(ctx context.Context, event []byte) ([]byte, error) { return h(ctx, event) }

// NewHandler returns the function behind whatever its configuration names, and
// tells the events apart by their JSON. It does no I/O. ErrInvalid: a field is
// missing or wrong; the error names it.
func NewHandler(config HandlerConfig) (Handler, error) {
	if config.Engine == nil && config.HTTP == nil && config.Stream == nil {
		return nil, invalid("NewHandler", "one of apigw.HandlerConfig.Engine, HTTP and Stream is required")
	}
	switch {
	case ports.IsNilPointer(config.Engine):
		return nil, invalid("NewHandler", "apigw.HandlerConfig.Engine is a nil pointer: leave it out, or set one that was made")
	case ports.IsNilPointer(config.HTTP):
		return nil, invalid("NewHandler", "apigw.HandlerConfig.HTTP is a nil pointer: leave it out, or set one that was made")
	}
	if !isEndpoint(config.Endpoint) {
		return nil, invalid("NewHandler", fmt.Sprintf("apigw.HandlerConfig.Endpoint is %q, and has to be an http or https URL", config.Endpoint))
	}
	if err := ports.CheckOrigins(config.Origins); err != nil {
		return nil, invalid("NewHandler", "apigw.HandlerConfig.Origins: "+err.Error())
	}
	config.Logger = ports.LimitLogger(config.Logger)
	h := &handler{config}
	return h.handle, nil
}

type handler struct{ config HandlerConfig }

func (h *handler) handle(ctx context.Context, event json.RawMessage) (json.RawMessage, error) {
	switch kind, came := kindOf(event); {
	case kind == warmUp:
		return json.RawMessage("null"), nil
	case kind == webSocket && h.config.Engine != nil:
		return call(ctx, event, h.route)
	case kind == httpRequest && h.config.HTTP != nil:
		return call(ctx, event, h.serve)
	case kind == streamRecords && h.config.Stream != nil:
		return call(ctx, event, h.config.Stream)
	default:
		return nil, &ports.Error{Op: "apigw.Handler", Kind: ports.ErrInvalid,
			Err: fmt.Errorf("got %s, want %s", came, strings.Join(h.expected(), ", or "))}
	}
}

// expected names the events that the function is for.
func (h *handler) expected() []string {
	var all []string
	if h.config.Engine != nil {
		all = append(all, string(webSocket))
	}
	if h.config.HTTP != nil {
		all = append(all, string(httpRequest))
	}
	if h.config.Stream != nil {
		all = append(all, string(streamRecords))
	}
	return all
}

// call decodes an event, handles it, and encodes the answer.
func call[Event, Answer any](ctx context.Context, event []byte, handle func(context.Context, Event) (Answer, error)) (json.RawMessage, error) {
	var decoded Event
	if err := json.Unmarshal(event, &decoded); err != nil {
		return nil, &ports.Error{Op: "apigw.Handler", Kind: ports.ErrInvalid, Err: err}
	}
	answer, err := handle(ctx, decoded)
	if err != nil {
		return nil, err
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // an answer may have 6 MB
	err = encoder.Encode(answer)
	return encoded.Bytes(), err
}

// isEndpoint says whether requests can be sent there, or to a default.
func isEndpoint(endpoint string) bool {
	return endpoint == "" || strings.HasPrefix(endpoint, "https://") || strings.HasPrefix(endpoint, "http://")
}

// invalid is the error of a constructor for a field of its configuration.
func invalid(op, text string) error {
	return &ports.Error{Op: "apigw." + op, Kind: ports.ErrInvalid, Err: errors.New(text)}
}
