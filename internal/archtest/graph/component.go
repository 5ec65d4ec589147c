package main

// components returns the strongly connected components of a graph, by Tarjan's
// algorithm (Depth-first search and linear graph algorithms, 1972).
func components(nodes []string, edges map[string]map[string]bool) [][]string {
	s := search{edges: edges, index: map[string]int{}, low: map[string]int{}, onStack: map[string]bool{}}
	for _, node := range nodes {
		if s.index[node] == 0 {
			s.visit(node)
		}
	}
	return s.found
}

type search struct {
	edges   map[string]map[string]bool
	index   map[string]int // from 1, in the order of the visits
	low     map[string]int // the least index that a node is known to reach
	stack   []string
	onStack map[string]bool
	found   [][]string
}

func (s *search) visit(node string) {
	s.index[node] = len(s.index) + 1
	s.low[node] = s.index[node]
	s.stack = append(s.stack, node)
	s.onStack[node] = true
	for next := range s.edges[node] {
		switch {
		case s.index[next] == 0:
			s.visit(next)
			s.low[node] = min(s.low[node], s.low[next])
		case s.onStack[next]:
			s.low[node] = min(s.low[node], s.index[next])
		}
	}
	if s.low[node] != s.index[node] {
		return
	}
	var component []string
	for {
		last := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.onStack[last] = false
		component = append(component, last)
		if last == node {
			break
		}
	}
	s.found = append(s.found, component)
}
