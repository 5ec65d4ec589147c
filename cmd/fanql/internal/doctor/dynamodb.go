package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	adapter "github.com/fanql/fanql/adapters/dynamodb"
)

// DynamoDBSetup is a set-up on DynamoDB. Client, Streams and Tables are required.
type DynamoDBSetup struct {
	Client  *dynamodb.Client
	Streams *dynamodbstreams.Client
	Tables  adapter.Tables
	// Region is where the tables are, and Endpoint the address of a DynamoDB other than
	// AWS's; both for texts.
	Region, Endpoint string
	// Functions, if there, is asked for the event source mapping. Function is the name
	// of the one that should have it; empty for any.
	Functions *lambda.Client
	Function  string
	// Objects, if there, is asked what is in Bucket.
	Objects *s3.Client
	Bucket  string
}

// tableSpec is what one table has to be. Source of the keys:
// docs/decisions/0006-dynamodb-layout.md.
type tableSpec struct {
	name, variable, flag string
	keys                 []string
	streamed             bool
}

func (s DynamoDBSetup) specs() []tableSpec {
	return []tableSpec{
		{s.Tables.Connections, "FANQL_CONNECTIONS_TABLE", "-connections-table", []string{"id"}, false},
		{s.Tables.Subscriptions, "FANQL_SUBSCRIPTIONS_TABLE", "-subscriptions-table", []string{"event", "connectionId"}, false},
		{s.Tables.Events, "FANQL_EVENTS_TABLE", "-events-table", []string{"id"}, true},
	}
}

// ttlAttribute is the one by which DynamoDB deletes rows.
const ttlAttribute = "ttl"

// DynamoDB looks at a set-up on DynamoDB.
func DynamoDB(ctx context.Context, setup DynamoDBSetup) []Finding {
	r := &report{}
	streamARN := ""
	for _, spec := range setup.specs() {
		described, reached := setup.table(ctx, r, spec)
		if !reached {
			return r.findings // the other tables would say the same
		}
		if described == nil {
			continue
		}
		checkKeys(r, spec, described)
		setup.checkTTL(ctx, r, spec)
		setup.checkPermissions(ctx, r, spec)
		if spec.streamed {
			streamARN = setup.checkStream(ctx, r, spec, described)
		}
	}
	if streamARN != "" {
		setup.checkMapping(ctx, r, streamARN)
	}
	setup.checkBucket(ctx, r)
	return r.findings
}

// table describes a table. There is none where it is missing or not ready, and reached
// is false where DynamoDB itself could not be asked.
func (s DynamoDBSetup) table(ctx context.Context, r *report, spec tableSpec) (described *types.TableDescription, reached bool) {
	const check = "table"
	output, err := s.Client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &spec.name})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		r.wrong(check, "There is no table %s in %s: correct %s (%s) or AWS_REGION, or create the table.", spec.name, s.Region, spec.variable, spec.flag)
		return nil, true
	}
	switch code := codeOf(err); {
	case err == nil:
	case code == "AccessDeniedException":
		r.unknown(check, "The table %s cannot be looked at: allow dynamodb:DescribeTable in the IAM policy of these credentials.", spec.name)
		return nil, true
	case code != "":
		r.wrong(check, "AWS does not accept the credentials (%s): correct AWS_PROFILE (-profile) or AWS_ACCESS_KEY_ID.", code)
		return nil, false
	case s.Endpoint != "":
		r.wrong(check, "DynamoDB does not answer at %s: correct AWS_ENDPOINT_URL_DYNAMODB (-endpoint-url-dynamodb): %s.", s.Endpoint, lastOf(err))
		return nil, false
	default:
		r.wrong(check, "DynamoDB cannot be asked in %s: correct AWS_REGION (-region) or AWS_PROFILE (-profile): %s.", s.Region, lastOf(err))
		return nil, false
	}
	if status := output.Table.TableStatus; status != types.TableStatusActive && status != types.TableStatusUpdating {
		r.wrong(check, "The table %s is %s: wait until it is ACTIVE.", spec.name, status)
		return nil, true
	}
	return output.Table, true
}

