package graphqlgo

import (
	"cmp"
	"slices"
)

// stitch appends a part of the buffer, with what came later in its place.
func (e *execution) stitch(b []byte, start, end int) []byte {
	d := &e.deferred
	cut, _ := slices.BinarySearchFunc(d.cuts, start, func(s *span, at int) int { return cmp.Compare(s.start, at) })
	next, _ := slices.BinarySearchFunc(d.holes, start, func(h *hole, at int) int { return cmp.Compare(h.at, at) })
	for start < end {
		stop := end
		if next < len(d.holes) && d.holes[next].at < end {
			stop = d.holes[next].at
		}
		if cut < len(d.cuts) && d.cuts[cut].start <= stop && d.cuts[cut].start < end {
			s := d.cuts[cut]
			b = append(append(b, e.out[start:s.start]...), "null"...)
			start = s.end
			for cut < len(d.cuts) && d.cuts[cut].start < start {
				cut++
			}
			for next < len(d.holes) && d.holes[next].at < start {
				next++
			}
			continue
		}
		b = append(b, e.out[start:stop]...)
		start = stop
		if stop < end {
			h := d.holes[next]
			b = e.stitch(b, h.start, h.end)
			start++
			next++
		}
	}
	return b
}

// sortCuts orders the values that became null as they stand in the buffer, the outer
// before the inner.
func (d *deferred) sortCuts() {
	slices.SortFunc(d.cuts, func(a, b *span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
}
