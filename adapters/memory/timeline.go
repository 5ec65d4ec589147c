package memory

import (
	"container/heap"
	"time"
)

// moment is when something is due. What embeds one is its owner, and has one
// place in one timeline.
type moment struct {
	at    time.Time
	place int
	owner any
}

// timeline orders moments, the earliest first.
type timeline struct{ moments moments }

func (l *timeline) add(m *moment, at time.Time, owner any) {
	m.at, m.owner = at, owner
	heap.Push(&l.moments, m)
}

func (l *timeline) move(m *moment, at time.Time) {
	m.at = at
	heap.Fix(&l.moments, m.place)
}

func (l *timeline) remove(m *moment) { heap.Remove(&l.moments, m.place) }

// first is the earliest moment, nil when there is none.
func (l *timeline) first() *moment {
	if len(l.moments) == 0 {
		return nil
	}
	return l.moments[0]
}

// moments implements heap.Interface and tells every moment its place.
type moments []*moment

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i].at.Before(m[j].at) }

func (m moments) Swap(i, j int) {
	m[i], m[j] = m[j], m[i]
	m[i].place, m[j].place = i, j
}

func (m *moments) Push(x any) {
	added, _ := x.(*moment)
	added.place = len(*m)
	*m = append(*m, added)
}

func (m *moments) Pop() any {
	last := len(*m) - 1
	removed := (*m)[last]
	(*m)[last] = nil
	*m = (*m)[:last]
	return removed
}
