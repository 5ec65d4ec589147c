//go:build e2e

// Package terraform holds the Terraform files of deploy/ to the schema of the AWS
// provider: the resources, arguments and blocks that there are, and those that must be
// set. The schema is that of an npm package, from which CDK for Terraform is made.
package terraform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestProviderSchema(t *testing.T) {
	t.Parallel()
	p := readProvider(t)
	for _, folder := range []string{"dynamodb", "redis"} {
		for _, problem := range check(p, files(t, folder)) {
			t.Errorf("%s/%s", folder, problem)
		}
	}
	// The files broken in every way that is to be noticed.
	for name, test := range map[string]struct {
		file, from, to string
		want           string
	}{
		"a resource that the provider does not have": {
			"tables.tf", `resource "aws_dynamodb_table" "events"`, `resource "aws_dynamo_table" "events"`, "the provider has no resource aws_dynamo_table",
		},
		"a data source that the provider does not have": {
			"versions.tf", `data "aws_partition"`, `data "aws_partitions"`, "the provider has no data aws_partitions",
		},
		"an argument that there is not": {
			"functions.tf", "memory_size ", "memory ", "aws_lambda_function has no argument memory",
		},
		"an argument that is missing": {
			"functions.tf", "function_name    = aws_lambda_function.stream.function_name", "", "aws_lambda_event_source_mapping needs function_name",
		},
		"an argument of another type": {
			"functions.tf", `architectures    = ["arm64"]`, `architectures    = "arm64"`, "architectures of aws_lambda_function is no text",
		},
		"a number for a truth value": {
			"apis.tf", "auto_deploy = true", "auto_deploy = 1", "auto_deploy of aws_apigatewayv2_stage is no number",
		},
		"a block that there is not": {
			"functions.tf", "logging_config {", "logging {", "aws_lambda_function has no block logging",
		},
		"a block within a block that there is not": {
			"functions.tf", "on_failure {", "on_error {", "aws_lambda_event_source_mapping.destination_config has no block on_error",
		},
		"an argument of a block that there is not": {
			"functions.tf", "destination_arn =", "arn =", "aws_lambda_event_source_mapping.destination_config.on_failure has no argument arn",
		},
		"an argument of a block that is missing": {
			"functions.tf", `log_format = "Text"`, "", "aws_lambda_function.logging_config needs log_format",
		},
		"a block of a dynamic one that is wrong": {
			"apis.tf", "format = jsonencode({\n        time ", "formats = jsonencode({\n        time ", "aws_apigatewayv2_stage.access_log_settings has no argument formats",
		},
		"a block in the place of an attribute": {
			"functions.tf", "environment {", "environment = {", "environment of aws_lambda_function is a block",
		},
		"an attribute that there is not": {
			"functions.tf", "aws_dynamodb_table.events.stream_arn", "aws_dynamodb_table.events.stream", "DynamodbTable has no attribute stream",
		},
		"a reference to nothing": {
			"outputs.tf", "aws_lambda_function.stream.", "aws_lambda_function.streams.", "aws_lambda_function.streams is not declared",
		},
		"a variable that is not declared": {
			"apis.tf", "var.allowed_origin", "var.origin", "var.origin is not declared",
		},
		"a variable that nothing uses": {
			"functions.tf", "var.stream_concurrency", "0", "var.stream_concurrency is not used",
		},
		"what is no Terraform": {
			"outputs.tf", "}", "", "outputs.tf",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := files(t, "dynamodb")
			if !strings.Contains(changed[test.file], test.from) {
				t.Fatalf("%s has no %s", test.file, test.from)
			}
			changed[test.file] = strings.ReplaceAll(changed[test.file], test.from, test.to)
			found := check(p, changed)
			if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("problems %q, want one that says %q", found, test.want)
			}
		})
	}
}

// files reads the Terraform files of a folder of deploy/, by name.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("../../deploy/terraform", folder, "*.tf"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has no Terraform files: %v", folder, err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = string(text)
	}
	return all
}
