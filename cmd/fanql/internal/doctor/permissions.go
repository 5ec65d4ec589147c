package doctor

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attempt is a request that needs one permission and changes nothing: it reads, or
// deletes or changes what is not there.
type attempt struct {
	action string
	make   func(ctx context.Context) error
}

// checkPermissions tries what the library's calls need on a table, by these
// credentials; those of the functions may differ.
func (s DynamoDBSetup) checkPermissions(ctx context.Context, r *report, spec tableSpec) {
	const check = "permissions"
	var denied []string
	for _, a := range s.attempts(spec) {
		if codeOf(a.make(ctx)) == "AccessDeniedException" {
			denied = append(denied, "dynamodb:"+a.action)
		}
	}
	if len(denied) == 0 {
		r.ok(check, "These credentials may use the table %s.", spec.name)
		return
	}
	r.wrong(check, "These credentials may not use the table %s as the functions do: allow %s in their IAM policy.", spec.name, strings.Join(denied, ", "))
}

// attempts are those for a table, by what the functions' policies in
// deploy/template.yaml allow.
func (s DynamoDBSetup) attempts(spec tableSpec) []attempt {
	nobody := map[string]types.AttributeValue{}
	for _, key := range spec.keys {
		nobody[key] = &types.AttributeValueMemberS{Value: "fanql doctor " + rand.Text()}
	}
	there := aws.String("attribute_exists(" + spec.keys[0] + ")") // never, so that nothing is written
	all := map[string]attempt{
		"GetItem": {"GetItem", func(ctx context.Context) error {
			_, err := s.Client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &spec.name, Key: nobody})
			return err
		}},
		"Query": {"Query", func(ctx context.Context) error {
			_, err := s.Client.Query(ctx, &dynamodb.QueryInput{
				TableName: &spec.name, KeyConditionExpression: aws.String("#key = :key"),
				ExpressionAttributeNames:  map[string]string{"#key": spec.keys[0]},
				ExpressionAttributeValues: map[string]types.AttributeValue{":key": nobody[spec.keys[0]]},
			})
			return err
		}},
		"PutItem": {"PutItem", func(ctx context.Context) error {
			_, err := s.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &spec.name, Item: nobody, ConditionExpression: there})
			return err
		}},
		"UpdateItem": {"UpdateItem", func(ctx context.Context) error {
			_, err := s.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &spec.name, Key: nobody, ConditionExpression: there})
			return err
		}},
		"DeleteItem": {"DeleteItem", func(ctx context.Context) error {
			_, err := s.Client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &spec.name, Key: nobody, ConditionExpression: there})
			return err
		}},
		"BatchWriteItem": {"BatchWriteItem", func(ctx context.Context) error {
			_, err := s.Client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
				spec.name: {{DeleteRequest: &types.DeleteRequest{Key: nobody}}},
			}})
			return err
		}},
	}
	var names []string
	switch spec.name {
	case s.Tables.Connections:
		names = []string{"GetItem", "UpdateItem", "DeleteItem"}
	case s.Tables.Subscriptions:
		names = []string{"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}
	default:
		names = []string{"PutItem"}
	}
	attempts := make([]attempt, len(names))
	for i, name := range names {
		attempts[i] = all[name]
	}
	return attempts
}
