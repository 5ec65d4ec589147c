package deploy_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	for _, problem := range problems(readTemplate(t, "template.yaml"), readCode(t)) {
		t.Error(problem)
	}
}

// TestProblems breaks the template in every way that TestTemplate is to notice.
func TestProblems(t *testing.T) {
	at := func(keys ...string) []string { // of the event source
		return append([]string{"Resources", stream, "Properties", "Events", "Published", "Properties"}, keys...)
	}
	c := readCode(t)
	for name, test := range map[string]struct {
		broken func(template)
		want   string
	}{
		"a reference to nothing": {
			func(t template) { t.drop("Resources", "DroppedRecords") },
			"!GetAtt DroppedRecords.Arn leads nowhere",
		},
		"a substitution of nothing": {
			func(t template) { t.drop("Resources", "HTTPApi") },
			"!Sub https://${HTTPApi}",
		},
		"a table with another key": {
			func(t template) {
				t.set([]any{map[string]any{"AttributeName": "connection", "KeyType": "HASH"}}, "Resources", "ConnectionsTable", "Properties", "KeySchema")
			},
			"ConnectionsTable.KeySchema",
		},
		"a key of another type": {
			func(t template) {
				t.set([]any{map[string]any{"AttributeName": "id", "AttributeType": "B"}}, "Resources", "EventsTable", "Properties", "AttributeDefinitions")
			},
			"EventsTable.AttributeDefinitions",
		},
		"rows that never expire": {
			func(t template) { t.drop("Resources", "SubscriptionsTable", "Properties", "TimeToLiveSpecification") },
			"SubscriptionsTable.TimeToLiveSpecification is <nil>",
		},
		"a stream without what was put": {
			func(t template) {
				t.set("KEYS_ONLY", "Resources", "EventsTable", "Properties", "StreamSpecification", "StreamViewType")
			},
			"EventsTable.StreamSpecification",
		},
		"a history with another key": {
			func(t template) { t.drop("Resources", "MessagesTable", "Properties", "KeySchema") },
			"MessagesTable.KeySchema",
		},
		"a variable that is missing": {
			func(t template) { t.drop("Globals", "Function", "Environment", "Variables", "FANQL_EVENTS_TABLE") },
			"reads FANQL_EVENTS_TABLE, which it does not get",
		},
		"a variable that nobody reads": {
			func(t template) {
				t.set("!Ref EventsTable", "Globals", "Function", "Environment", "Variables", "FANQL_EVENT_TABLE")
			},
			"FANQL_EVENT_TABLE is read by no function",
		},
		"a variable with another table": {
			func(t template) {
				t.set(map[string]any{"Variables": map[string]any{"FANQL_EVENTS_TABLE": "!Ref MessagesTable"}}, "Resources", overHTTP, "Properties", "Environment")
			},
			overHTTP + "'s FANQL_EVENTS_TABLE is !Ref MessagesTable, want !Ref EventsTable",
		},
		"an endpoint elsewhere": {
			func(t template) {
				t.set("https://example.com", "Globals", "Function", "Environment", "Variables", "FANQL_ENDPOINT")
			},
			stream + "'s FANQL_ENDPOINT is https://example.com",
		},
		"a permission that is missing": {
			func(t template) {
				t.statement("StreamRole", 1)["Action"] = []any{"dynamodb:Query", "dynamodb:DeleteItem"}
			},
			"StreamRole lacks dynamodb:BatchWriteItem on !GetAtt SubscriptionsTable.Arn",
		},
		"a permission that is not needed": {
			func(t template) { t.allow("HTTPRole", "dynamodb:DeleteItem") },
			"HTTPRole does not need dynamodb:DeleteItem on !GetAtt EventsTable.Arn",
		},
		"a permission on everything": {
			func(t template) { t.statement("WebSocketRole", 0)["Resource"] = "*" },
			"WebSocketRole does not need dynamodb:GetItem on *",
		},
		"a managed policy": {
			func(t template) {
				t.set([]any{"AdministratorAccess"}, "Resources", "StreamRole", "Properties", "ManagedPolicyArns")
			},
			"StreamRole has managed policies",
		},
		"the role of another function": {
			func(t template) { t.set("!GetAtt WebSocketRole.Arn", "Resources", overHTTP, "Properties", "Role") },
			overHTTP + ".Role",
		},
		"another main": {
			func(t template) {
				t.set("../examples/chat/lambda/redis", "Resources", overHTTP, "Properties", "CodeUri")
			},
			overHTTP + ".CodeUri",
		},
		"a function that is not built": {
			func(t template) { t.drop("Resources", stream, "Metadata") },
			stream + ".BuildMethod",
		},
		"another runtime": {
			func(t template) { t.set("go1.x", "Globals", "Function", "Runtime") },
			webSocket + ".Runtime",
		},
		"another architecture": {
			func(t template) { t.drop("Globals", "Function", "Architectures") },
			overHTTP + ".Architectures",
		},
		"a handler that is not what is built": {
			func(t template) { t.set("main", "Resources", stream, "Properties", "Handler") },
			stream + ".Handler",
		},
		"logs that are elsewhere": {
			func(t template) { t.drop("Resources", overHTTP, "Properties", "LoggingConfig") },
			overHTTP + ".LogGroup",
		},
		"logs that are kept for ever": {
			func(t template) { t.drop("Resources", "StreamLogs", "Properties", "RetentionInDays") },
			"StreamLogs are kept for ever",
		},
		"a timeout that API Gateway does not wait for": {
			func(t template) { t.set(60, "Resources", webSocket, "Properties", "Timeout") },
			webSocket + ".Timeout",
		},
		"a timeout of three seconds": {
			func(t template) { t.drop("Resources", stream, "Properties", "Timeout") },
			stream + ".Timeout",
		},
		"a filter that lets removals through": {
			func(t template) {
				t.set([]any{map[string]any{"Pattern": `{"eventName": ["INSERT", "MODIFY", "REMOVE"]}`}}, at("FilterCriteria", "Filters")...)
			},
			"Published.FilterCriteria",
		},
		"a filter that is no JSON": {
			func(t template) {
				t.set([]any{map[string]any{"Pattern": "INSERT"}}, at("FilterCriteria", "Filters")...)
			},
			`the filter "INSERT"`,
		},
		"a batch that fails as a whole": {
			func(t template) { t.drop(at("FunctionResponseTypes")...) },
			"Published.FunctionResponseTypes",
		},
		"a batch that is never halved": {
			func(t template) { t.drop(at("BisectBatchOnFunctionError")...) },
			"Published.BisectBatchOnFunctionError",
		},
		"one invocation for each shard": {
			func(t template) { t.drop(at("ParallelizationFactor")...) },
			"Published.ParallelizationFactor",
		},
		"a start that may miss events": {
			func(t template) { t.set("LATEST", at("StartingPosition")...) },
			"Published.StartingPosition",
		},
		"records given up while nobody is looking": {
			func(t template) { t.set(3600, at("MaximumRecordAgeInSeconds")...) },
			"Published.MaximumRecordAgeInSeconds is 3600",
		},
		"records given up when the stream has lost them": {
			func(t template) { t.set(-1, at("MaximumRecordAgeInSeconds")...) },
			"Published.MaximumRecordAgeInSeconds is -1",
		},
		"records of which the numbers are kept": {
			func(t template) { t.set("AWS::SQS::Queue", "Resources", "DroppedRecords", "Type") },
			"DroppedRecords.Type",
		},
		"records that anybody may read": {
			func(t template) {
				t.drop("Resources", "DroppedRecords", "Properties", "PublicAccessBlockConfiguration")
			},
			"DroppedRecords.PublicAccessBlockConfiguration",
		},
		"an API that takes all of the account's quota": {
			func(t template) { t.drop("Resources", "WebSocketStage", "Properties", "DefaultRouteSettings") },
			"WebSocketStage.DefaultRouteSettings",
		},
		"requests of which nothing is logged": {
			func(t template) { t.drop("Resources", "HTTPApi", "Properties", "AccessLogSettings") },
			"HTTPApi.AccessLogSettings",
		},
		"access logs that are kept for ever": {
			func(t template) { t.drop("Resources", "HTTPAccess", "Properties", "RetentionInDays") },
			"HTTPAccess.RetentionInDays",
		},
		"an access log that is no JSON": {
			func(t template) {
				t.set("$context.requestId", "Resources", "HTTPApi", "Properties", "AccessLogSettings", "Format")
			},
			"the access log's format",
		},
		"an alarm on what nobody sends": {
			func(t template) { t.set("Lateness", "Resources", "EventsLate", "Properties", "MetricName") },
			"EventsLate: AWS/Lambda Lateness is sent by nobody",
		},
		"an alarm on what the functions do not write": {
			func(t template) { t.set("Lost", "Resources", "SubscribersLost", "Properties", "MetricName") },
			"SubscribersLost: FanQL Lost is sent by nobody",
		},
		"an alarm on another stack": {
			func(t template) {
				t.set([]any{map[string]any{"Name": "Stack", "Value": "chat"}}, "Resources", "SubscribersLost", "Properties", "Dimensions")
			},
			"SubscribersLost: FanQL SubscribersLost: chat does not send it",
		},
		"functions that write no metrics": {
			func(t template) { t.drop("Globals", "Function", "Environment", "Variables", "FANQL_METRICS") },
			"StreamFunction reads FANQL_METRICS, which it does not get",
		},
		"an alarm on another dimension": {
			func(t template) {
				t.set([]any{map[string]any{"Name": "Function", "Value": "!Ref StreamFunction"}}, "Resources", "EventsLate", "Properties", "Dimensions")
			},
			"EventsLate: AWS/Lambda IteratorAge's dimensions is Function",
		},
		"an alarm on another resource": {
			func(t template) {
				t.set([]any{map[string]any{"Name": "FunctionName", "Value": "!Ref EventsTable"}}, "Resources", "EventsLate", "Properties", "Dimensions")
			},
			"EventsLate: AWS/Lambda IteratorAge: EventsTable does not send it",
		},
		"an alarm that nobody receives": {
			func(t template) { t.drop("Resources", "HTTPFails", "Properties", "AlarmActions") },
			"HTTPFails.AlarmActions",
		},
		"an alarm on metrics that are not asked for": {
			func(t template) { t.drop(at("MetricsConfig")...) },
			"StreamFunctionPublished does not send it",
		},
		"a table without an alarm": {
			func(t template) { t.drop("Resources", "TablesThrottled") },
			"no alarm on AWS/DynamoDB WriteThrottleEvents EventsTable",
		},
		"a function without an alarm": {
			func(t template) { t.drop("Resources", "FunctionsFail") },
			"no alarm on AWS/Lambda Errors " + overHTTP,
		},
		"events that are given up without an alarm": {
			func(t template) { t.drop("Resources", "EventsGivenUp") },
			"no alarm on AWS/Lambda DroppedEventCount",
		},
		"a dashboard that is no JSON": {
			func(t template) { t.set("!Sub {", "Resources", "Dashboard", "Properties", "DashboardBody") },
			"Dashboard: unexpected end",
		},
		"a dashboard with what nobody sends": {
			func(t template) {
				t.set(`!Sub {"widgets": [{"properties": {"title": "sockets", "metrics": [["AWS/ApiGateway", "Sockets"]]}}]}`, "Resources", "Dashboard", "Properties", "DashboardBody")
			},
			"Dashboard, sockets: AWS/ApiGateway Sockets is sent by nobody",
		},
		"records that nobody finds": {
			func(t template) { t.drop("Outputs", "DroppedRecordsName") },
			"DroppedRecordsName is <nil>",
		},
		"a history that cannot be restored": {
			func(t template) {
				t.drop("Resources", "MessagesTable", "Properties", "PointInTimeRecoverySpecification")
			},
			"MessagesTable.PointInTimeRecoverySpecification",
		},
		"a history that goes with its stack": {
			func(t template) { t.drop("Resources", "MessagesTable", "DeletionPolicy") },
			"MessagesTable.DeletionPolicy",
		},
		"records given up unnoticed": {
			func(t template) { t.drop(at("DestinationConfig")...) },
			"Published.OnFailure",
		},
		"the stream of another table": {
			func(t template) { t.set("!GetAtt MessagesTable.StreamArn", at("Stream")...) },
			"Published.Stream",
		},
		"a route that is missing": {
			func(t template) { t.drop("Resources", "DisconnectRoute") },
			"the routes",
		},
		"a route to elsewhere": {
			func(t template) {
				t.set("!Sub integrations/${WebSocketApi}", "Resources", "DefaultRoute", "Properties", "Target")
			},
			"DefaultRoute.Target",
		},
		"a stage that stays as it is": {
			func(t template) { t.drop("Resources", "WebSocketStage", "Properties", "AutoDeploy") },
			"WebSocketStage.AutoDeploy",
		},
		"an integration of another function": {
			func(t template) { t.drop("Resources", "WebSocketIntegration", "Properties", "IntegrationUri") },
			"WebSocketIntegration.IntegrationUri",
		},
		"a function that may not be called": {
			func(t template) {
				t.set("!Ref StreamFunction", "Resources", "WebSocketPermission", "Properties", "FunctionName")
			},
			"WebSocketPermission.FunctionName",
		},
		"a function that anybody's API may call": {
			func(t template) { t.drop("Resources", "WebSocketPermission", "Properties", "SourceArn") },
			"WebSocketPermission.SourceArn",
		},
	} {
		t.Run(name, func(t *testing.T) {
			changed := readTemplate(t, "template.yaml")
			test.broken(changed)
			found := problems(changed, c)
			if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("problems %q, want one that says %q", found, test.want)
			}
		})
	}
}

