package fanqltest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// typeCut is the type of the message that stands for a stream that was cut off.
const typeCut = "cut"

// incoming is a message in the inbox that a transport without messages has made.
type incoming struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
	// LastEventID is the ID of a server-sent event, as the client has it from then on.
	LastEventID string `json:"lastEventId,omitempty"`
}

func (i inbox) deliver(message incoming) {
	data, err := json.Marshal(message)
	if err != nil { // the payload is no JSON
		message.Payload, _ = json.Marshal(string(message.Payload)) // a string always is
		data, _ = json.Marshal(message)
	}
	i.put(data)
}

// response delivers a GraphQL response, and reports whether it is one that ends its
// operation: one of a request that came to nothing has errors and no data (GraphQL,
// section 7.1).
func (i inbox) response(id string, response json.RawMessage, lastEventID string) (failed bool) {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(response, &fields) // what is no object has no data either
	_, hasData := fields["data"]
	if errors := fields["errors"]; !hasData && errors != nil {
		i.deliver(incoming{ID: id, Type: protoclient.TypeError, Payload: errors, LastEventID: lastEventID})
		return true
	}
	i.deliver(incoming{ID: id, Type: protoclient.Modern.TypeNext(), Payload: response, LastEventID: lastEventID})
	return false
}

// streams is the link of ServerSentEvents and Multipart. Each operation has a line.
type streams struct {
	client    *Client
	handshake ports.Handshake
	transport Transport
	lines     map[string]*line
}

func (s *streams) send(ctx context.Context, message []byte) error {
	m, err := protoclient.Parse(message)
	if err != nil {
		return err
	}
	if m.Type == protoclient.TypeComplete {
		l := s.lines[*m.ID]
		return errors.Join(l.settle(ctx), l.hangUp(ctx))
	}
	return s.subscribe(ctx, *m.ID, m.Payload)
}

func (s *streams) settle(ctx context.Context) error {
	var errs []error
	for _, l := range s.lines {
		errs = append(errs, l.settle(ctx))
	}
	return errors.Join(errs...)
}

func (s *streams) leave(ctx context.Context) error {
	var errs []error
	for _, l := range s.lines {
		errs = append(errs, l.hangUp(ctx))
	}
	return errors.Join(errs...)
}

// hangUp ends the line, and waits until the engine knows.
func (l *line) hangUp(ctx context.Context) error {
	l.update(func(s *state) { s.left = true })
	_ = l.conn.Close() // again is harmless
	return l.await(ctx, func(s *state) bool { return s.disconnected })
}

func (s *streams) subscribe(ctx context.Context, id string, payload []byte) error {
	request, err := s.request(ctx, payload)
	if err != nil {
		return err
	}
	l, err := s.client.server.host.dial(ctx, s.handshake.RemoteAddr)
	if err != nil {
		return err
	}
	l.isStream = true
	a, err := l.exchange(ctx, request)
	if err != nil {
		return err
	}
	mediaType, parameters, _ := mime.ParseMediaType(a.header.Get("Content-Type")) // one that is malformed is none
	if a.status != http.StatusOK || mediaType == "" || !strings.HasPrefix(s.accept(), mediaType) {
		body, err := l.readAll(ctx, a)
		if err != nil {
			return err
		}
		return refusal(a.status, body)
	}
	s.lines[id] = l
	go l.read(a.body, parameters["boundary"], id, s.client.inbox)
	err = l.await(ctx, func(state *state) bool {
		s.client.Address = state.address
		return state.ended || state.messages == 2 // connection_init and subscribe, as the adapter says
	})
	if err != nil {
		return err
	}
	return l.settle(ctx)
}

// accept is the media type of the stream, and what may come in its place.
func (s *streams) accept() string {
	if s.transport == ServerSentEvents {
		return "text/event-stream"
	}
	return `multipart/mixed;subscriptionSpec="1.0", application/json`
}

