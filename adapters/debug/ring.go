package debug

import "time"

// A ring has the numbers of the latest minute, by twelfths of it.
const (
	slots      = 12
	slotLength = 5 * time.Second
)

// ring adds up several numbers over the latest minute.
type ring struct {
	began time.Time
	at    int64 // the number of the slot that is filled, from the beginning of time on
	slots [slots][]int64
}

func newRing(began time.Time, width int) ring {
	r := ring{began: began, at: slotOf(began)}
	for i := range r.slots {
		r.slots[i] = make([]int64, width)
	}
	return r
}

func slotOf(now time.Time) int64 { return now.UnixNano() / int64(slotLength) }

// add adds to the number at an index.
func (r *ring) add(now time.Time, index int, n int64) {
	r.turn(now)
	r.slots[r.at%slots][index] += n
}

// turn clears what is older than a minute. A clock that goes back turns nothing.
func (r *ring) turn(now time.Time) {
	to := slotOf(now)
	for i := max(r.at+1, to-slots+1); i <= to; i++ {
		clear(r.slots[i%slots])
	}
	r.at = max(r.at, to)
}

// sums are the numbers of the latest minute.
func (r *ring) sums(now time.Time) []int64 {
	r.turn(now)
	sums := make([]int64, len(r.slots[0]))
	for _, slot := range r.slots {
		for i, n := range slot {
			sums[i] += n
		}
	}
	return sums
}

// rate is how many a second a sum is.
func (r *ring) rate(now time.Time, sum int64) float64 {
	oldest := time.Unix(0, (r.at-slots+1)*int64(slotLength))
	if oldest.Before(r.began) {
		oldest = r.began
	}
	return float64(sum) / max(now.Sub(oldest).Seconds(), 1)
}
