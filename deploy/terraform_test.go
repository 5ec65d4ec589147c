package deploy_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestTerraform holds the Terraform files against the code, as the templates are, and
// against the templates: what is made, with which settings.
func TestTerraform(t *testing.T) {
	t.Parallel()
	for _, problem := range terraformProblems(t, "template.yaml", dynamoMain, files(t, "terraform/dynamodb"), readCode(t), problems) {
		t.Error(problem)
	}
	for _, problem := range terraformProblems(t, "redis.yaml", redisMain, files(t, "terraform/redis"), readRedisCode(t), redisProblems) {
		t.Error(problem)
	}
}

func terraformProblems(
	t *testing.T, file, main string, files map[string]string, c code, check func(template, code) []string,
) []string {
	t.Helper()
	configuration := parse(t, files)
	terraform := configuration.translated(main)
	return slices.Concat(configuration.problems, check(terraform, c), same(readTemplate(t, file), terraform))
}

// same says in what a template and a translated configuration differ.
func same(sam, terraform template) []string {
	var found []string
	want, has := settingsOf(sam), settingsOf(terraform)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := has[name]; !ok {
			found = append(found, name+" is in the template only")
			continue
		}
		found = append(found, differences(has[name], want[name], name)...)
	}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if _, ok := want[name]; !ok {
			found = append(found, name+" is in Terraform only")
		}
	}
	return found
}

// differences goes down as far as both are mappings.
func differences(has, want any, what string) []string {
	left, right := fieldsOf(has), fieldsOf(want)
	if left == nil || right == nil {
		return differs(has, want, what)
	}
	all := maps.Clone(left)
	maps.Copy(all, right)
	var found []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		found = append(found, differences(left[name], right[name], what+"."+name)...)
	}
	return found
}

// settingsOf is the resources, outputs and parameters of a template by name, without
// what may differ: the order of permissions and of an alarm's metrics, how JSON is
// written, and in which order things are made.
func settingsOf(t template) map[string]any {
	all := map[string]any{}
	for name := range fieldsOf(t.at("Resources")) {
		resource := maps.Clone(fieldsOf(t.at("Resources", name)))
		properties := map[string]any{}
		if resource["Type"] == "AWS::Serverless::Function" {
			maps.Copy(properties, fieldsOf(t.at("Globals", "Function")))
		}
		maps.Copy(properties, fieldsOf(resource["Properties"]))
		delete(resource, "DependsOn")
		resource["Properties"] = plain(properties)
		all[name] = resource
	}
	for name := range fieldsOf(t.at("Outputs")) {
		all["output "+name] = t.at("Outputs", name)
	}
	for name := range fieldsOf(t.at("Parameters")) {
		all["parameter "+name] = t.at("Parameters", name, "Default")
	}
	return all
}

func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if value["MetricStat"] != nil {
			delete(value, "Id") // by which nothing refers to it
		}
		fields := map[string]any{}
		for name, field := range value {
			fields[name] = plain(field)
			if name == "Metrics" || name == "Environment" || name == "metrics" {
				fields[name] = sorted(fields[name])
			}
		}
		return fields
	case []any:
		list := []any{}
		for _, element := range value {
			list = append(list, plain(element))
		}
		return list
	case string:
		var parsed map[string]any
		if json.Unmarshal([]byte(strings.TrimPrefix(value, "!Sub ")), &parsed) == nil {
			return plain(parsed)
		}
	}
	return value
}

