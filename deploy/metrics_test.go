package deploy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fanql/fanql/adapters/emf"
)

// metric is one that an alarm or a widget of the dashboard reads.
type metric struct {
	in         string // the alarm or the widget
	namespace  string
	name       string
	dimensions []string // in order
	of         []string // their values: names of resources, or "$default"
}

// sent are the metrics that AWS sends of the templates' resources and those that the
// program writes, with the dimensions they have. Sources: "Types of metrics for Lambda functions" (those of a mapping are
// sent when EventCount is among its metrics), "Monitor WebSocket API execution with
// CloudWatch metrics", "Work with metrics for HTTP APIs in API Gateway", "DynamoDB
// metrics and dimensions", "Serverless metrics and events for Valkey and Redis OSS".
func sent() map[string]string {
	all := map[string]string{}
	for dimensions, names := range map[string][]string{
		"AWS/Lambda FunctionName": {
			"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "IteratorAge", "DestinationDeliveryFailures",
		},
		"AWS/Lambda EventSourceMappingUUID": {
			"PolledEventCount", "InvokedEventCount", "FailedInvokeEventCount", "FilteredOutEventCount", "DroppedEventCount",
			"OnFailureDestinationDeliveredEventCount",
		},
		"AWS/DynamoDB TableName":    {"ReadThrottleEvents", "WriteThrottleEvents", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"},
		"AWS/ElastiCache clusterId": {"BytesUsedForCache", "ElastiCacheProcessingUnits", "ThrottledCmds", "Evictions", "CurrConnections"},
		"AWS/ApiGateway ApiId Stage": {
			"ConnectCount", "MessageCount", "IntegrationError", "ClientError", "ExecutionError", // of a WebSocket API
			"Count", "4xx", "5xx", "Latency", "IntegrationLatency", // of an HTTP API
		},
	} {
		namespace, of, _ := strings.Cut(dimensions, " ")
		for _, name := range names {
			all[namespace+" "+name] = of
		}
	}
	for name := range emf.Metrics() { // written where FANQL_METRICS is set, which environments sees to
		all[emf.Namespace+" "+name] = emf.Dimension
	}
	return all
}

// measured: every alarm and every widget reads a metric that AWS sends, of a resource
// that there is and that sends it; and every alarm is sent to somebody.
func measured(t template, _ code) []string {
	var found []string
	all := sent()
	metrics, problems := t.metrics()
	for _, m := range metrics {
		name := fmt.Sprintf("%s: %s %s", m.in, m.namespace, m.name)
		want, ok := all[m.namespace+" "+m.name]
		if !ok {
			found = append(found, name+" is sent by nobody")
			continue
		}
		found = append(found, differs(strings.Join(m.dimensions, " "), want, name+"'s dimensions")...)
		for i, dimension := range m.dimensions {
			if i < len(m.of) && !t.sends(dimension, m.of[i], m) {
				found = append(found, fmt.Sprintf("%s: %s does not send it (%s)", name, m.of[i], dimension))
			}
		}
	}
	for _, alarm := range t.ofType("AWS::CloudWatch::Alarm") {
		found = slices.Concat(found,
			differs(t.properties(alarm, "AlarmActions"), []any{"!Ref AlarmTopic"}, alarm+".AlarmActions"),
			differs(t.properties(alarm, "TreatMissingData"), "notBreaching", alarm+".TreatMissingData"))
	}
	return append(found, problems...)
}

// watched: what must not go unnoticed has an alarm.
func watched(t template, c code) []string {
	wanted := []string{"AWS/ApiGateway IntegrationError WebSocketApi", "AWS/ApiGateway ExecutionError WebSocketApi", "AWS/ApiGateway 5xx HTTPApi"}
	for _, metric := range []string{"DeliveryLag", "SubscribersLost", "PushesThrottled", "PublishErrors"} {
		wanted = append(wanted, "FanQL "+metric+" AWS::StackName")
	}
	for _, function := range c.functions() {
		wanted = append(wanted, "AWS/Lambda Errors "+function, "AWS/Lambda Throttles "+function)
	}
	if mapping := stream + "Published"; t.mappingType(mapping) != "" {
		wanted = append(wanted, "AWS/Lambda IteratorAge "+stream, "AWS/Lambda DestinationDeliveryFailures "+stream,
			"AWS/Lambda DroppedEventCount "+mapping, "AWS/Lambda OnFailureDestinationDeliveredEventCount "+mapping)
	}
	for _, cache := range t.ofType("AWS::ElastiCache::ServerlessCache") {
		wanted = append(wanted, "AWS/ElastiCache ThrottledCmds "+cache, "AWS/ElastiCache Evictions "+cache)
	}
	for _, table := range t.ofType("AWS::DynamoDB::Table") {
		wanted = append(wanted, "AWS/DynamoDB ReadThrottleEvents "+table, "AWS/DynamoDB WriteThrottleEvents "+table)
	}
	var has []string
	for _, alarm := range t.ofType("AWS::CloudWatch::Alarm") {
		for _, m := range t.ofAlarm(alarm) {
			has = append(has, m.namespace+" "+m.name+" "+m.of[0])
		}
	}
	var found []string
	for _, one := range wanted {
		if !slices.Contains(has, one) {
			found = append(found, "no alarm on "+one)
		}
	}
	return found
}

// metrics lists those of all alarms and of the dashboard.
func (t template) metrics() (all []metric, problems []string) {
	for _, alarm := range t.ofType("AWS::CloudWatch::Alarm") {
		all = append(all, t.ofAlarm(alarm)...)
	}
	for _, dashboard := range t.ofType("AWS::CloudWatch::Dashboard") {
		text, _ := t.properties(dashboard, "DashboardBody").(string)
		var body struct {
			Widgets []struct {
				Properties struct {
					Title   string
					Metrics [][]string
				}
			}
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "!Sub ")), &body); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", dashboard, err))
		}
		for _, widget := range body.Widgets {
			for _, line := range widget.Properties.Metrics {
				m := metric{in: dashboard + ", " + widget.Properties.Title, namespace: line[0], name: line[1]}
				for pair := range slices.Chunk(line[2:], 2) {
					m.add(pair[0], strings.TrimSuffix(strings.TrimPrefix(pair[1], "${"), "}"))
				}
				all = append(all, m)
			}
		}
	}
	return all, problems
}

