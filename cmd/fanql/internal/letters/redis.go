package letters

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fanql/fanql/adapters/redis"
)

// OfRedis are the dead letters of a bus on Redis. Delivering one publishes its event
// again, under its ID, after later events of its topic.
func OfRedis(bus *redis.Backend) Box { return redisBox{bus} }

type redisBox struct{ bus *redis.Backend }

func (b redisBox) IDs(ctx context.Context) ([]string, error) {
	var ids []string
	for letter, err := range b.bus.DeadLetters(ctx) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, letter.ID())
	}
	return ids, nil
}

func (b redisBox) All(ctx context.Context, ids ...string) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		left := slices.Clone(ids)
		for letter, err := range b.bus.DeadLetters(ctx) {
			if err != nil {
				yield(Letter{}, err)
				return
			}
			if len(ids) > 0 {
				i := slices.Index(left, letter.ID())
				if i < 0 {
					continue
				}
				left = slices.Delete(left, i, i+1)
			}
			if !yield(letterOf(letter), nil) {
				return
			}
			if len(ids) > 0 && len(left) == 0 { // a letter that failed again may be behind
				return
			}
		}
	}
}

func letterOf(letter redis.DeadLetter) Letter {
	l := Letter{ID: letter.ID(), GivenUp: entryTime(letter.ID()), Attempts: letter.Attempts, Cause: letter.Cause, source: letter}
	if letter.Event.ID != "" && letter.Event.Topic != "" {
		l.Events = append(l.Events, letter.Event)
	}
	return l
}

// entryTime is when an entry was written, by the clock of Redis: its ID begins with
// the milliseconds.
func entryTime(id string) time.Time {
	_, entry, _ := strings.Cut(id, "/")
	milliseconds, _, _ := strings.Cut(entry, "-")
	n, err := strconv.ParseInt(milliseconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

func (b redisBox) Deliver(ctx context.Context, letter Letter) error {
	if len(letter.Events) == 0 {
		return errUnreadable
	}
	return b.bus.Publish(ctx, letter.Events...)
}

func (b redisBox) Drop(ctx context.Context, letter Letter) error {
	source, _ := letter.source.(redis.DeadLetter)
	return b.bus.DropDeadLetter(ctx, source)
}