// problems says what is wrong with a template for the code.
func problems(t template, c code) []string {
	return checked(t, c, references, tables, environments, permitted, runtimes, timeouts, eventSource, routes, kept, limited, measured, watched)
}

func checked(t template, c code, checks ...func(template, code) []string) []string {
	var found []string
	for _, check := range checks {
		found = append(found, check(t, c)...)
	}
	return found
}

func references(t template, _ code) []string {
	var found []string
	for _, reference := range t.dangling() {
		found = append(found, reference+" leads nowhere")
	}
	return found
}

// tables: as the adapter would create them, and the example's own.
func tables(t template, c code) []string {
	var found []string
	for name, want := range c.tables {
		for property, value := range want {
			found = append(found, differs(t.properties(name, property), value, name+"."+property)...)
		}
	}
	return append(found, differs(t.properties("MessagesTable", "KeySchema"), []any{
		map[string]any{"AttributeName": "room", "KeyType": "HASH"},
		map[string]any{"AttributeName": "key", "KeyType": "RANGE"},
	}, "MessagesTable.KeySchema")...)
}

// environments: a function has what it reads, but for what Lambda itself sets.
func environments(t template, c code) []string {
	var found []string
	read := map[string]bool{}
	for _, function := range c.functions() {
		has := t.environment(function)
		for _, name := range c.environment[function] {
			read[name] = true
			if has[name] == nil && !strings.HasPrefix(name, "AWS_") {
				found = append(found, fmt.Sprintf("%s reads %s, which it does not get", function, name))
			}
		}
	}
	for _, function := range c.functions() {
		for name, value := range t.environment(function) {
			found = append(found, differs(value, c.value(name), function+"'s "+name)...)
			if !read[name] {
				found = append(found, name+" is read by no function")
			}
		}
	}
	return found
}

