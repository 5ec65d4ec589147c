//go:build e2e

package lambda

import (
	"encoding/json"
	"sync"
	"time"
)

// removals are the times at which operations were gone from the tables, as the
// proxy sees it: the complete of a modern client has no answer that would tell.
type removals struct {
	mu sync.Mutex
	// ids are the operations by the sort key of their rows.
	ids map[string]string
	at  map[string]time.Time
}

// transaction is what a TransactWriteItems has on the rows of operations.
type transaction struct {
	TransactItems []struct {
		Put struct {
			Item struct {
				ConnectionID struct{ S string } `json:"connectionId"`
				Operation    struct{ B []byte } `json:"operation"`
			}
		}
		Delete struct {
			Key struct {
				ConnectionID struct{ S string } `json:"connectionId"`
			}
		}
	}
}

// watchRemovals has the proxy notice removals from now on.
func (p *proxy) watchRemovals() *removals {
	r := &removals{ids: map[string]string{}, at: map[string]time.Time{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = func(action string, body []byte) {
		if action == "TransactWriteItems" {
			r.see(body)
		}
	}
	return r
}

// see notes a transaction that has succeeded.
func (r *removals) see(body []byte) {
	var done transaction
	if json.Unmarshal(body, &done) != nil {
		return // no request of ours
	}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, item := range done.TransactItems {
		if id := item.Put.Item.Operation.B; id != nil {
			r.ids[item.Put.Item.ConnectionID.S] = string(id)
		}
		if id, known := r.ids[item.Delete.Key.ConnectionID.S]; known {
			r.at[id] = now
		}
	}
}

// of is when the operation was gone; zero if it has not been seen to go.
func (r *removals) of(id string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at[id]
}
