package delivery

import (
	"fmt"

	"github.com/fanql/fanql/ports"
)

// listed is a page of the fan-out: its number, and the cursor that leads to it.
type listed struct {
	number int
	cursor ports.Cursor
}

// progress is how far a window of events has got with one connection.
type progress struct {
	run []member
	// page is where the run was listed.
	page *listed
	// event and member are to be pushed next, and end is after the last event.
	event, member, end int
	pushed             int
	// err is why the push of these was not accepted.
	err error
}

// clone is a progress that may outlive the call that it was made in.
func (p *progress) clone() *progress {
	clone := *p
	return &clone
}

// lostConnection is a connection that has not accepted an event, as often as it was
// tried. Nothing more is pushed to it until settle.
type lostConnection struct {
	id   ports.ConnectionID
	runs []*progress
}

// leftover is what connections lack that accepted neither an event nor an end.
type leftover struct {
	// event is the first that one of them lacks, and page the first with one of them.
	event int
	page  *listed
	cause error
}

// err is the verdict on the events that are left.
func (l *leftover) err(away bool) error {
	verdict := &ports.Error{Op: "core.Deliver", Err: fmt.Errorf("pushing: %w", l.cause)}
	if away {
		verdict.Kind = ports.ErrUnfinished
	}
	return verdict
}
