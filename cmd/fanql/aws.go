package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go/logging"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/ports"
)

// loadAWS loads region and credentials as the AWS CLI does.
func (s *settings) loadAWS(ctx context.Context) (aws.Config, error) {
	loaded, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(s.get(varRegion)), config.WithSharedConfigProfile(s.get(varProfile)),
		config.WithLogger(logging.Nop{}), // what fails is printed
		s.aws)
	switch {
	case err != nil:
		return aws.Config{}, misused("%v: see %s", err, flagOf(varProfile))
	case loaded.Region == "":
		return aws.Config{}, misused("no region: set %s", flagOf(varRegion))
	}
	return loaded, nil
}

// endpoint is the address that a variable names for a service; nil for AWS's own.
func (s *settings) endpoint(name string) *string {
	if url := s.get(name); url != "" {
		return &url
	}
	return nil
}

// readStack takes from the outputs of a stack what no setting names.
func (s *settings) readStack(ctx context.Context, loaded aws.Config) error {
	stack := s.get(varStack)
	if stack == "" {
		return nil
	}
	client := cloudformation.NewFromConfig(loaded, func(o *cloudformation.Options) {
		if url := s.endpoint(varEndpointStacks); url != nil {
			o.BaseEndpoint = url
		}
	})
	described, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return misused("describing the stack of %s: %v", flagOf(varStack), err)
	}
	variables := map[string]string{
		"ConnectionsTableName": varConnections, "SubscriptionsTableName": varSubscriptions, "EventsTableName": varEvents,
		"StreamFunctionName": varFunction, "DroppedRecordsName": varDropped,
	}
	s.named = map[string]string{}
	for _, stack := range described.Stacks {
		for _, output := range stack.Outputs {
			if name := variables[aws.ToString(output.OutputKey)]; name != "" {
				s.named[name] = aws.ToString(output.OutputValue)
			}
		}
	}
	return nil
}

// isURL tells an endpoint of API Gateway from the name of a process.
func isURL(endpoint string) bool { return strings.Contains(endpoint, "://") }

// closeOnGateway has API Gateway close a socket.
func closeOnGateway(ctx context.Context, loaded aws.Config, address ports.Address, code int, reason string) error {
	pusher, err := apigw.NewPusher(apigw.PusherConfig{Region: loaded.Region, Credentials: loaded.Credentials})
	if err != nil {
		return err
	}
	return pusher.Close(ctx, address, code, reason)
}
