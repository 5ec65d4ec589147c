package dynamodb

import (
	"bytes"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// connection is a row of the connections table. One without expiry is absent, or
// none of this package's.
type connection struct {
	ports.Connection
	expires    instant
	initID     string
	operations map[string]held
	tombstones map[string]tombstone
}

func readConnection(row item) connection {
	c := connection{
		Connection: ports.Connection{
			Address:  ports.Address{ID: ports.ConnectionID(textOf(row[attributeID])), Endpoint: textOf(row["endpoint"])},
			Protocol: textOf(row["protocol"]),
			State:    binaryOf(row["state"]),
			Identity: textOf(row["identity"]),
			NotAfter: readInstant(row["notAfter"]).time(),
		},
		expires:    readInstant(row["expires"]),
		operations: readOperations(row["operations"]),
		tombstones: readTombstones(row["tombstones"]),
	}
	c.ExpiresAt = c.expires.time()
	if init, ok := row["init"]; ok {
		c.Initialized, c.initID = true, textOf(init)
	}
	return c
}

func (c connection) live(now instant) bool { return c.expires > now }

// liveOperations are those that have not expired.
func (c connection) liveOperations(now instant) map[string]held {
	live := make(map[string]held, len(c.operations))
	for hash, operation := range c.operations {
		if operation.expires > now {
			live[hash] = operation
		}
	}
	return live
}

// CreateConnection implements ports.ConnectionStore. A repetition is compared
// with the row as it is by then. ErrTooLarge: over what one item can hold.
//
// It makes 1 UpdateItem.
func (b *Backend) CreateConnection(ctx context.Context, row ports.Connection) error {
	const op = "CreateConnection"
	if row.Address.ID == "" || row.ExpiresAt.IsZero() {
		return refusal(op, ports.ErrInvalid)
	}
	var former connection
	waiting := backoff{random: b.random}
	for {
		_, err := b.update(ctx, creation(row, former))
		before, failed := conditionFailed(err)
		if !failed {
			return failure(op, err)
		}
		if former = readConnection(before); former.live(instantOf(b.now())) {
			if equal(former.Connection, row) {
				return nil
			}
			return refusal(op, ports.ErrConflict)
		}
		// It has expired: another socket had the ID, and this one has none of its
		// operations.
		if err := b.deleteRows(ctx, former.rows()); err != nil {
			return failure(op, err)
		}
		if !waiting.wait(ctx) {
			return refusal(op, ports.ErrThrottled)
		}
	}
}

// creation writes a row where there is none, or in place of one that has expired.
func creation(row ports.Connection, former connection) update {
	expires := instantOf(row.ExpiresAt)
	u := update{
		id: row.Address.ID,
		set: []string{
			"endpoint = :endpoint", "protocol = :protocol", "#state = :state", "#identity = :identity",
			"notAfter = :notAfter", "expires = :expires", "#ttl = :ttl", "operations = :none", "tombstones = :none",
		},
		conditions: []string{"attribute_not_exists(expires)"},
		names:      map[string]string{"#state": "state", "#identity": "identity", "#ttl": attributeTTL, "#init": "init"},
		values: item{
			":endpoint": text(row.Address.Endpoint), ":protocol": text(row.Protocol), ":state": binary(row.State),
			":identity": text(row.Identity), ":notAfter": instantOf(row.NotAfter).attribute(),
			":expires": expires.attribute(), ":ttl": expires.ttl(), ":none": document(item{}),
		},
	}
	if row.Initialized {
		u.set = append(u.set, "#init = :init")
		u.values[":init"] = text("")
	} else {
		u.remove = []string{"#init"}
	}
	if former.expires != 0 {
		u.conditions = []string{"expires = :former"}
		u.values[":former"] = former.expires.attribute()
	}
	return u
}

func equal(a, b ports.Connection) bool {
	return a.Address == b.Address && a.Protocol == b.Protocol && bytes.Equal(a.State, b.State) &&
		a.Identity == b.Identity && instantOf(a.NotAfter) == instantOf(b.NotAfter) &&
		a.Initialized == b.Initialized && instantOf(a.ExpiresAt) == instantOf(b.ExpiresAt)
}

// GetConnection implements ports.ConnectionStore with 1 GetItem.
func (b *Backend) GetConnection(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
	const op = "GetConnection"
	c, err := b.read(ctx, id, "id, endpoint, protocol, #state, #identity, notAfter, expires, #init",
		map[string]string{"#state": "state", "#identity": "identity", "#init": "init"})
	switch {
	case err != nil:
		return ports.Connection{}, failure(op, err)
	case !c.live(instantOf(b.now())):
		return ports.Connection{}, refusal(op, ports.ErrNotFound)
	}
	return c.Connection, nil
}

// read reads some attributes of a row, consistently.
func (b *Backend) read(ctx context.Context, id ports.ConnectionID, projection string, names map[string]string) (connection, error) {
	var row item
	err := b.request(ctx, func() error {
		output, err := b.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(b.tables.Connections), Key: connectionKey(id), ConsistentRead: aws.Bool(true),
			ProjectionExpression: aws.String(projection), ExpressionAttributeNames: names,
		})
		if err == nil {
			row = output.Item
		}
		return err
	}, connectionsTable)
	return readConnection(row), err
}

