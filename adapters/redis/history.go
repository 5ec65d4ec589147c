package redis

import (
	"context"
	_ "embed" // for the sources of the scripts
	"fmt"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

var _ ports.History = (*History)(nil)

const (
	// maxRead is the most events of a read, and maxReadBytes the size that ends one: a
	// server does nothing else while it reads.
	maxRead      = 1000
	maxReadBytes = 1 << 20
	// idleLife is how long a history without events is kept at least, so that a mark of
	// it still says that there is no gap.
	idleLife = 24 * time.Hour
)

// The sources of the history's scripts. What each takes and returns stands in its
// first lines.
var (
	//go:embed lua/history_append.lua
	historyAppend string
	//go:embed lua/history_head.lua
	historyHead string
	//go:embed lua/history_read.lua
	historyRead string
)

// History keeps the latest events of topics in Redis. It implements ports.History and
// may be used by many goroutines at once.
//
// A topic has one key, so that its events and its floor are lost together. The age of an
// event counts from its Append, to the millisecond, by the clock of the process, and the
// retention of the last event that was appended is that of the whole topic. Nothing is
// too large that the bus carries. A history that nobody appends to or asks for its Head
// expires when all of its events have aged and then as much time again has passed, or a
// day if that is longer.
//
// Positions of the bus are of the partition that a topic belongs to. So where
// Config.Partitions has changed, a history begins anew with another epoch.
type History struct {
	client             goredis.UniversalClient
	append, head, read *script
	keys               keyspace
	now                func() time.Time
	clocks             *clocks
	bus                string // names what positions are of
}

func newHistory(config Config, clocks *clocks) *History {
	return &History{
		client: config.Client, keys: newKeyspace(config.Prefix), now: config.Now, clocks: clocks, bus: strconv.Itoa(config.Partitions),
		append: newScript("history_append", historyAppend), head: newScript("history_head", historyHead),
		read: newScript("history_read", historyRead),
	}
}

// run runs a script, unless the clock of the process is wrong.
func (h *History) run(ctx context.Context, c call) (any, error) {
	if err := h.clocks.check(ctx); err != nil {
		return nil, err
	}
	return run(ctx, h.client, c)
}

// Append implements ports.History with 1 script. Text in an event that is not UTF-8 is
// ErrInvalid, but for its payload.
func (h *History) Append(ctx context.Context, topic ports.Topic, events ...ports.Event) (string, error) {
	const op = "Append"
	if len(events) == 0 || topic == "" {
		return "", refusal(op, ports.ErrInvalid)
	}
	keep := events[len(events)-1].Keep
	args := []any{h.bus, newToken(), h.milliseconds(), keep.Count, ageOf(keep), lifeOf(keep)}
	for _, event := range events {
		encoded, err := encodeKept(event)
		if err != nil || event.Position == "" || event.Keep.None() {
			return "", refusal(op, ports.ErrInvalid)
		}
		args = append(args, event.Position, encoded)
	}
	epoch, err := h.run(ctx, call{h.append, h.key(topic), args})
	if err != nil {
		return "", failure(op, err)
	}
	return replyText(epoch), nil
}

// Read implements ports.History with 1 script. It ends after 1,000 events or 1 MiB,
// whatever the limit.
func (h *History) Read(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
	const op = "Read"
	if limit <= 0 {
		limit = maxRead
	}
	reply, err := h.run(ctx, call{
		h.read, h.key(topic), []any{h.bus, from.Epoch, from.Position, h.milliseconds(), min(limit, maxRead), maxReadBytes},
	})
	if err != nil {
		return nil, false, failure(op, err)
	}
	texts := replyTexts(reply)
	if len(texts) == 0 {
		return nil, false, refusal(op, ports.ErrGap)
	}
	more, texts := texts[0] == "1", texts[1:]
	events := make([]ports.Event, 0, len(texts)/2)
	for pair := range slices.Chunk(texts, 2) {
		if len(pair) < 2 {
			return nil, false, failure(op, errReply)
		}
		event, ok := decodeKept(pair[1])
		if !ok {
			return nil, false, failure(op, errReply)
		}
		event.Topic, event.Position = topic, pair[0]
		events = append(events, event)
	}
	return events, more, nil
}

// Head implements ports.History with 1 script. It prolongs the life of a history without
// events.
func (h *History) Head(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
	const op = "Head"
	if keep.None() || topic == "" {
		return ports.Mark{}, refusal(op, ports.ErrInvalid)
	}
	reply, err := h.run(ctx, call{h.head, h.key(topic), []any{h.bus, newToken(), ageOf(keep), lifeOf(keep)}})
	if err != nil {
		return ports.Mark{}, failure(op, err)
	}
	return ports.Mark{Epoch: replyText(replyAt(reply, 0)), Position: replyText(replyAt(reply, 1))}, nil
}

func (h *History) key(topic ports.Topic) []string {
	return []string{h.keys.key(kindTopic, string(topic), "history")}
}

// milliseconds are those since 1970, in 16 digits.
func (h *History) milliseconds() string { return fmt.Sprintf("%016d", h.now().UnixMilli()) }

// ageOf is the age of a retention in milliseconds, and at least one.
func ageOf(keep ports.Retention) int64 { return max(keep.Age.Milliseconds(), 1) }

// lifeOf is how many milliseconds a history lives that nobody uses.
func lifeOf(keep ports.Retention) int64 {
	return ageOf(keep) + max(keep.Age, idleLife).Milliseconds()
}

// encodeKept is an event as a history has it: its envelope and its payload. It refuses
// what JSON would not give back as it was.
func encodeKept(event ports.Event) ([]byte, error) {
	event.Trace = nil
	envelope, err := encodeEnvelope(event)
	if err != nil {
		return nil, err
	}
	e := make(encoder, 0, len(envelope)+len(event.Payload)+10)
	return append(appendField(e, envelope), event.Payload...), nil
}

// decodeKept returns false for what encodeKept did not write. The event has neither a
// topic nor a position.
func decodeKept(text string) (ports.Event, bool) {
	d := decoder{rest: text}
	var event ports.Event
	err := decodeEnvelope(d.field(), &event)
	if d.rest != "" {
		event.Payload = []byte(d.rest)
	}
	return event, err == nil && !d.broken
}
