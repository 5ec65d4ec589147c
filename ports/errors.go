package ports

import "errors"

// The kinds of failure that a contract names. Match them with errors.Is.
var (
	// ErrNotFound: what was asked for is not there, or has expired.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the ID is taken, or the step was done before.
	ErrConflict = errors.New("conflict")
	// ErrCancelled: the client ended the operation before it was in place.
	ErrCancelled = errors.New("cancelled")
	// ErrTooLarge: over a size that the backend or the transport can take.
	ErrTooLarge = errors.New("too large")
	// ErrTooMany: over a count that the caller set.
	ErrTooMany = errors.New("too many")
	// ErrGone: the client's socket no longer exists.
	ErrGone = errors.New("gone")
	// ErrThrottled: refused for now; the same call may succeed later.
	ErrThrottled = errors.New("throttled")
	// ErrUnfinished: a delivery got further, but not to the end, or waits for a
	// transport that is away; handed over again it goes on. A bus does not count that as
	// a failed attempt.
	ErrUnfinished = errors.New("unfinished")
	// ErrGap: a history does not have all that came after a mark.
	ErrGap = errors.New("gap")
	// ErrInvalid: an argument that no retry can mend, such as an empty topic.
	ErrInvalid = errors.New("invalid")
)

// Error is how every adapter reports a failure. Its text is for people and
// never holds a payload, a token or a connection's state.
type Error struct {
	// Op is the call that failed, as package and verb: "memory.AddOperation".
	Op string
	// Kind is one of the Err values above, or nil when none fits.
	Kind error
	// Err is the cause, such as an SDK's error; may be nil.
	Err error
}

// Error joins the call, the kind and the cause.
func (e *Error) Error() string {
	text := e.Op
	if e.Kind != nil {
		text += ": " + e.Kind.Error()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap lets errors.Is find the kind and errors.As the cause.
func (e *Error) Unwrap() []error {
	causes := make([]error, 0, 2)
	if e.Kind != nil {
		causes = append(causes, e.Kind)
	}
	if e.Err != nil {
		causes = append(causes, e.Err)
	}
	return causes
}

// Unavailable reports whether an adapter's error, which err may wrap, says that its
// backend is away or refuses for now: one of kind ErrThrottled, or of none. Whoever
// answers HTTP answers it with 503 (Service Unavailable; RFC 9110, section 15.6.4).
// An error that is no adapter's, such as a hook's own, is none of these.
func Unavailable(err error) bool {
	failed, ok := errors.AsType[*Error](err)
	return ok && (failed.Kind == nil || errors.Is(failed.Kind, ErrThrottled))
}
