package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/fanql/fanql/ports"
)

// Position is a mark of a topic as clients have it: eight hexadecimal digits that
// stand for the topic, so that its name stays with the server, a dot, and the mark. Of
// those with the same digits a client keeps the last one.
func Position(topic ports.Topic, mark ports.Mark) string {
	return topicKey(topic) + "." + mark.String()
}

func topicKey(topic ports.Topic) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(topic))
	return fmt.Sprintf("%08x", hash.Sum32())
}

// maxPositionBytes is longer than any position.
const maxPositionBytes = 512

var errPosition = errors.New("is not a position that this server has given")

// Resume is where a client goes on: the last mark that it has of each topic.
type Resume map[string]ports.Mark

// At is where the client goes on in a topic.
func (r Resume) At(topic ports.Topic) (mark ports.Mark, ok bool) {
	mark, ok = r[topicKey(topic)]
	return mark, ok
}

// Add adds a position as a client has it.
func (r Resume) Add(position string) error {
	key, text, ok := strings.Cut(position, ".")
	if !ok || len(key) != 8 || len(position) > maxPositionBytes {
		return errPosition
	}
	mark, ok := ports.ParseMark(text)
	if !ok || mark.Epoch == "" {
		return errPosition
	}
	r[key] = mark
	return nil
}

// ParseResume reads the extension "resume" of a request: a position, or a list of
// them. Asked is true where it is a list, empty or not: such a client wants to have the
// positions where its subscription begins. One that has no more than the ID of the last
// event of a stream would take those for a result. More positions than most are an error.
func ParseResume(extensions json.RawMessage, most int) (resume Resume, asked bool, err error) {
	if len(extensions) == 0 {
		return nil, false, nil
	}
	var fields struct {
		Resume json.RawMessage `json:"resume"`
	}
	_ = json.Unmarshal(extensions, &fields) // an object, as was checked when it came
	if len(fields.Resume) == 0 {
		return nil, false, nil
	}
	positions, asked, err := positionsOf(fields.Resume)
	switch {
	case err != nil:
		return nil, asked, err
	case len(positions) > most:
		return nil, asked, fmt.Errorf("extensions.resume may have at most %d positions", most)
	}
	resume = Resume{}
	for i, position := range positions {
		if err := resume.Add(position); err != nil {
			return nil, asked, fmt.Errorf("extensions.resume: position %d %w", i+1, err)
		}
	}
	return resume, asked, nil
}

// positionsOf reads one position, or a list of them.
func positionsOf(value json.RawMessage) (positions []string, list bool, err error) {
	var one *string
	if json.Unmarshal(value, &one) == nil {
		if one == nil || *one == "" {
			return nil, false, nil
		}
		return []string{*one}, false, nil
	}
	if json.Unmarshal(value, &positions) != nil {
		return nil, false, errors.New("extensions.resume must be a position or a list of them")
	}
	return positions, true, nil
}
