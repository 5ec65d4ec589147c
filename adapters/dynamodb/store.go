package dynamodb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

var (
	_ ports.ConnectionStore   = (*Store)(nil)
	_ ports.SubscriptionStore = (*Store)(nil)
)

// StoreConfig is how a Store is made. Every zero field stands for its default.
type StoreConfig struct {
	// Tables are the names of the tables; Events is not used.
	Tables Tables
	// Now is the clock by which rows expire; time.Now when nil.
	Now func() time.Time
	// Random returns numbers in [0, 1) for the jitter of retries; that of
	// math/rand/v2 when nil.
	Random func() float64
}

// Store keeps connections, operations and checkpoints in DynamoDB. It implements
// ports.ConnectionStore and ports.SubscriptionStore and may be used by many
// goroutines at once.
type Store struct {
	client *dynamodb.Client
	tables Tables
	now    func() time.Time
	random func() float64
}

// NewStore returns a store on tables that exist. It does no I/O. The client
// stays the caller's.
func NewStore(client *dynamodb.Client, config StoreConfig) *Store {
	s := &Store{client: client, tables: config.Tables.withDefaults(), now: config.Now, random: config.Random}
	if s.now == nil {
		s.now = time.Now
	}
	if s.random == nil {
		s.random = mathrand.Float64
	}
	return s
}

// update is a conditional change of one row of the connections table.
type update struct {
	id ports.ConnectionID
	// set has assignments, remove paths, and conditions is what all has to hold.
	set, remove, conditions []string
	names                   map[string]string
	values                  item
	// returns is empty where nobody needs the row afterwards.
	returns types.ReturnValue
}

func connectionKey(id ports.ConnectionID) item { return item{attributeID: text(string(id))} }

func (u update) expression() *string {
	var clauses []string
	if len(u.set) > 0 {
		clauses = append(clauses, "SET "+strings.Join(u.set, ", "))
	}
	if len(u.remove) > 0 {
		clauses = append(clauses, "REMOVE "+strings.Join(u.remove, ", "))
	}
	return aws.String(strings.Join(clauses, " "))
}

func (u update) condition() *string { return aws.String(strings.Join(u.conditions, " AND ")) }

// update makes a change and returns the row as it is afterwards, if it is to.
func (s *Store) update(ctx context.Context, u update) (connection, error) {
	var after item
	err := retry(ctx, s.random, func() error {
		output, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(s.tables.Connections), Key: connectionKey(u.id),
			UpdateExpression: u.expression(), ConditionExpression: u.condition(),
			ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
			ReturnValues:                        u.returns,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		if err == nil {
			after = output.Attributes
		}
		return err
	})
	return readConnection(after), err
}

// transact makes a change together with others, all or none. What was not
// cancelled may have been done, so its repetition has the same token.
func (s *Store) transact(ctx context.Context, u update, others []types.TransactWriteItem) error {
	input := &dynamodb.TransactWriteItemsInput{
		TransactItems: append([]types.TransactWriteItem{{Update: &types.Update{
			TableName: aws.String(s.tables.Connections), Key: connectionKey(u.id),
			UpdateExpression: u.expression(), ConditionExpression: u.condition(),
			ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}}}, others...),
		ClientRequestToken: aws.String(rand.Text()),
	}
	return retry(ctx, s.random, func() error {
		_, err := s.client.TransactWriteItems(ctx, input)
		if outcomeKnown(err) {
			input.ClientRequestToken = aws.String(rand.Text())
		}
		return err
	})
}

// digestLength is that of what digest returns.
const digestLength = 22

// digest stands for an operation ID where its length and characters matter. Half
// of SHA-256 is enough: only the IDs of one connection must differ.
func digest(id ports.OperationID) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
