package graphqlhttp

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/fanql/fanql/ports"
)

// Streams is what holds streams. It may be called concurrently.
type Streams interface {
	// Hold answers a request with a stream. The error is a *ports.Refusal that the
	// client receives with its status, reason and extensions; then nothing is answered yet.
	Hold(w http.ResponseWriter, r *http.Request, stream ports.Stream) error
}

// envelopeBytes is more than what the message of a socket has beside its payload.
const envelopeBytes = 64

func isStream(mediaType string) bool {
	return mediaType == mediaTypeEvents || mediaType == mediaTypeMultipart
}

// serveStream answers a request for a stream. What keeps it from beginning is
// answered with a status, as JSON.
func (h *Handler) serveStream(w http.ResponseWriter, r *http.Request, mediaType string) {
	if err := h.hold(w, r, mediaType); err != nil {
		status, body := h.failed(r.Context(), err)
		write(w, r, mediaTypeJSON, status, body)
	}
}

func (h *Handler) hold(w http.ResponseWriter, r *http.Request, mediaType string) error {
	switch {
	case h.streams == nil:
		return refuse(http.StatusNotAcceptable, "accept: %s is not answered here, where no connection is held: subscribe over a WebSocket", mediaType)
	case r.Method == http.MethodHead:
		return refuse(http.StatusMethodNotAllowed, "method: a stream needs GET or POST")
	}
	request, err := h.read(w, r)
	if err != nil {
		return err
	}
	stream := ports.Stream{Header: streamHeader(w.Header()), ReadOnly: request.ReadOnly}
	if stream.Payload, err = payload(request, r.Header.Get("Last-Event-ID")); err != nil {
		return err
	}
	if len(stream.Payload) > h.maxBodyBytes-envelopeBytes {
		return refuse(http.StatusRequestEntityTooLarge, "request: over %d bytes", h.maxBodyBytes-envelopeBytes)
	}
	if stream.Init, err = h.connectionParams(r); err != nil {
		return err
	}
	if mediaType == mediaTypeEvents {
		stream.Header.Set("Content-Type", mediaTypeEvents+"; charset=utf-8")
		stream.Format = events{h.results}
	} else {
		stream.Header.Set("Content-Type", mediaTypeMultipart+`;boundary="`+boundary+`";subscriptionSpec=1.0`)
		stream.Format = h.multipart
	}
	return h.streams.Hold(w, r, stream)
}

// streamHeader is the header of every stream: whoever passes it on must neither
// keep nor collect it.
func streamHeader(set http.Header) http.Header {
	header := http.Header{}
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no")
	header.Set("X-Content-Type-Options", "nosniff")
	header["Vary"] = append(set.Values("Vary"), "Accept")
	return header
}

func (h *Handler) connectionParams(r *http.Request) (json.RawMessage, error) {
	if h.params == nil {
		return nil, nil
	}
	params, err := h.params(r)
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return nil, &ports.Refusal{Status: public.Status, Reason: public.Message, Extensions: public.Extensions}
	}
	if err != nil || params == nil {
		return nil, err
	}
	return json.Marshal(params)
}

// payload is the payload of a subscribe message. With the ID of the last event that
// the client has received, it asks to resume after that.
func payload(request ports.Request, lastEventID string) (json.RawMessage, error) {
	extensions, err := resuming(request.Extensions, lastEventID)
	if err != nil {
		return nil, err
	}
	fields := struct {
		Query         *string         `json:"query,omitempty"`
		DocumentID    string          `json:"documentId,omitempty"`
		OperationName string          `json:"operationName,omitempty"`
		Variables     json.RawMessage `json:"variables,omitempty"`
		Extensions    json.RawMessage `json:"extensions,omitempty"`
	}{nil, request.DocumentID, request.OperationName, request.Variables, extensions}
	if request.Query != "" || !names(request) {
		fields.Query = &request.Query
	}
	return json.Marshal(fields)
}

// resuming puts the ID of the last event into the extensions, as "resume": after the
// positions of a list, where it takes the place of that of its topic, or instead of a
// single one.
func resuming(extensions json.RawMessage, lastEventID string) (json.RawMessage, error) {
	if lastEventID == "" {
		return extensions, nil
	}
	fields := map[string]json.RawMessage{}
	if len(extensions) > 0 {
		if err := json.Unmarshal(extensions, &fields); err != nil {
			return nil, malformed("extensions: expected an object or null")
		}
	}
	var resume any = lastEventID
	var positions []json.RawMessage
	if json.Unmarshal(fields["resume"], &positions) == nil && positions != nil {
		list := make([]any, 0, len(positions)+1)
		for _, position := range positions {
			list = append(list, position)
		}
		resume = append(list, lastEventID)
	}
	encoded, err := json.Marshal(resume)
	if err != nil {
		return nil, err
	}
	fields["resume"] = encoded
	return json.Marshal(fields)
}