// codeOf is AWS's name for an error; empty where AWS did not answer.
func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// lastOf is the innermost text of an error.
func lastOf(err error) string {
	for {
		var inner error
		switch err := err.(type) { //nolint:errorlint // it is what unwraps errors
		case interface{ Unwrap() error }:
			inner = err.Unwrap()
		case interface{ Unwrap() []error }:
			if all := err.Unwrap(); len(all) > 0 {
				inner = all[len(all)-1]
			}
		}
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// checkKeys holds a table's keys against those that rows have.
func checkKeys(r *report, spec tableSpec, described *types.TableDescription) {
	attributes := map[string]types.ScalarAttributeType{}
	for _, attribute := range described.AttributeDefinitions {
		attributes[aws.ToString(attribute.AttributeName)] = attribute.AttributeType
	}
	var has, wants []string
	for _, key := range described.KeySchema {
		name := aws.ToString(key.AttributeName)
		has = append(has, fmt.Sprintf("%s (%s, %s)", name, key.KeyType, attributes[name]))
	}
	for i, key := range spec.keys {
		wants = append(wants, fmt.Sprintf("%s (%s, S)", key, []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]))
	}
	slices.SortStableFunc(has, func(a, b string) int { // the partition key first
		return strings.Compare(a[strings.LastIndex(a, "("):], b[strings.LastIndex(b, "("):])
	})
	if !slices.Equal(has, wants) {
		r.wrong("keys", "The table %s has the keys %s and needs %s: create it anew with this KeySchema.",
			spec.name, strings.Join(has, " and "), strings.Join(wants, " and "))
		return
	}
	r.ok("keys", "The table %s has its keys.", spec.name)
}

// checkTTL sees to it that rows which have expired are deleted.
func (s DynamoDBSetup) checkTTL(ctx context.Context, r *report, spec tableSpec) {
	const check = "ttl"
	output, err := s.Client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &spec.name})
	if err != nil {
		r.unknown(check, "The time to live of %s cannot be looked at: allow dynamodb:DescribeTimeToLive: %s.", spec.name, lastOf(err))
		return
	}
	live := output.TimeToLiveDescription
	on := live.TimeToLiveStatus == types.TimeToLiveStatusEnabled || live.TimeToLiveStatus == types.TimeToLiveStatusEnabling
	switch {
	case !on:
		r.wrong(check, "The table %s keeps rows for ever: set TimeToLiveSpecification to Enabled with the AttributeName %s.", spec.name, ttlAttribute)
	case aws.ToString(live.AttributeName) != ttlAttribute:
		r.wrong(check, "The table %s deletes rows by the attribute %s, which none has: set TimeToLiveSpecification.AttributeName to %s.",
			spec.name, aws.ToString(live.AttributeName), ttlAttribute)
	default:
		r.ok(check, "The table %s deletes rows that have expired.", spec.name)
	}
}

// checkStream returns the ARN of a stream that has what was published.
func (s DynamoDBSetup) checkStream(ctx context.Context, r *report, spec tableSpec, described *types.TableDescription) string {
	const check = "stream"
	of := described.StreamSpecification
	switch {
	case of == nil || !aws.ToBool(of.StreamEnabled):
		r.wrong(check, "The table %s has no stream, so that nothing is delivered: set StreamSpecification.StreamViewType to NEW_IMAGE.", spec.name)
		return ""
	case of.StreamViewType != types.StreamViewTypeNewImage && of.StreamViewType != types.StreamViewTypeNewAndOldImages:
		r.wrong(check, "The stream of %s has the view type %s, which leaves out what was published: set StreamSpecification.StreamViewType to NEW_IMAGE, on a new stream.",
			spec.name, of.StreamViewType)
		return ""
	}
	arn := aws.ToString(described.LatestStreamArn)
	if _, err := s.Streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &arn}); err != nil {
		r.unknown(check, "The stream of %s cannot be looked at: allow dynamodb:DescribeStream: %s.", spec.name, lastOf(err))
		return arn
	}
	r.ok(check, "The table %s has a stream of what is published.", spec.name)
	return arn
}

// checkBucket says whether there are dead letters.
func (s DynamoDBSetup) checkBucket(ctx context.Context, r *report) {
	const check = "dead-letters"
	if s.Objects == nil {
		return
	}
	output, err := s.Objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.Bucket, MaxKeys: aws.Int32(1000)})
	switch {
	case err != nil:
		r.unknown(check, "The bucket %s cannot be looked at: correct FANQL_DROPPED_RECORDS (-dropped-records), or allow s3:ListBucket: %s.", s.Bucket, lastOf(err))
	case len(output.Contents) > 0:
		more := ""
		if aws.ToBool(output.IsTruncated) {
			more = " or more"
		}
		r.note(check, "%d%s batches were given up: see fanql dead-letters list.", len(output.Contents), more)
	default:
		r.ok(check, "The bucket %s has no dead letters.", s.Bucket)
	}
}
