package redis

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// The fields that the entry of a dead letter has besides the event's.
const (
	idField       = "id"
	attemptsField = "attempts"
	causeField    = "cause"
)

// DeadLetter is an event that was given up.
type DeadLetter struct {
	// Event may lack all but its position where something else than a Bus has
	// written it.
	Event ports.Event
	// Attempts is how many deliveries of it began, but for those that were
	// unfinished.
	Attempts int
	// Cause is the text of the last verdict.
	Cause string

	partition int
	// id is that of its entry among the dead letters.
	id string
}

// ID names the letter on its bus, for ever: its partition and its entry there, such as
// "3/1700000000000-0".
func (l DeadLetter) ID() string { return strconv.Itoa(l.partition) + "/" + l.id }

// moveToDeadLetters moves an event to the dead letters.
func (p *partition) moveToDeadLetters(ctx context.Context, e *queued, cause error) error {
	keys := []string{p.bus.stream(p.lease.Partition), p.bus.dead(p.lease.Partition)}
	limit := p.bus.config.MaxDeadLetters
	answer, err := p.retry(ctx, p.bus.scripts.deadLetter, keys, busGroup, limit, e.id, e.attempts, cause.Error())
	if err != nil {
		return err
	}
	e.settled = true
	if tell := p.bus.config.OnDeadLetter; tell != nil {
		id, _ := answer.(string)
		tell(DeadLetter{
			Event: e.event, Attempts: e.attempts, Cause: cause.Error(), partition: p.lease.Partition, id: id,
		})
	}
	return nil
}

// DeadLetters lists the events that were given up, each partition's in that
// order. It makes 1 request for 100 of a partition. An error ends it. To deliver
// an event after all, publish it again and drop its letter.
func (b *Bus) DeadLetters(ctx context.Context) iter.Seq2[DeadLetter, error] {
	return func(yield func(DeadLetter, error) bool) {
		for partition := range b.config.Partitions {
			if !b.deadLetters(ctx, partition, yield) {
				return
			}
		}
	}
}

// CountDeadLetters is how many events were given up and are kept, in all partitions. It
// makes 1 request for each partition, in pipelines.
func (b *Bus) CountDeadLetters(ctx context.Context) (int, error) {
	const op = "CountDeadLetters"
	if err := ended(ctx, op); err != nil {
		return 0, err
	}
	lengths := make([]*goredis.IntCmd, b.config.Partitions)
	_, err := b.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for partition := range lengths {
			lengths[partition] = pipe.XLen(ctx, b.dead(partition))
		}
		return nil
	})
	if err != nil {
		return 0, failure(op, err)
	}
	count := 0
	for _, length := range lengths {
		count += int(length.Val())
	}
	return count, nil
}

func (b *Bus) deadLetters(ctx context.Context, partition int, yield func(DeadLetter, error) bool) (more bool) {
	const op, page = "DeadLetters", 100
	after := "-"
	for {
		if err := ended(ctx, op); err != nil {
			return yield(DeadLetter{}, err) && false
		}
		messages, err := b.client.XRangeN(ctx, b.dead(partition), after, "+", page).Result()
		if err != nil {
			return yield(DeadLetter{}, failure(op, err)) && false
		}
		for _, message := range messages {
			fields := make(map[string]string, len(message.Values))
			for name, value := range message.Values {
				fields[name] = fmt.Sprint(value)
			}
			letter := DeadLetter{Cause: fields[causeField], partition: partition, id: message.ID}
			letter.Event, _ = decodeEvent(fields[idField], fields) // What cannot be read is why it is here.
			letter.Attempts, _ = strconv.Atoi(fields[attemptsField])
			if !yield(letter, nil) {
				return false
			}
			after = "(" + message.ID
		}
		if len(messages) < page {
			return true
		}
	}
}

// DropDeadLetter removes a dead letter. Absent is not an error.
func (b *Bus) DropDeadLetter(ctx context.Context, letter DeadLetter) error {
	const op = "DropDeadLetter"
	if err := ended(ctx, op); err != nil {
		return err
	}
	return failure(op, b.client.XDel(ctx, b.dead(letter.partition), letter.id).Err())
}
