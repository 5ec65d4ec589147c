package dynamodb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

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
func (b *Backend) update(ctx context.Context, u update) (connection, error) {
	var after item
	err := b.request(ctx, func() error {
		output, err := b.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(b.tables.Connections), Key: connectionKey(u.id),
			UpdateExpression: u.expression(), ConditionExpression: u.condition(),
			ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
			ReturnValues:                        u.returns,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		if err == nil {
			after = output.Attributes
		}
		return err
	}, connectionsTable)
	return readConnection(after), err
}

// transact makes a change together with others, all or none. What was not
// cancelled may have been done, so its repetition has the same token.
func (b *Backend) transact(ctx context.Context, u update, others []types.TransactWriteItem) error {
	input := &dynamodb.TransactWriteItemsInput{
		TransactItems: append([]types.TransactWriteItem{{Update: &types.Update{
			TableName: aws.String(b.tables.Connections), Key: connectionKey(u.id),
			UpdateExpression: u.expression(), ConditionExpression: u.condition(),
			ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}}}, others...),
		ClientRequestToken: aws.String(rand.Text()),
	}
	return b.request(ctx, func() error {
		_, err := b.client.TransactWriteItems(ctx, input)
		if outcomeKnown(err) {
			input.ClientRequestToken = aws.String(rand.Text())
		}
		return err
	}, connectionsTable, subscriptionsTable)
}

// digestLength is that of what digest returns.
const digestLength = 22

// digest stands for an operation ID where its length and characters matter. Half
// of SHA-256 is enough: only the IDs of one connection must differ.
func digest(id ports.OperationID) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