// InitConnection implements ports.ConnectionStore with 1 UpdateItem.
func (b *Backend) InitConnection(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
	const op = "InitConnection"
	now := instantOf(b.now())
	u := update{
		id:         id,
		set:        []string{"#init = :init"},
		conditions: []string{"expires > :now", "attribute_not_exists(#init)"},
		names:      map[string]string{"#init": "init"},
		values:     item{":init": text(init.RequestID), ":now": now.attribute()},
		returns:    types.ReturnValueAllNew,
	}
	if init.State != nil {
		u.set = append(u.set, "#state = :state")
		u.names["#state"], u.values[":state"] = "state", binary(init.State)
	}
	if init.Identity != "" {
		u.set = append(u.set, "#identity = :identity")
		u.names["#identity"], u.values[":identity"] = "identity", text(init.Identity)
	}
	if !init.NotAfter.IsZero() {
		u.set = append(u.set, "notAfter = :notAfter")
		u.values[":notAfter"] = instantOf(init.NotAfter).attribute()
	}
	after, err := b.update(ctx, u)
	before, failed := conditionFailed(err)
	if !failed {
		return after.Connection, failure(op, err)
	}
	switch c := readConnection(before); {
	case !c.live(now):
		return ports.Connection{}, refusal(op, ports.ErrNotFound)
	case c.initID != init.RequestID:
		return ports.Connection{}, refusal(op, ports.ErrConflict)
	default:
		return c.Connection, nil
	}
}

// DeleteConnection implements ports.ConnectionStore. Of a connection that has
// expired it still removes and returns the operations that have not.
//
// It makes 1 DeleteItem, and 1 BatchWriteItem for 25 rows of topics.
//
// Where the rows are is known from the answer to DeleteItem alone. If that is
// lost, or if the call fails or its process ends after it, no later call finds
// the connection, and the rows that are left stay until a delivery meets them
// (RemoveSubscribers) or they expire. A second call at the same time may return
// while the first one still deletes rows.
func (b *Backend) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	const op = "DeleteConnection"
	var before item
	err := b.request(ctx, func() error {
		output, err := b.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: aws.String(b.tables.Connections), Key: connectionKey(id),
			// Without a condition DynamoDB Local lets several calls find one row.
			ConditionExpression: aws.String("attribute_exists(id)"),
			ReturnValues:        types.ReturnValueAllOld,
		})
		if err == nil {
			before = output.Attributes
		}
		return err
	}, connectionsTable)
	if _, absent := conditionFailed(err); absent {
		return ports.Removed{}, nil
	}
	if err != nil {
		return ports.Removed{}, failure(op, err)
	}
	c, now := readConnection(before), instantOf(b.now())
	var removed ports.Removed
	if c.live(now) {
		removed.Found, removed.Connection = true, c.Connection
	}
	for _, operation := range c.liveOperations(now) {
		removed.Operations = append(removed.Operations, ports.OperationRef{Connection: id, ID: operation.id})
	}
	return removed, failure(op, b.deleteRows(ctx, c.rows()))
}