// variable is the value that one has to have: a table is the one it is named for.
func variable(name string) any {
	switch name {
	case "FANQL_ORIGINS":
		return "!Ref AllowedOrigin"
	case "FANQL_DELIVERY":
		return "stream"
	case "FANQL_METRICS":
		return "!Ref AWS::StackName"
	}
	table, isTable := strings.CutSuffix(name, "_TABLE")
	if !isTable {
		return "!Sub https://${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${WebSocketStage}"
	}
	_, of, _ := strings.Cut(table, "_")
	return "!Ref " + of[:1] + strings.ToLower(of[1:]) + "Table"
}

// permitted: a function may do what it needs, and nothing else.
func permitted(t template, c code) []string {
	var found []string
	for _, function := range c.functions() {
		role := strings.TrimSuffix(function, "Function") + "Role"
		found = append(found, differs(t.function(function, "Role"), "!GetAtt "+role+".Arn", function+".Role")...)
		has := t.allowed(role)
		for _, needed := range c.permissions[function] {
			if !slices.Contains(has, needed) {
				found = append(found, role+" lacks "+needed)
			}
		}
		for _, allowed := range has {
			if !slices.Contains(c.permissions[function], allowed) {
				found = append(found, role+" does not need "+allowed)
			}
		}
		if t.properties(role, "ManagedPolicyArns") != nil {
			found = append(found, role+" has managed policies, which no check knows")
		}
	}
	return found
}

