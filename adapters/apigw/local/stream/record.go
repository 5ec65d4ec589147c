package stream

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// event is a record as a function gets it.
func (p *Poller) event(record types.Record) events.DynamoDBEventRecord {
	change := record.Dynamodb
	event := events.DynamoDBEventRecord{
		AWSRegion:      aws.ToString(record.AwsRegion),
		EventID:        aws.ToString(record.EventID),
		EventName:      string(record.EventName),
		EventSource:    aws.ToString(record.EventSource),
		EventVersion:   aws.ToString(record.EventVersion),
		EventSourceArn: p.config.StreamARN,
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: aws.ToTime(change.ApproximateCreationDateTime)},
			Keys:                        attributes(change.Keys),
			NewImage:                    attributes(change.NewImage),
			OldImage:                    attributes(change.OldImage),
			SequenceNumber:              aws.ToString(change.SequenceNumber),
			SizeBytes:                   aws.ToInt64(change.SizeBytes),
			StreamViewType:              string(change.StreamViewType),
		},
	}
	if by := record.UserIdentity; by != nil {
		event.UserIdentity = &events.DynamoDBUserIdentity{Type: aws.ToString(by.Type), PrincipalID: aws.ToString(by.PrincipalId)}
	}
	return event
}

func attributes(values map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	if values == nil {
		return nil
	}
	all := make(map[string]events.DynamoDBAttributeValue, len(values))
	for name, value := range values {
		all[name] = attribute(value)
	}
	return all
}

func attribute(value types.AttributeValue) events.DynamoDBAttributeValue {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(value.Value)
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(value.Value)
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(value.Value)
	case *types.AttributeValueMemberBOOL:
		return events.NewBooleanAttribute(value.Value)
	case *types.AttributeValueMemberSS:
		return events.NewStringSetAttribute(value.Value)
	case *types.AttributeValueMemberNS:
		return events.NewNumberSetAttribute(value.Value)
	case *types.AttributeValueMemberBS:
		return events.NewBinarySetAttribute(value.Value)
	case *types.AttributeValueMemberM:
		return events.NewMapAttribute(attributes(value.Value))
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(value.Value))
		for i, element := range value.Value {
			list[i] = attribute(element)
		}
		return events.NewListAttribute(list)
	default:
		return events.NewNullAttribute()
	}
}
