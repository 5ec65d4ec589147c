package doctor

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// checkMapping looks at the event source mapping of a stream: without one, nothing is
// delivered.
func (s DynamoDBSetup) checkMapping(ctx context.Context, r *report, streamARN string) {
	const check = "mapping"
	if s.Functions == nil {
		r.unknown(check, "The event source mapping is not looked at beside another DynamoDB: set AWS_ENDPOINT_URL_LAMBDA for one.")
		return
	}
	input := &lambda.ListEventSourceMappingsInput{EventSourceArn: &streamARN}
	if s.Function != "" {
		input.FunctionName = &s.Function
	}
	output, err := s.Functions.ListEventSourceMappings(ctx, input)
	switch {
	case err != nil:
		r.unknown(check, "The event source mapping cannot be looked at: allow lambda:ListEventSourceMappings: %s.", lastOf(err))
		return
	case len(output.EventSourceMappings) == 0:
		r.wrong(check, "No function reads the stream of %s, so that nothing is delivered: create an event source mapping whose EventSourceArn is %s.",
			s.Tables.Events, streamARN)
		return
	}
	for _, mapping := range output.EventSourceMappings {
		checkOneMapping(r, mapping)
	}
}

func checkOneMapping(r *report, mapping types.EventSourceMappingConfiguration) {
	const check = "mapping"
	id := aws.ToString(mapping.UUID)
	wrong := false
	switch state := aws.ToString(mapping.State); state {
	case "Enabled", "Enabling", "Updating", "Creating":
	default:
		wrong = true
		r.wrong(check, "The event source mapping %s is %s, and events are lost after 24 hours: set Enabled to true.", id, state)
	}
	if !slices.Contains(mapping.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures) {
		wrong = true
		r.wrong(check, "The event source mapping %s takes deliveries that failed for done: set FunctionResponseTypes to ReportBatchItemFailures.", id)
	}
	if mapping.DestinationConfig == nil || mapping.DestinationConfig.OnFailure == nil || aws.ToString(mapping.DestinationConfig.OnFailure.Destination) == "" {
		r.note(check, "The event source mapping %s keeps nothing of what it gives up: DestinationConfig.OnFailure names a bucket for that.", id)
	}
	if !wrong {
		r.ok(check, "The event source mapping %s delivers what is published.", id)
	}
}