// runtimes: the mains are built for what they run on, and log where they may.
func runtimes(t template, c code) []string {
	var found []string
	for _, function := range c.functions() {
		found = slices.Concat(found,
			differs(t.function(function, "CodeUri"), c.mains[function], function+".CodeUri"),
			differs(t.at("Resources", function, "Metadata", "BuildMethod"), "go1.x", function+".BuildMethod"),
			differs(t.function(function, "Runtime"), "provided.al2023", function+".Runtime"),
			differs(t.function(function, "Architectures"), []any{"arm64"}, function+".Architectures"),
			differs(t.function(function, "Handler"), "bootstrap", function+".Handler"),
			differs(t.function(function, "LoggingConfig", "LogGroup"), "!Ref "+logsOf(function), function+".LogGroup"),
		)
		if t.properties(logsOf(function), "RetentionInDays") == nil {
			found = append(found, logsOf(function)+" are kept for ever")
		}
	}
	return found
}

// timeouts: behind API Gateway as long as it waits (29 s for a WebSocket API, 30 s
// for an HTTP API), at the stream as long as Lambda lets a function run.
func timeouts(t template, _ code) []string {
	return slices.Concat(
		differs(t.function(webSocket, "Timeout"), 29, webSocket+".Timeout"),
		differs(t.function(overHTTP, "Timeout"), 29, overHTTP+".Timeout"),
		differs(t.function(stream, "Timeout"), 900, stream+".Timeout"),
	)
}

