package dynamodb

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

var _ ports.History = (*Backend)(nil)

// Append implements ports.History. It makes 1 PutItem for 400 KB of events, of as many
// write units as it has KB; and 1 Query before, if this backend has not appended to the
// topic lately, or another one has since. An event is too large where it does not fit a
// row of 400 KB by itself. The age of an event counts from its Append, by Config.Now.
//
// ErrThrottled: others kept appending to the topic at the same time.
func (b *Backend) Append(ctx context.Context, topic ports.Topic, events ...ports.Event) (string, error) {
	const op = "Append"
	if err := ended(ctx, op); err != nil {
		return "", err
	}
	if topic == "" || len(events) == 0 || slices.ContainsFunc(events, func(e ports.Event) bool { return e.Position == "" || e.Keep.None() }) {
		return "", refusal(op, ports.ErrInvalid)
	}
	newest, known := b.ends.get(topic)
	waiting := backoff{random: b.random}
	for {
		if !known || !newest.live(instantOf(b.now())) {
			var err error
			if newest, err = b.newest(ctx, topic); err != nil {
				return "", failure(op, err)
			}
		}
		var err error
		newest, err = b.extend(ctx, topic, newest, events)
		if _, taken := conditionFailed(err); !taken {
			if err == nil {
				b.ends.put(topic, newest)
			}
			return newest.epoch, failure(op, err)
		}
		// Another row is at the end, or the client has repeated a request whose answer
		// was lost.
		if known {
			known = false
		} else if !waiting.wait(ctx) {
			return "", refusal(op, ports.ErrThrottled)
		}
	}
}

// extend appends what is not there yet, and returns the newest row.
func (b *Backend) extend(ctx context.Context, topic ports.Topic, newest historyRow, events []ports.Event) (historyRow, error) {
	now, keep := instantOf(b.now()), events[len(events)-1].Keep
	next := newest.after(keep, now)
	if !newest.live(now) {
		if err := b.closeHistory(ctx, topic, newest); err != nil {
			return newest, err
		}
		next = newest.anew(keep, now)
	}
	for _, row := range packHistory(topic, next, events, now) {
		if err := b.putHistoryRow(ctx, topic, row); err != nil {
			return newest, err
		}
		row.events = nil
		newest = row
	}
	return newest, nil
}

// closeHistory ends an epoch, so that nobody whose clock is behind appends to it when
// another one has begun.
func (b *Backend) closeHistory(ctx context.Context, topic ports.Topic, newest historyRow) error {
	if newest.epoch == "" || newest.closed {
		return nil
	}
	row := newest.after(ports.Retention{}, instantOf(b.now()))
	row.closed = true
	return b.putHistoryRow(ctx, topic, row)
}

// putHistoryRow writes a row to the end of the chain. If its key is taken, the error is
// that of a condition that failed.
func (b *Backend) putHistoryRow(ctx context.Context, topic ports.Topic, row historyRow) error {
	fields := row.fields(topic)
	return b.request(ctx, func() error {
		_, err := b.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: aws.String(b.tables.Subscriptions), Item: fields,
			// An open row gives way.
			ConditionExpression: aws.String("attribute_not_exists(epoch) OR epoch = :epoch AND " +
				"attribute_not_exists(#last) AND attribute_not_exists(closed)"),
			ExpressionAttributeNames:  map[string]string{"#last": "last"},
			ExpressionAttributeValues: item{":epoch": fields["epoch"]},
		})
		return err
	}, subscriptionsTable)
}

// packHistory puts the events that are after a row into as few rows as they fit, the
// first of which begins as next does.
func packHistory(topic ports.Topic, next historyRow, events []ports.Event, now instant) (rows []historyRow) {
	keep := events[len(events)-1].Keep
	row, total := next, 0
	flush := func() {
		row = row.with(keep, now)
		rows = append(rows, row)
		next = row.after(keep, now)
	}
	position := next.before
	for _, event := range events {
		if event.Position <= position {
			continue
		}
		position = event.Position
		need := 1 + size(encodeKept(event))
		if total > 0 && total+need > maxItem {
			flush()
			row, total = next, 0
		}
		if total == 0 {
			total = roomOfHistoryRow(topic, row, events[len(events)-1].Position)
		}
		row.count, row.last, row.events = row.count+1, event.Position, append(row.events, event)
		if total += need; total > maxItem { // It is alone in its row, which is over.
			row.lost, row.floor, row.events = event.Position, row.count, nil
		}
	}
	if row.last != "" {
		flush()
	}
	return rows
}

// roomOfHistoryRow is what a row takes beside its events, or a little more.
func roomOfHistoryRow(topic ports.Topic, row historyRow, last string) int {
	const digits = 64 // Counts become longer, and positions may.
	row.last, row.lost = last, last
	return itemSize(row.fields(topic)) + len(eventsAttribute) + 3 + digits
}

// newest reads the newest row of a history, or one without epoch where there is none.
func (b *Backend) newest(ctx context.Context, topic ports.Topic) (historyRow, error) {
	rows, _, err := b.historyRows(ctx, topic, &dynamodb.QueryInput{
		TableName: aws.String(b.tables.Subscriptions), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("event = :topic"),
		ExpressionAttributeValues: item{":topic": historyPartition(topic)},
		ScanIndexForward:          aws.Bool(false), Limit: aws.Int32(1),
	})
	if err != nil || len(rows) == 0 {
		return historyRow{}, err
	}
	rows[0].events = nil
	return rows[0], nil
}

// historyRows makes one query, and says whether there may be more rows.
func (b *Backend) historyRows(ctx context.Context, topic ports.Topic, input *dynamodb.QueryInput) (rows []historyRow, more bool, err error) {
	var output *dynamodb.QueryOutput
	err = b.request(ctx, func() (err error) {
		output, err = b.client.Query(ctx, input)
		return err
	}, subscriptionsTable)
	if err != nil {
		return nil, false, err
	}
	for _, fields := range output.Items {
		rows = append(rows, readHistoryRow(fields, topic))
	}
	return rows, len(output.LastEvaluatedKey) > 0, nil
}

// Head implements ports.History with 1 Query, and 1 PutItem where it opens a history
// or prolongs its life, or 2 where it opens one in place of one that is lost.
func (b *Backend) Head(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
	const op = "Head"
	if err := ended(ctx, op); err != nil {
		return ports.Mark{}, err
	}
	if topic == "" || keep.None() {
		return ports.Mark{}, refusal(op, ports.ErrInvalid)
	}
	waiting := backoff{random: b.random}
	for {
		newest, err := b.newest(ctx, topic)
		if err != nil {
			return ports.Mark{}, failure(op, err)
		}
		row, err := b.prolong(ctx, topic, newest, keep)
		if _, taken := conditionFailed(err); !taken {
			return ports.Mark{Epoch: row.epoch, Position: row.end()}, failure(op, err)
		}
		if !waiting.wait(ctx) {
			return ports.Mark{}, refusal(op, ports.ErrThrottled)
		}
	}
}

// prolong opens a history, or has one live on that has lived for half of its life, and
// returns the row at its end.
func (b *Backend) prolong(ctx context.Context, topic ports.Topic, newest historyRow, keep ports.Retention) (historyRow, error) {
	now := instantOf(b.now())
	next := newest.after(keep, now)
	if !newest.live(now) {
		if err := b.closeHistory(ctx, topic, newest); err != nil {
			return newest, err
		}
		next = newest.anew(keep, now)
	} else if newest.until-now > (next.until-now)/2 {
		return newest, nil
	}
	return next, b.putHistoryRow(ctx, topic, next)
}
