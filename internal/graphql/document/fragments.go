package document

import (
	"fmt"
	"slices"
	"strings"
)

// sort puts the fragments in an order in which each comes after all that it spreads,
// and finds those that spread themselves (GraphQL, section 5.5.2.2). It does not
// recurse: chains of fragments may be long.
func (v *validation) sort() {
	const (
		unseen = iota
		open
		done
	)
	states := make([]uint8, len(v.fragments))
	v.order = make([]int, 0, len(v.fragments))
	var path []step
	for first := range v.fragments {
		if states[first] != unseen {
			continue
		}
		states[first] = open
		path = append(path, step{fragment: first})
		for len(path) > 0 {
			top := &path[len(path)-1]
			spreads := v.fragments[top.fragment].spreads
			if top.spread == len(spreads) {
				states[top.fragment] = done
				v.order = append(v.order, top.fragment)
				path = path[:len(path)-1]
				continue
			}
			next := spreads[top.spread]
			top.spread++
			switch states[next.fragment] {
			case unseen:
				states[next.fragment] = open
				path = append(path, step{fragment: next.fragment})
			case open:
				v.problems.add(next.node.Position, "Cannot spread fragment %q within itself%s.", next.node.Name, v.via(path, next.fragment))
				if v.problems.full() {
					return
				}
			}
		}
	}
}

// step is a fragment and how many of its spreads were followed.
type step struct{ fragment, spread int }

// via names the fragments between the first and the last of a circle.
func (v *validation) via(path []step, first int) string {
	const most = 3
	var names []string
	for i := len(path) - 1; path[i].fragment != first && len(names) <= most; i-- {
		names = append(names, fmt.Sprintf("%q", v.fragments[path[i].fragment].name))
	}
	if len(names) == 0 {
		return ""
	}
	if len(names) > most {
		names[most] = "others"
	}
	slices.Reverse(names)
	return " via " + strings.Join(names, ", ")
}

// reach finds what operations reach through fragments.
type reach struct {
	validation *validation
	seen       []int // by fragment, the last round that reached it
	round      int
	waiting    []int
}

// each calls visit with a part and with each fragment with variables that it
// reaches, once each. Where visit returns false, what is spread there is left out.
func (r *reach) each(from *part, visit func(of *part) bool) {
	if r.seen == nil {
		r.seen = make([]int, len(r.validation.fragments))
	}
	r.round++
	r.waiting = r.waiting[:0]
	follow := func(of *part) {
		for _, next := range of.spreads {
			if r.seen[next.fragment] != r.round && r.validation.fragments[next.fragment].variables {
				r.seen[next.fragment] = r.round
				r.waiting = append(r.waiting, next.fragment)
			}
		}
	}
	if visit(from) {
		follow(from)
	}
	for len(r.waiting) > 0 {
		of := &r.validation.fragments[r.waiting[len(r.waiting)-1]]
		r.waiting = r.waiting[:len(r.waiting)-1]
		if visit(of) {
			follow(of)
		}
	}
}
