package dynamodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Tables are the names of the tables. An empty field stands for its default.
type Tables struct {
	// Connections is the table of connections.
	Connections string
	// Subscriptions is the table of what is listed by topic.
	Subscriptions string
	// Events is the table that events are published through.
	Events string
}

func (t Tables) withDefaults(prefix string) Tables {
	return Tables{
		Connections:   cmp.Or(t.Connections, prefix+"connections"),
		Subscriptions: cmp.Or(t.Subscriptions, prefix+"subscriptions"),
		Events:        cmp.Or(t.Events, prefix+"events"),
	}
}

// validate refuses one table for two purposes: their keys differ.
func (t Tables) validate() error {
	for _, pair := range []struct{ names, a, b string }{
		{"Connections and Subscriptions", t.Connections, t.Subscriptions},
		{"Connections and Events", t.Connections, t.Events},
		{"Subscriptions and Events", t.Subscriptions, t.Events},
	} {
		if pair.a == pair.b {
			return invalid("New", fmt.Sprintf("dynamodb.Config.Tables.%s are both %q, and have to be two tables", pair.names, pair.a))
		}
	}
	return nil
}

// CreateTables creates the tables that are not there yet, with on-demand
// capacity, TTL, and the stream that a StreamHandler reads, and returns once
// they can be used. It is for development and tests; deployments declare their
// tables. It may be repeated; a table that is there stays as it is.
func (b *Backend) CreateTables(ctx context.Context) error {
	for _, input := range []*dynamodb.CreateTableInput{
		table(b.tables.Connections, attributeID),
		table(b.tables.Subscriptions, attributeEvent, attributeConnectionID),
		withStream(table(b.tables.Events, attributeID)),
	} {
		if err := createTable(ctx, b.client, input); err != nil {
			return failure("CreateTables", fmt.Errorf("table %q: %w", *input.TableName, err))
		}
	}
	return nil
}

// table describes one whose keys are strings: the partition key and, if there is
// another, the sort key.
func table(name string, keys ...string) *dynamodb.CreateTableInput {
	input := &dynamodb.CreateTableInput{TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(key), AttributeType: types.ScalarAttributeTypeS,
		})
		input.KeySchema = append(input.KeySchema, types.KeySchemaElement{
			AttributeName: aws.String(key), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i],
		})
	}
	return input
}

func withStream(input *dynamodb.CreateTableInput) *dynamodb.CreateTableInput {
	input.StreamSpecification = &types.StreamSpecification{
		StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage,
	}
	return input
}

func createTable(ctx context.Context, client *dynamodb.Client, input *dynamodb.CreateTableInput) error {
	var exists *types.ResourceInUseException
	if _, err := client.CreateTable(ctx, input); errors.As(err, &exists) {
		return nil
	} else if err != nil {
		return err
	}
	active := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 100 * time.Millisecond })
	if err := active.Wait(ctx, &dynamodb.DescribeTableInput{TableName: input.TableName}, time.Minute); err != nil {
		return err
	}
	_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: input.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(attributeTTL), Enabled: aws.Bool(true),
		},
	})
	return err
}