func sorted(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	return slices.SortedFunc(slices.Values(list), func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// TestTerraformProblems breaks the files in every way that TestTerraform is to notice
// and the tests of the templates do not try.
func TestTerraformProblems(t *testing.T) {
	t.Parallel()
	c := readCode(t)
	for name, test := range map[string]struct {
		file, from, to string
		want           string
	}{
		"a variable that is not declared": {
			"functions.tf", "var.allowed_origin", "var.origin", "functions.tf:17: var.origin is not declared",
		},
		"a local that is not declared": {
			"alarms.tf", "local.tables", "local.table", "local.table is not declared",
		},
		"a resource that is not declared": {
			"functions.tf", "aws_dynamodb_table.events.stream_arn", "aws_dynamodb_table.event.stream_arn", "aws_dynamodb_table.event is not declared",
		},
		"a data source that is not declared": {
			"versions.tf", `data "aws_region" "current"`, `data "aws_region" "this"`, "data.aws_region.current is not declared",
		},
		"a condition that the template does not have": {
			"alarms.tf", `var.alarm_email != ""`, `var.alarm_email == ""`, "no condition var.alarm_email",
		},
		"a resource that is missing": {
			"apis.tf", `resource "aws_apigatewayv2_route" "disconnect"`, `resource "aws_apigatewayv2_route" "other"`, "DisconnectRoute is in the template only",
		},
		"a resource that the template does not have": {
			"apis.tf", `resource "aws_apigatewayv2_route" "disconnect"`, `resource "aws_apigatewayv2_route" "other"`, "OtherRoute is in Terraform only",
		},
		"another route": {
			"apis.tf", `"$disconnect"`, `"$disconnected"`, "DisconnectRoute.Properties.RouteKey is $disconnected",
		},
		"another path of HTTP": {
			"apis.tf", `"ANY /graphql"`, `"ANY /"`, "HTTPFunction.Properties.Events.GraphQL.Properties.Path",
		},
		"requests of HTTP in the old format": {
			"apis.tf", `payload_format_version = "2.0"`, `payload_format_version = "1.0"`, "payload_format_version is 1.0",
		},
		"another timeout": {
			"functions.tf", "timeout          = 900", "timeout          = 60", "StreamFunction.Timeout is 60, want 900",
		},
		"another age": {
			"functions.tf", "72000", "3600", "MaximumRecordAgeInSeconds is 3600",
		},
		"a batch that is never halved": {
			"functions.tf", "bisect_batch_on_function_error = true", "bisect_batch_on_function_error = false", "Published.BisectBatchOnFunctionError",
		},
		"a batch that fails as a whole": {
			"functions.tf", `["ReportBatchItemFailures"]`, "[]", "Published.FunctionResponseTypes",
		},
		"a filter that lets removals through": {
			"functions.tf", `["INSERT", "MODIFY"]`, `["INSERT", "MODIFY", "REMOVE"]`, "Published.FilterCriteria",
		},
		"another attribute with the time to live": {
			"tables.tf", `"ttl"`, `"expires"`, "TimeToLiveSpecification",
		},
		"a stream without what was put": {
			"tables.tf", `"NEW_IMAGE"`, `"KEYS_ONLY"`, "EventsTable.StreamSpecification",
		},
		"a history that cannot be restored": {
			"tables.tf", "point_in_time_recovery {\n    enabled = true", "point_in_time_recovery {\n    enabled = false", "MessagesTable.PointInTimeRecoverySpecification",
		},
		"a history that is destroyed": {
			"tables.tf", "prevent_destroy = true", "prevent_destroy = false", "MessagesTable.DeletionPolicy",
		},
		"records that are kept for longer": {
			"functions.tf", "days = 14", "days = 15", "DroppedRecords.Properties.LifecycleConfiguration",
		},
		"a variable of the environment that is missing": {
			"functions.tf", "FANQL_DELIVERY            =", "FANQL_DELIVERIES          =", "reads FANQL_DELIVERY, which it does not get",
		},
		"a permission that is missing": {
			"functions.tf", `"dynamodb:GetItem", "dynamodb:PutItem", `, "", "StreamRole lacks dynamodb:GetItem on !GetAtt SubscriptionsTable.Arn",
		},
		"logs of all functions": {
			"functions.tf", `Resource = "${aws_cloudwatch_log_group.http_logs.arn}:*"`, `Resource = "*"`, "HTTPRole does not need logs:PutLogEvents on *",
		},
		"an API that takes all of the account's quota": {
			"apis.tf", "throttling_rate_limit  = var.requests_per_second", "throttling_rate_limit  = 10000", "DefaultRouteSettings",
		},
		"an access log that is always on": {
			"apis.tf", "var.websocket_access_logs ? [true] : []", "[true]", "WebSocketStage.AccessLogSettings",
		},
		"concurrency that is always reserved": {
			"functions.tf", "var.stream_concurrency > 0 ? var.stream_concurrency : null", "var.stream_concurrency", "ReservedConcurrentExecutions",
		},
		"a package that is not deployed when it changes": {
			"functions.tf", "source_code_hash = filebase64sha256(var.package)", "", ".BuildMethod",
		},
		"an alarm on what nobody sends": {
			"alarms.tf", `"IteratorAge"`, `"Lateness"`, "AWS/Lambda Lateness is sent by nobody",
		},
		"an alarm that comes later": {
			"alarms.tf", "60000", "600000", "EventsLate.Properties.Threshold",
		},
		"another panel": {
			"dashboard.tf", `"Concurrent invocations"`, `"Invocations"`, "Dashboard.Properties.DashboardBody",
		},
		"another default": {
			"variables.tf", "default     = 1000", "default     = 100", "parameter RequestsPerSecond is 100, want 1000",
		},
		"an address that is not put out": {
			"outputs.tf", `output "websocket_url"`, `output "websocket_address"`, "output WebSocketURL is in the template only",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := files(t, "terraform/dynamodb")
			if !strings.Contains(changed[test.file], test.from) {
				t.Fatalf("%s has no %s", test.file, test.from)
			}
			changed[test.file] = strings.ReplaceAll(changed[test.file], test.from, test.to)
			found := terraformProblems(t, "template.yaml", dynamoMain, changed, c, problems)
			if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("problems %q, want one that says %q", found, test.want)
			}
		})
	}
}