// eventSource: what NewStreamHandler of the adapter asks of its mapping.
func eventSource(t template, _ code) []string {
	of := func(keys ...string) any {
		return t.properties(stream, append([]string{"Events", "Published", "Properties"}, keys...)...)
	}
	found := slices.Concat(
		differs(t.properties(stream, "Events", "Published", "Type"), "DynamoDB", "Published.Type"),
		differs(of("Stream"), "!GetAtt EventsTable.StreamArn", "Published.Stream"),
		differs(of("StartingPosition"), "TRIM_HORIZON", "Published.StartingPosition"),
		differs(of("FunctionResponseTypes"), []any{"ReportBatchItemFailures"}, "Published.FunctionResponseTypes"),
		differs(of("BisectBatchOnFunctionError"), true, "Published.BisectBatchOnFunctionError"),
		differs(of("ParallelizationFactor"), 10, "Published.ParallelizationFactor"),
		differs(of("DestinationConfig", "OnFailure", "Destination"), "!GetAtt DroppedRecords.Arn", "Published.OnFailure"),
	)
	var accepted []map[string][]string
	for _, filter := range listOf(of("FilterCriteria", "Filters")) {
		var pattern map[string][]string
		text, _ := fieldsOf(filter)["Pattern"].(string)
		if err := json.Unmarshal([]byte(text), &pattern); err != nil {
			found = append(found, fmt.Sprintf("the filter %q: %v", text, err))
		}
		accepted = append(accepted, pattern)
	}
	found = append(found, differs(accepted, []map[string][]string{{"eventName": {"INSERT", "MODIFY"}}}, "Published.FilterCriteria")...)
	// Longer than anybody is on call; and what the stream has removed, after 24 hours,
	// cannot be read for the bucket any more.
	age, _ := of("MaximumRecordAgeInSeconds").(int)
	if age <= 12*3600 || age > 22*3600 {
		found = append(found, fmt.Sprintf("Published.MaximumRecordAgeInSeconds is %d, want more than 12 hours and at most 22", age))
	}
	// Only a bucket gets a record as it is. Source: "Retain discarded records for a
	// DynamoDB event source in Lambda".
	return append(found, differs(t.at("Resources", "DroppedRecords", "Type"), "AWS::S3::Bucket", "DroppedRecords.Type")...)
}

// routes: all of the WebSocket API lead to its function, which may be called, in
// a stage that is deployed whenever they change; HTTP has its own.
func routes(t template, _ code) []string {
	found := slices.Concat(
		differs(t.properties("WebSocketApi", "ProtocolType"), "WEBSOCKET", "WebSocketApi.ProtocolType"),
		differs(t.properties("WebSocketStage", "AutoDeploy"), true, "WebSocketStage.AutoDeploy"),
		differs(t.properties("WebSocketIntegration", "IntegrationType"), "AWS_PROXY", "WebSocketIntegration.IntegrationType"),
		differs(t.properties("WebSocketIntegration", "IntegrationUri"), "!Sub arn:${AWS::Partition}:apigateway:${AWS::Region}"+
			":lambda:path/2015-03-31/functions/${WebSocketFunction.Arn}/invocations", "WebSocketIntegration.IntegrationUri"),
		differs(t.properties("WebSocketPermission", "FunctionName"), "!Ref "+webSocket, "WebSocketPermission.FunctionName"),
		differs(t.properties("WebSocketPermission", "SourceArn"), strings.TrimSuffix(connections("*"), "/@connections/*"), "WebSocketPermission.SourceArn"),
		differs(t.properties(overHTTP, "Events", "GraphQL", "Properties", "ApiId"), "!Ref HTTPApi", "GraphQL.ApiId"),
	)
	var keys []any
	for _, route := range t.ofType("AWS::ApiGatewayV2::Route") {
		keys = append(keys, t.properties(route, "RouteKey"))
		found = append(found, differs(t.properties(route, "Target"), "!Sub integrations/${WebSocketIntegration}", route+".Target")...)
	}
	return append(found, differs(keys, []any{"$connect", "$default", "$disconnect"}, "the routes")...)
}

