package ports

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// logBurst is how many lines with the same message are logged at once, after
	// which there is one a second.
	logBurst = 10
	// maxLogKinds is how many messages are counted apart. All others count as one.
	maxLogKinds = 64
)

// LimitLogger returns a logger that keeps a client or a store from flooding the log:
// of the lines with the same message and level, ten are logged at once and then one a
// second. A line that was logged after others were left out says how many in the
// attribute "left_out". A nil logger is slog.Default(). A logger that LimitLogger has
// returned is returned as it is, so that all that have it share its counts; each that is
// made of another has counts of its own. Everything that implements or uses ports logs by
// such a logger where a message, a push or an event can cause a line.
func LimitLogger(logger *slog.Logger) *slog.Logger {
	logger = cmp.Or(logger, slog.Default())
	if _, ok := logger.Handler().(limitedHandler); ok {
		return logger
	}
	return slog.New(limitedHandler{logger.Handler(), &logKinds{byKind: map[logKind]*logLimit{}}})
}

// limitedHandler passes on what its kinds let through. The time is that of the lines.
type limitedHandler struct {
	slog.Handler
	kinds *logKinds
}

// Handle implements slog.Handler.
func (h limitedHandler) Handle(ctx context.Context, record slog.Record) error {
	leftOut, pass := h.kinds.take(logKind{record.Message, record.Level}, record.Time)
	if !pass {
		return nil
	}
	if leftOut > 0 {
		record = record.Clone()
		record.AddAttrs(slog.Int("left_out", leftOut))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (h limitedHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return limitedHandler{h.Handler.WithAttrs(attributes), h.kinds}
}

// WithGroup implements slog.Handler.
func (h limitedHandler) WithGroup(name string) slog.Handler {
	return limitedHandler{h.Handler.WithGroup(name), h.kinds}
}

// logKind is what is limited together.
type logKind struct {
	message string
	level   slog.Level
}

type logKinds struct {
	mu     sync.Mutex
	byKind map[logKind]*logLimit
}

// logLimit is one kind of line.
type logLimit struct {
	// usedUntil is the time that is used up: a line uses a second, and as many seconds
	// as the burst may be used ahead.
	usedUntil time.Time
	leftOut   int
}

// take decides on a line, and returns how many were left out before it.
func (k *logKinds) take(kind logKind, now time.Time) (leftOut int, pass bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	limit := k.byKind[kind]
	if limit == nil && len(k.byKind) >= maxLogKinds {
		kind = logKind{}
		limit = k.byKind[kind]
	}
	if limit == nil {
		limit = &logLimit{}
		k.byKind[kind] = limit
	}
	if limit.usedUntil.Before(now) {
		limit.usedUntil = now
	}
	if limit.usedUntil.Sub(now) > (logBurst-1)*time.Second {
		limit.leftOut++
		return 0, false
	}
	limit.usedUntil = limit.usedUntil.Add(time.Second)
	leftOut, limit.leftOut = limit.leftOut, 0
	return leftOut, true
}
