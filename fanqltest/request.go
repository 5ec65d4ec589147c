package fanqltest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/fanql/fanql/ports"
)

// newRequest is a request of the client that a handshake describes.
func newRequest(ctx context.Context, handshake ports.Handshake, method string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, graphqlURL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = handshake.Header.Clone()
	request.URL.RawQuery = handshake.Query.Encode()
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// answer is an answer whose body is still to be read.
type answer struct {
	status int
	header http.Header
	body   io.Reader
	rest   *bufio.Reader // what the line brings after the head, where that is no body
}

// exchange sends a request and returns what is answered.
func (l *line) exchange(ctx context.Context, request *http.Request) (answer, error) {
	defer context.AfterFunc(ctx, func() { _ = l.conn.Close() })()
	go func() { _ = request.Write(l.conn) }() // an answer may come before all of it is read
	reader := bufio.NewReader(l.conn)
	response, err := http.ReadResponse(reader, request) //nolint:bodyclose // the line is closed, and the body is nothing besides
	if err != nil {
		_ = l.conn.Close()
		return answer{}, cmp.Or(ctx.Err(), fmt.Errorf("no answer: %w", err))
	}
	return answer{response.StatusCode, response.Header, response.Body, reader}, nil
}

// readAll reads the rest of an answer that ends by itself, and ends the line.
func (l *line) readAll(ctx context.Context, a answer) ([]byte, error) {
	defer context.AfterFunc(ctx, func() { _ = l.conn.Close() })()
	defer func() { _ = l.conn.Close() }()
	body, err := io.ReadAll(a.body)
	if err != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	return body, nil
}

// refusal is what an answer says that is no success.
func refusal(status int, body []byte) *ports.Refusal {
	var answer struct{ Errors []Error }
	if json.Unmarshal(body, &answer) == nil && len(answer.Errors) > 0 {
		first := answer.Errors[0]
		return &ports.Refusal{Status: status, Reason: first.Message, Extensions: first.Extensions}
	}
	return &ports.Refusal{Status: status, Reason: strings.TrimSpace(string(body))}
}