// request is the one for an operation. Where events have IDs, a position to resume from
// is the last one.
func (s *streams) request(ctx context.Context, payload []byte) (*http.Request, error) {
	var operation protoclient.Request
	if err := json.Unmarshal(payload, &operation); err != nil {
		return nil, err
	}
	lastEventID, ok := operation.Extensions["resume"].(string)
	if ok && s.transport == ServerSentEvents {
		operation.Extensions = nil // there are no others
		var err error
		if payload, err = json.Marshal(operation); err != nil {
			return nil, err
		}
	}
	request, err := newRequest(ctx, s.handshake, http.MethodPost, payload)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", s.accept())
	if ok && s.transport == ServerSentEvents {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	return request, nil
}

// read delivers what a stream brings. One that ends before its operation was cut off.
func (l *line) read(body io.Reader, boundary, id string, in inbox) {
	received := func(m incoming) {
		in.deliver(m)
		l.update(func(s *state) { s.received++ })
	}
	result := func(response json.RawMessage, lastEventID string) (failed bool) {
		failed = in.response(id, response, lastEventID)
		l.update(func(s *state) { s.received++ })
		return failed
	}
	reader := bufio.NewReader(body)
	var failed, completed bool
	if boundary == "" {
		failed, completed = readEvents(reader, result)
	} else {
		failed, completed = readParts(reader, boundary, result)
	}
	var left bool
	l.update(func(s *state) { left = s.left })
	switch {
	case completed && !failed:
		received(incoming{ID: id, Type: protoclient.TypeComplete})
	case !completed && !left:
		received(incoming{ID: id, Type: typeCut})
	}
	_ = l.conn.Close() // it is over either way
	l.update(func(s *state) { s.ended = true })
}

// readEvents reads an event stream (HTML standard, section 9.2.6) until its event
// complete, or its end.
func readEvents(reader *bufio.Reader, result func(json.RawMessage, string) bool) (failed, completed bool) {
	var event, lastEventID string
	var data []string
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return failed, false
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			event = value
		case "data":
			data = append(data, value)
		case "id":
			lastEventID = value
		}
		if line != "\n" {
			continue
		}
		switch {
		case data == nil: // a comment
		case event == protoclient.TypeComplete:
			return failed, endsWell(reader)
		default:
			failed = result(json.RawMessage(strings.Join(data, "\n")), lastEventID) || failed
		}
		event, data = "", nil
	}
}

// readParts reads the parts of a multipart body until the last one, or its end. A part is
// there as soon as the delimiter after it is: the reader of mime/multipart waits for
// the part after it.
func readParts(reader *bufio.Reader, boundary string, result func(json.RawMessage, string) bool) (failed, completed bool) {
	delimiter := "\r\n--" + boundary
	_, err := readUntil(reader, "--"+boundary)
	for err == nil {
		var part []byte
		if part, err = readUntil(reader, "\r\n"); err != nil {
			break
		}
		if string(part) == "--" {
			return failed, endsWell(reader)
		}
		if part, err = readUntil(reader, delimiter); err != nil {
			break
		}
		_, content, _ := bytes.Cut(part, []byte("\r\n\r\n"))
		var message struct{ Payload, Errors json.RawMessage }
		_ = json.Unmarshal(content, &message) // what is no object has neither
		switch {
		case message.Errors != nil:
			failed = result(json.RawMessage(`{"errors":`+string(message.Errors)+`}`), "") || failed
		case message.Payload != nil:
			failed = result(message.Payload, "") || failed
		}
	}
	return failed, false
}

// readUntil reads up to a delimiter, and returns what is before it.
func readUntil(reader *bufio.Reader, delimiter string) ([]byte, error) {
	var text []byte
	for !bytes.HasSuffix(text, []byte(delimiter)) {
		next, err := reader.ReadByte()
		if err != nil {
			return nil, err
		}
		text = append(text, next)
	}
	return text[:len(text)-len(delimiter)], nil
}

// endsWell reports whether a body has its end, and is not cut off.
func endsWell(reader *bufio.Reader) bool {
	_, err := io.Copy(io.Discard, reader)
	return err == nil
}
