package debug

import (
	"container/list"
	"time"

	"github.com/fanql/fanql/ports"
)

// The numbers that are kept of a topic.
const (
	topicEvents = iota
	topicPushed
	topicExecuted
	topicSlow
	topicPutBehind
	topicCaughtUp
	topicLost
	topicCounters
)

// topic is what is kept of one.
type topic struct {
	name ports.Topic
	// subscribers are those that the latest whole delivery listed.
	subscribers int
	// lag and last are those of the latest event that is done with.
	lag    time.Duration
	last   time.Time
	recent ring
}

// topics are those with the latest events. Order has the latest in front.
type topics struct {
	most  int
	named map[ports.Topic]*list.Element
	order *list.List
}

func newTopics(most int) topics {
	return topics{most, map[ports.Topic]*list.Element{}, list.New()}
}

// of is a topic, which is now the latest. Another one is forgotten for it.
func (t *topics) of(name ports.Topic, now time.Time) *topic {
	if found := t.named[name]; found != nil {
		t.order.MoveToFront(found)
		kept, _ := found.Value.(*topic)
		return kept
	}
	if t.order.Len() == t.most {
		oldest, _ := t.order.Remove(t.order.Back()).(*topic)
		delete(t.named, oldest.name)
	}
	added := &topic{name: name, recent: newRing(now, topicCounters)}
	t.named[name] = t.order.PushFront(added)
	return added
}

// all yields every topic that is kept.
func (t *topics) all(yield func(*topic) bool) {
	for e := t.order.Front(); e != nil; e = e.Next() {
		if kept, _ := e.Value.(*topic); !yield(kept) {
			return
		}
	}
}