// ofAlarm lists the metrics of an alarm, of which a sum has several.
func (t template) ofAlarm(alarm string) []metric {
	var all []metric
	read := func(fields map[string]any) {
		m := metric{in: alarm, namespace: fmt.Sprint(fields["Namespace"]), name: fmt.Sprint(fields["MetricName"])}
		for _, dimension := range listOf(fields["Dimensions"]) {
			m.add(fmt.Sprint(fieldsOf(dimension)["Name"]), strings.TrimPrefix(fmt.Sprint(fieldsOf(dimension)["Value"]), "!Ref "))
		}
		all = append(all, m)
	}
	terms := listOf(t.properties(alarm, "Metrics"))
	for _, term := range terms {
		if stat := fieldsOf(fieldsOf(term)["MetricStat"]); len(stat) > 0 {
			read(fieldsOf(stat["Metric"]))
		}
	}
	if len(terms) == 0 {
		read(fieldsOf(t.properties(alarm)))
	}
	return all
}

func (m *metric) add(dimension, of string) {
	m.dimensions, m.of = append(m.dimensions, dimension), append(m.of, of)
}

// sends reports whether a resource is of a kind that sends the metric.
func (t template) sends(dimension, resource string, m metric) bool {
	kind := t.typeOf(resource)
	ofWebSockets := slices.Contains([]string{"ConnectCount", "MessageCount", "IntegrationError", "ClientError", "ExecutionError"}, m.name)
	switch dimension {
	case emf.Dimension:
		return resource == "AWS::StackName"
	case "FunctionName":
		return kind == "AWS::Serverless::Function"
	case "EventSourceMappingUUID":
		function := strings.TrimSuffix(resource, "Published")
		return kind == "AWS::Lambda::EventSourceMapping" &&
			slices.Contains(listOf(t.properties(function, "Events", "Published", "Properties", "MetricsConfig", "Metrics")), any("EventCount"))
	case "TableName":
		return kind == "AWS::DynamoDB::Table"
	case "clusterId":
		return kind == "AWS::ElastiCache::ServerlessCache"
	case "ApiId":
		return ofWebSockets && kind == "AWS::ApiGatewayV2::Api" || !ofWebSockets && kind == "AWS::Serverless::HttpApi"
	case "Stage":
		return ofWebSockets && kind == "AWS::ApiGatewayV2::Stage" || !ofWebSockets && resource == "$default"
	}
	return false
}
