package ports

import (
	"fmt"
	"time"
)

// clockTolerance is how far a process's clock may be from a backend's. It is what AWS
// allows in a signature ("Troubleshoot Signature Version 4 signed requests", IAM), small
// beside the time that rows live, and more than clocks differ that are kept.
const clockTolerance = 5 * time.Minute

// ClockError says that the clock of this process is wrong, or that of its backend. By
// such a clock rows of clients that are there would have expired, and nobody would
// notice; so a backend fails calls with it, as an error of no kind.
type ClockError struct {
	// Backend is whose clock the process's was compared with, such as "Redis".
	Backend string
	// Ahead is by how much the process's clock is ahead of the backend's, at least;
	// negative if it is behind.
	Ahead time.Duration
}

// Error says which clock is wrong, and by how much.
func (e *ClockError) Error() string {
	if e.Ahead < 0 {
		return fmt.Sprintf("the clock of this process is %v behind %s's", -e.Ahead, e.Backend)
	}
	return fmt.Sprintf("the clock of this process is %v ahead of %s's", e.Ahead, e.Backend)
}

// CheckClock is for adapters: it compares the time at which a backend answered with
// those, by the clock of this process, of sending the request and of receiving the
// answer, which may be far apart: a Lambda function is frozen at any time. It returns a
// ClockError where the clocks are more than 5 minutes apart in any case, else nil.
func CheckClock(backend string, sent, answered, received time.Time) error {
	// Without their monotonic parts, which stand still while a machine sleeps.
	if ahead := sent.Round(0).Sub(answered); ahead > clockTolerance {
		return &ClockError{backend, ahead.Round(time.Second)}
	}
	if behind := answered.Sub(received.Round(0)); behind > clockTolerance {
		return &ClockError{backend, -behind.Round(time.Second)}
	}
	return nil
}
