package dynamodb

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

// pageRows is the most rows that a Read asks for, unless its limit is higher: with
// fewer, one more request would have to look for the end of the history.
const pageRows = 100

// Read implements ports.History. It makes 1 Query where the mark is right after the
// last event of an Append, as one that follows it is, and 2 for any other; and 1 more
// where the history does not end within 1 MB, or 100 Appends, or limit if that is
// higher.
func (b *Backend) Read(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
	const op = "Read"
	if err := ended(ctx, op); err != nil {
		return nil, false, err
	}
	if topic == "" || generationOf(from.Epoch) == "" || len(historySortKey(from.Epoch, from.Position)) > maxSort {
		return nil, false, refusal(op, ports.ErrGap)
	}
	stretch, err := b.stretch(ctx, topic, from, limit)
	if err != nil {
		return nil, false, failure(op, err)
	}
	events, ok := stretch.events(from, instantOf(b.now()))
	if !ok {
		return nil, false, refusal(op, ports.ErrGap)
	}
	more := false
	if limit > 0 && len(events) > limit {
		events, more = events[:limit], true
	} else if len(events) > 0 {
		more = events[len(events)-1].Position < stretch.newest.end()
	}
	return events, more, nil
}

// stretch is a part of a chain of rows, and the row at the end of the chain.
type stretch struct {
	rows   []historyRow
	newest historyRow
}

// stretch reads the rows from that which has the mark on.
func (b *Backend) stretch(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) (s stretch, err error) {
	input := &dynamodb.QueryInput{
		TableName: aws.String(b.tables.Subscriptions), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("event = :topic AND connectionId >= :from"),
		ExpressionAttributeValues: item{
			":topic": historyPartition(topic),
			// A mark after an event ends in a zero, and a row after the same event has
			// the event's position as its key.
			":from": text(historySortKey(from.Epoch, strings.TrimSuffix(from.Position, "\x00"))),
		},
	}
	if limit > 0 {
		input.Limit = aws.Int32(int32(min(max(limit, pageRows), 1<<20) + 1))
	}
	rows, more, err := b.historyRows(ctx, topic, input)
	if err != nil {
		return stretch{}, err
	}
	if len(rows) == 0 || !rows[0].has(from) {
		before, err := b.rowBefore(ctx, topic, from)
		if err != nil {
			return stretch{}, err
		}
		rows = append(before, rows...)
	}
	if more {
		s.newest, err = b.newest(ctx, topic)
	} else if len(rows) > 0 {
		s.newest = rows[len(rows)-1]
	}
	s.rows = rows
	return s, err
}

// rowBefore reads the row that begins before the mark.
func (b *Backend) rowBefore(ctx context.Context, topic ports.Topic, from ports.Mark) ([]historyRow, error) {
	rows, _, err := b.historyRows(ctx, topic, &dynamodb.QueryInput{
		TableName: aws.String(b.tables.Subscriptions), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("event = :topic AND connectionId < :from"),
		ExpressionAttributeValues: item{
			":topic": historyPartition(topic), ":from": text(historySortKey(from.Epoch, from.Position)),
		},
		ScanIndexForward: aws.Bool(false), Limit: aws.Int32(1),
	})
	return rows, err
}

// has says whether the row has what comes first after the mark, or ends before.
func (r historyRow) has(from ports.Mark) bool {
	return r.epoch == from.Epoch && (r.before < from.Position || r.before == "")
}

// events returns those from the mark on, and false unless the chain proves that they
// are all: DynamoDB deletes rows in any order.
func (s stretch) events(from ports.Mark, now instant) (events []ports.Event, complete bool) {
	if len(s.rows) == 0 || !s.rows[0].has(from) || s.newest.epoch != from.Epoch || !s.newest.live(now) {
		return nil, false
	}
	if from.Position > s.newest.end()+"\x00" { // What was up to there is lost.
		return nil, false
	}
	tooOld := max(s.newest.horizon, now-s.newest.age)
	for i, row := range s.rows {
		switch {
		case row.epoch != from.Epoch, i > 0 && row.before != s.rows[i-1].end():
			return nil, false
		case row.last == "", row.last < from.Position: // Open, or it ends before.
			continue
		case row.at <= tooOld, row.lost != "" && from.Position <= row.lost:
			return nil, false
		}
		for i, event := range row.events {
			if event.Position < from.Position {
				continue
			}
			if number := row.count - int64(len(row.events)-1-i); number <= s.newest.floor {
				return nil, false
			}
			events = append(events, event)
		}
	}
	return events, true
}