// kept: what cannot be made again outlives the stack and mistakes, and what clients
// said is read by nobody else.
func kept(t template, _ code) []string {
	var found []string
	for _, resource := range []string{"MessagesTable", "DroppedRecords"} {
		found = slices.Concat(found,
			differs(t.at("Resources", resource, "DeletionPolicy"), "RetainExceptOnCreate", resource+".DeletionPolicy"),
			differs(t.at("Resources", resource, "UpdateReplacePolicy"), "Retain", resource+".UpdateReplacePolicy"))
	}
	return slices.Concat(found, // the outputs are what fanql -stack asks for
		differs(t.at("Outputs", "ConnectionsTableName", "Value"), "!Ref ConnectionsTable", "ConnectionsTableName"),
		differs(t.at("Outputs", "SubscriptionsTableName", "Value"), "!Ref SubscriptionsTable", "SubscriptionsTableName"),
		differs(t.at("Outputs", "EventsTableName", "Value"), "!Ref EventsTable", "EventsTableName"),
		differs(t.at("Outputs", "DroppedRecordsName", "Value"), "!Ref DroppedRecords", "DroppedRecordsName"),
		differs(t.at("Outputs", "StreamFunctionName", "Value"), "!Ref "+stream, "StreamFunctionName"),
		differs(t.properties("MessagesTable", "PointInTimeRecoverySpecification"),
			map[string]any{"PointInTimeRecoveryEnabled": true}, "MessagesTable.PointInTimeRecoverySpecification"),
		differs(t.properties("DroppedRecords", "PublicAccessBlockConfiguration"), map[string]any{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		}, "DroppedRecords.PublicAccessBlockConfiguration"))
}

// limited: clients cannot use up the account's quota, nor what events are delivered
// with; who asked for what is logged, without what may have tokens.
func limited(t template, _ code) []string {
	limits := map[string]any{"ThrottlingRateLimit": "!Ref RequestsPerSecond", "ThrottlingBurstLimit": "!Ref RequestsPerSecond"}
	found := slices.Concat(
		differs(t.properties("WebSocketStage", "DefaultRouteSettings"), limits, "WebSocketStage.DefaultRouteSettings"),
		differs(t.properties("HTTPApi", "DefaultRouteSettings"), limits, "HTTPApi.DefaultRouteSettings"),
		differs(t.properties("HTTPApi", "AccessLogSettings", "DestinationArn"), "!GetAtt HTTPAccess.Arn", "HTTPApi.AccessLogSettings"))
	choices := listOf(t.properties("WebSocketStage", "AccessLogSettings"))
	if len(choices) != 3 || choices[0] != "LogsWebSocketAccess" || fieldsOf(choices[1])["DestinationArn"] != "!GetAtt WebSocketAccess.Arn" {
		found = append(found, fmt.Sprintf("WebSocketStage.AccessLogSettings is %v", choices))
	}
	eachString(map[string]any(t), func(text string) {
		if !strings.Contains(text, "$context.") || strings.HasPrefix(text, "!Sub") {
			return
		}
		var line map[string]string
		if err := json.Unmarshal([]byte(text), &line); err != nil || line["request"] != "$context.requestId" {
			found = append(found, "the access log's format "+text)
		}
	})
	for _, logs := range t.ofType("AWS::Logs::LogGroup") {
		found = append(found, differs(t.properties(logs, "RetentionInDays"), "!Ref LogRetentionDays", logs+".RetentionInDays")...)
	}
	return found
}

// differs says so, in a list of at most one.
func differs(got, want any, what string) []string {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %v, want %v", what, got, want)}
}
