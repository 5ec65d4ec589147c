package dynamodb

import (
	"sync"

	"github.com/fanql/fanql/ports"
)

// maxEnds is of how many topics a backend knows the newest row.
const maxEnds = 4096

// ends are the newest rows of histories as this process saw them last. They may be out
// of date: what is written at such an end fails by its condition.
type ends struct {
	mu   sync.Mutex
	rows map[ports.Topic]historyRow
}

func (e *ends) get(topic ports.Topic) (historyRow, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	row, ok := e.rows[topic]
	return row, ok
}

func (e *ends) put(topic ports.Topic, row historyRow) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rows == nil {
		e.rows = make(map[ports.Topic]historyRow)
	}
	if _, ok := e.rows[topic]; !ok && len(e.rows) >= maxEnds {
		for other := range e.rows { // any one
			delete(e.rows, other)
			break
		}
	}
	e.rows[topic] = row
}
