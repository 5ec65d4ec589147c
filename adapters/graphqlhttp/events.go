package graphqlhttp

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/fanql/fanql/ports"
)

// events is the format of GraphQL over Server-Sent Events, distinct connections mode
// (PROTOCOL.md of graphql-sse), in the text of the HTML standard, section 9.2.5.
type events struct{ results *results }

var _ ports.StreamFormat = events{}

// Begin is a comment: some browsers do not take a header alone for the beginning.
func (events) Begin() []byte { return []byte(":\n\n") }

// Next implements ports.StreamFormat.
func (e events) Next(response []byte) ports.Frame {
	r := e.results.of(response)
	return ports.Frame{Head: r.head, Payload: r.data, Tail: e.results.tail}
}

// Errors is a result without data: the protocol has no event for errors. An EventSource
// that lacks events forgets its position, with which it would come back for ever.
func (events) Errors(errors []byte) ports.Frame {
	head := "event: next\ndata: {\"errors\":"
	if bytes.Contains(errors, []byte(`"code":"`+ports.CodeMissed+`"`)) {
		head = "event: next\nid:\ndata: {\"errors\":"
	}
	return ports.Frame{Head: []byte(head), Payload: oneLine(errors), Tail: []byte("}\n\n")}
}

// Refused is a result without data, and the reason in its error.
func (e events) Refused(_ int, reason string) ports.Frame {
	return e.Errors(ports.NewResponseErrors(reason).AppendJSON(nil))
}

// KeepAlive is a comment.
func (events) KeepAlive() ports.Frame { return ports.Frame{Payload: []byte(":\n\n")} }

// End is the event complete. Its empty data has an EventSource notice it.
func (events) End() ports.Frame { return ports.Frame{Payload: []byte("event: complete\ndata: \n\n")} }

// result is a response as an event.
type result struct {
	response   []byte
	head, data []byte
}

const (
	// keptResults is how many results are remembered: more than the events that one
	// delivery pushes at a time.
	keptResults = 64
	// longestKept bounds the memory of them.
	longestKept = 64 << 10
)

// results remembers the latest responses that were written: the streams that share an
// event come one after the other, each with several events.
type results struct {
	seed  maphash.Seed
	kept  [keptResults]atomic.Pointer[result]
	plain []byte // the head of a result without a position
	tail  []byte
}

func newResults() *results {
	return &results{seed: maphash.MakeSeed(), plain: []byte("event: next\ndata: "), tail: []byte("\n\n")}
}

func (r *results) of(response []byte) *result {
	if len(response) == 0 || len(response) > longestKept {
		return r.make(response)
	}
	place := &r.kept[maphash.Comparable(r.seed, &response[0])%keptResults]
	if kept := place.Load(); kept != nil && same(kept.response, response) {
		return kept
	}
	made := r.make(response)
	place.Store(made)
	return made
}

func (r *results) make(response []byte) *result {
	made := &result{response: response, data: oneLine(response), head: r.plain}
	if position := position(response); position != "" {
		made.head = []byte("event: next\nid: " + position + "\ndata: ")
	}
	return made
}

// same reports whether two slices are one: responses are not modified.
func same(a, b []byte) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

// oneLine is JSON without line breaks, which it may have between its tokens only.
func oneLine(text []byte) []byte {
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	return bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, text)
}

// mostExtensions is how many bytes of a response's end can be its extensions.
const mostExtensions = 2 << 10

// position is the position of the event in a response's extensions, which come last, or
// the only one where a subscription begins; empty where it has none, or none that fits a
// line.
func position(response []byte) string {
	tail := response[max(0, len(response)-mostExtensions):]
	for {
		_, after, found := bytes.Cut(tail, []byte(`"extensions":`))
		if !found {
			return ""
		}
		if at, ok := eventPosition(after); ok {
			return at
		}
		tail = after
	}
}

// eventPosition reads the extensions, if they are all that is left of the response.
func eventPosition(text []byte) (position string, ok bool) {
	text, ok = bytes.CutSuffix(bytes.TrimRight(text, " \t\r\n"), []byte("}"))
	var extensions struct {
		Event struct {
			Position string   `json:"position"`
			Start    []string `json:"start"`
		} `json:"event"`
	}
	if !ok || json.Unmarshal(text, &extensions) != nil {
		return "", false
	}
	position = extensions.Event.Position
	if start := extensions.Event.Start; position == "" && len(start) == 1 {
		position = start[0]
	}
	return position, !strings.ContainsAny(position, "\x00\r\n")
}
