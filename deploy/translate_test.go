package deploy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// translated is what the configuration makes, as a template.
func (c *configuration) translated(main string) template {
	w := &writer{resources: map[string]any{}, main: main}
	for _, pass := range []bool{true, false} { // first what others are a part of
		for _, block := range c.blocks {
			if block.Type == "resource" && whole(block.Labels[0], block.Labels[1]) == pass {
				w.write(block.Labels[0], block.Labels[1], c.body(block.Body, nil))
			}
		}
	}
	c.problems = append(c.problems, w.problems...)
	return template{
		"Resources": fieldsOf(finished(w.resources)), "Outputs": c.outputs(), "Parameters": c.parameters(),
	}
}

func (c *configuration) outputs() map[string]any {
	outputs := map[string]any{}
	for _, block := range c.blocks {
		if block.Type == "output" {
			name := strings.NewReplacer("Url", "URL").Replace(pascal(block.Labels[0]))
			outputs[name] = finished(renamedFields(c.body(block.Body, nil)))
		}
	}
	return outputs
}

// parameters are the variables but for those of which CloudFormation and SAM have
// something of their own: the stack's name, and what is built.
func (c *configuration) parameters() map[string]any {
	parameters := map[string]any{}
	for _, block := range c.blocks {
		name := ""
		if block.Type == "variable" {
			name = block.Labels[0]
		}
		if name == "" || name == "name" || name == "package" {
			continue
		}
		value := c.read(block.Body.Attributes["default"].Expr, nil)
		if on, ok := value.(bool); ok {
			value = map[bool]string{true: "on", false: "off"}[on]
		}
		parameters[parameter(name)] = map[string]any{"Default": value}
	}
	return parameters
}

// whole says whether a resource is one of the template's, too, and not a part of one.
func whole(kind, name string) bool {
	switch kind {
	case "aws_iam_role_policy", "aws_lambda_event_source_mapping", "aws_s3_bucket_public_access_block",
		"aws_s3_bucket_lifecycle_configuration", "aws_secretsmanager_secret_version":
		return false
	case "aws_apigatewayv2_stage", "aws_apigatewayv2_integration", "aws_lambda_permission":
		return name != "http"
	case "aws_apigatewayv2_route":
		return name != "graphql"
	}
	return true
}

// writer makes a template's resources of Terraform's.
type writer struct {
	resources map[string]any
	main      string // the folder of the program in the package
	problems  []string
}

// kinds are the types of the resources whose properties have the same names.
func kinds() map[string]string {
	return map[string]string{
		"aws_dynamodb_table":               "AWS::DynamoDB::Table",
		"aws_lambda_function":              "AWS::Serverless::Function",
		"aws_lambda_permission":            "AWS::Lambda::Permission",
		"aws_iam_role":                     "AWS::IAM::Role",
		"aws_cloudwatch_log_group":         "AWS::Logs::LogGroup",
		"aws_cloudwatch_metric_alarm":      "AWS::CloudWatch::Alarm",
		"aws_cloudwatch_dashboard":         "AWS::CloudWatch::Dashboard",
		"aws_apigatewayv2_api":             "AWS::ApiGatewayV2::Api",
		"aws_apigatewayv2_stage":           "AWS::ApiGatewayV2::Stage",
		"aws_apigatewayv2_integration":     "AWS::ApiGatewayV2::Integration",
		"aws_apigatewayv2_route":           "AWS::ApiGatewayV2::Route",
		"aws_s3_bucket":                    "AWS::S3::Bucket",
		"aws_sns_topic":                    "AWS::SNS::Topic",
		"aws_sns_topic_subscription":       "AWS::SNS::Subscription",
		"aws_elasticache_serverless_cache": "AWS::ElastiCache::ServerlessCache",
		"aws_elasticache_user_group":       "AWS::ElastiCache::UserGroup",
		"aws_elasticache_user":             "AWS::ElastiCache::User",
		"aws_secretsmanager_secret":        "AWS::SecretsManager::Secret",
		"aws_vpc":                          "AWS::EC2::VPC",
		"aws_subnet":                       "AWS::EC2::Subnet",
		"aws_nat_gateway":                  "AWS::EC2::NatGateway",
		"aws_eip":                          "AWS::EC2::EIP",
		"aws_internet_gateway":             "AWS::EC2::InternetGateway",
		"aws_route_table":                  "AWS::EC2::RouteTable",
		"aws_route":                        "AWS::EC2::Route",
		"aws_route_table_association":      "AWS::EC2::SubnetRouteTableAssociation",
		"aws_security_group":               "AWS::EC2::SecurityGroup",
		"aws_ecs_service":                  "AWS::ECS::Service",
		"aws_ecs_cluster":                  "AWS::ECS::Cluster",
		"aws_ecs_task_definition":          "AWS::ECS::TaskDefinition",
	}
}

// write adds a resource, or a part of one.
func (w *writer) write(kind, name string, fields map[string]any) {
	if !whole(kind, name) {
		w.part(kind, name, fields)
		return
	}
	resource := map[string]any{"Type": kinds()[kind]}
	if resource["Type"] == "" {
		w.problems = append(w.problems, kind+" is not known to this test")
	}
	if count := listOf(fields["count"]); len(count) == 3 {
		resource["Condition"] = count[0]
	}
	if fieldsOf(one(fields["lifecycle"]))["prevent_destroy"] == true {
		resource["DeletionPolicy"], resource["UpdateReplacePolicy"] = "RetainExceptOnCreate", "Retain"
	}
	delete(fields, "count")
	delete(fields, "lifecycle")
	w.resources[logical(kind, name)] = resource
	resource["Properties"] = w.properties(kind, name, resource, fields)
}

// properties are a resource's fields under the names of CloudFormation. Names of which
// the template leaves the choice to CloudFormation are no settings.
func (w *writer) properties(kind, name string, resource, fields map[string]any) map[string]any {
	without := func(names ...string) {
		for _, name := range names {
			delete(fields, name)
		}
	}
	switch kind {
	case "aws_dynamodb_table":
		return table(fields)
	case "aws_lambda_function":
		return w.function(resource, fields)
	case "aws_iam_role":
		policy, _ := fields["assume_role_policy"].(encoded)
		return map[string]any{"AssumeRolePolicyDocument": policy.value}
	case "aws_cloudwatch_metric_alarm":
		return alarm(fields)
	case "aws_security_group":
		return w.group(name, fields)
	case "aws_ecs_task_definition":
		definitions, _ := fields["container_definitions"].(encoded)
		fields["container_definitions"] = definitions.value
		without("family")
	case "aws_ecs_service":
		network := map[string]any{"awsvpc_configuration": one(fields["network_configuration"])}
		fields["network_configuration"] = network
		without("name")
	case "aws_internet_gateway":
		w.resources["InternetAttachment"] = map[string]any{"Type": "AWS::EC2::VPCGatewayAttachment", "Properties": map[string]any{
			"VpcId": fields["vpc_id"], "InternetGatewayId": "${" + logical(kind, name) + "}",
		}}
		without("vpc_id")
	case "aws_apigatewayv2_api":
		if fields["protocol_type"] == "HTTP" {
			resource["Type"] = "AWS::Serverless::HttpApi"
			without("name", "protocol_type")
		}
	case "aws_apigatewayv2_stage":
		fields["stage_name"] = fields["name"]
		without("name")
	case "aws_elasticache_serverless_cache":
		fields["serverless_cache_name"] = fields["name"]
		without("name")
	case "aws_cloudwatch_log_group", "aws_sns_topic", "aws_ecs_cluster":
		without("name")
	case "aws_secretsmanager_secret":
		without("name_prefix")
	case "aws_s3_bucket":
		without("bucket_prefix")
	}
	return fieldsOf(renamedFields(fields))
}

// part adds to the resource whose part it is.
func (w *writer) part(kind, name string, fields map[string]any) {
	switch kind {
	case "aws_iam_role_policy":
		policy, _ := fields["policy"].(encoded)
		w.of(fmt.Sprint(fields["role"]))["Policies"] = []any{map[string]any{"PolicyName": fields["name"], "PolicyDocument": policy.value}}
	case "aws_s3_bucket_public_access_block":
		bucket := w.of(fmt.Sprint(fields["bucket"]))
		delete(fields, "bucket")
		bucket["PublicAccessBlockConfiguration"] = renamedFields(fields)
	case "aws_s3_bucket_lifecycle_configuration":
		rule := fieldsOf(one(fields["rule"]))
		w.of(fmt.Sprint(fields["bucket"]))["LifecycleConfiguration"] = map[string]any{"Rules": []any{map[string]any{
			"Status": rule["status"], "ExpirationInDays": fieldsOf(one(rule["expiration"]))["days"],
		}}}
	case "aws_secretsmanager_secret_version":
		w.of(fmt.Sprint(fields["secret_id"]))["GenerateSecretString"] = map[string]any{"PasswordLength": 64, "ExcludePunctuation": true}
	case "aws_lambda_event_source_mapping":
		w.of(fmt.Sprint(fields["function_name"]))["Events"] = map[string]any{
			pascal(name): map[string]any{"Type": "DynamoDB", "Properties": mapping(fields)},
		}
	case "aws_apigatewayv2_stage":
		api := w.of(fmt.Sprint(fields["api_id"]))
		maps.Copy(api, fieldsOf(renamedFields(map[string]any{
			"default_route_settings": fields["default_route_settings"], "access_log_settings": fields["access_log_settings"],
		})))
	default: // integration, route and permission of an HTTP API, which SAM makes of one event
		w.event(kind, fields)
	}
}

// event adds a part of what SAM makes of a function's event HttpApi.
func (w *writer) event(kind string, fields map[string]any) {
	function := w.of("${" + overHTTP + "}")
	if function["Events"] == nil {
		function["Events"] = map[string]any{"GraphQL": map[string]any{"Type": "HttpApi", "Properties": map[string]any{}}}
	}
	properties := fieldsOf(fieldsOf(fieldsOf(function["Events"])["GraphQL"])["Properties"])
	expect := func(name string, want any) {
		w.problems = append(w.problems, differs(fields[name], want, kind+"."+name)...)
	}
	switch kind {
	case "aws_apigatewayv2_route":
		method, path, _ := strings.Cut(fmt.Sprint(fields["route_key"]), " ")
		properties["ApiId"], properties["Path"], properties["Method"] = fields["api_id"], path, method
		expect("target", "integrations/${HTTPIntegration}")
	case "aws_apigatewayv2_integration":
		uri, _ := attribute("aws_lambda_function", overHTTP, "invoke_arn")
		expect("integration_uri", uri)
		expect("integration_type", "AWS_PROXY")
		expect("payload_format_version", "2.0")
	case "aws_lambda_permission":
		arn, _ := attribute("aws_apigatewayv2_api", "HTTPApi", "execution_arn")
		expect("source_arn", fmt.Sprint(arn, "/*/*/graphql"))
		expect("function_name", "${"+overHTTP+"}")
		expect("principal", "apigateway.amazonaws.com")
	}
}

// of is the properties of the resource that a reference leads to.
func (w *writer) of(reference string) map[string]any {
	name := strings.TrimSuffix(strings.TrimPrefix(reference, "${"), "}")
	properties, ok := fieldsOf(w.resources[name])["Properties"].(map[string]any)
	if !ok {
		w.problems = append(w.problems, "nothing is made as "+name)
		return map[string]any{}
	}
	return properties
}

func (w *writer) function(resource, fields map[string]any) map[string]any {
	if fields["filename"] == "${Package}" && fields["source_code_hash"] == "the hash of ${Package}" {
		resource["Metadata"] = map[string]any{"BuildMethod": "go1.x"}
		fields["code_uri"] = w.main
	}
	environment := fieldsOf(one(fields["environment"]))["variables"]
	for _, name := range []string{"function_name", "filename", "source_code_hash", "environment"} {
		delete(fields, name)
	}
	delete(fieldsOf(one(fields["logging_config"])), "log_format")
	properties := fieldsOf(renamedFields(fields))
	properties["Environment"] = map[string]any{"Variables": environment}
	return properties
}

// group is a security group. CloudFormation leaves the rule in place by which all goes
// out, and Terraform takes it away.
func (w *writer) group(name string, fields map[string]any) map[string]any {
	if name == "programs_group" {
		w.problems = append(w.problems, differs(one(fields["egress"]), map[string]any{
			"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": []any{"0.0.0.0/0"},
		}, name+".egress")...)
	}
	properties := map[string]any{"GroupDescription": fields["description"], "VpcId": fields["vpc_id"]}
	if rule := fieldsOf(one(fields["ingress"])); len(rule) > 0 {
		entry := map[string]any{"IpProtocol": rule["protocol"], "FromPort": rule["from_port"], "ToPort": rule["to_port"]}
		if sources := listOf(rule["security_groups"]); len(sources) == 1 {
			entry["SourceSecurityGroupId"] = sources[0]
		}
		if addresses := listOf(rule["cidr_blocks"]); len(addresses) == 1 {
			entry["CidrIp"] = addresses[0]
		}
		properties["SecurityGroupIngress"] = []any{entry}
	}
	return properties
}

func table(fields map[string]any) map[string]any {
	properties := map[string]any{"BillingMode": fields["billing_mode"]}
	var attributes, keys []any
	for _, attribute := range listOf(fields["attribute"]) {
		attributes = append(attributes, map[string]any{"AttributeName": fieldsOf(attribute)["name"], "AttributeType": fieldsOf(attribute)["type"]})
	}
	keys = append(keys, map[string]any{"AttributeName": fields["hash_key"], "KeyType": "HASH"})
	if fields["range_key"] != nil {
		keys = append(keys, map[string]any{"AttributeName": fields["range_key"], "KeyType": "RANGE"})
	}
	properties["AttributeDefinitions"], properties["KeySchema"] = attributes, keys
	if fields["ttl"] != nil {
		properties["TimeToLiveSpecification"] = renamedFields(fields["ttl"])
	}
	if fields["stream_enabled"] == true {
		properties["StreamSpecification"] = map[string]any{"StreamViewType": fields["stream_view_type"]}
	}
	if recovery := fieldsOf(one(fields["point_in_time_recovery"])); len(recovery) > 0 {
		properties["PointInTimeRecoverySpecification"] = map[string]any{"PointInTimeRecoveryEnabled": recovery["enabled"]}
	}
	return properties
}

func mapping(fields map[string]any) map[string]any {
	var filters []any
	for _, filter := range listOf(fieldsOf(one(fields["filter_criteria"]))["filter"]) {
		filters = append(filters, renamedFields(filter))
	}
	failed := fieldsOf(one(fieldsOf(one(fields["destination_config"]))["on_failure"]))
	stream := fields["event_source_arn"]
	for _, name := range []string{"event_source_arn", "function_name", "filter_criteria", "destination_config"} {
		delete(fields, name)
	}
	properties := fieldsOf(renamedFields(fields))
	properties["Stream"] = stream
	properties["FilterCriteria"] = map[string]any{"Filters": filters}
	if len(failed) > 0 {
		properties["DestinationConfig"] = map[string]any{"OnFailure": map[string]any{"Destination": failed["destination_arn"]}}
	}
	return properties
}

func alarm(fields map[string]any) map[string]any {
	dimensions := func(of any) []any {
		var list []any
		for name, value := range entries(of) {
			list = append(list, map[string]any{"Name": name, "Value": value})
		}
		return list
	}
	var queries []any
	for _, query := range listOf(fields["metric_query"]) {
		of, metric := fieldsOf(query), fieldsOf(one(fieldsOf(query)["metric"]))
		term := map[string]any{"Id": of["id"]}
		if of["expression"] != nil {
			term["Expression"] = of["expression"]
		}
		if of["return_data"] == nil {
			term["ReturnData"] = false
		}
		if len(metric) > 0 {
			term["MetricStat"] = map[string]any{"Stat": metric["stat"], "Period": metric["period"], "Metric": map[string]any{
				"Namespace": metric["namespace"], "MetricName": metric["metric_name"], "Dimensions": dimensions(metric["dimensions"]),
			}}
		}
		queries = append(queries, term)
	}
	list := dimensions(fields["dimensions"])
	for _, name := range []string{"alarm_name", "metric_query", "dimensions"} {
		delete(fields, name)
	}
	properties := fieldsOf(renamedFields(fields))
	if len(queries) > 0 {
		properties["Metrics"] = queries
	} else {
		properties["Dimensions"] = list
	}
	return properties
}

// one is the only block of its type.
func one(blocks any) any {
	list := listOf(blocks)
	if len(list) != 1 {
		return nil
	}
	return list[0]
}

// renamedFields gives fields the names of CloudFormation; a block that is the only one
// of its type is no list.
func renamedFields(value any) any {
	switch value := value.(type) {
	case map[string]any:
		fields := map[string]any{}
		for name, field := range value {
			fields[pascal(name)] = renamedFields(field)
			if name == "options" { // of a container's logs, whose names are its own
				fields[pascal(name)] = field
			}
		}
		return fields
	case blocks:
		if len(value) == 1 {
			return renamedFields(value[0])
		}
		return renamedFields([]any(value))
	case []any:
		var list []any
		for _, element := range value {
			list = append(list, renamedFields(element))
		}
		return list
	}
	return value
}

// finished are values with references as the template has them.
func finished(value any) any {
	switch value := value.(type) {
	case encoded:
		text, _ := json.Marshal(value.value) // of strings and numbers
		return finished(string(text))
	case map[string]any:
		fields := map[string]any{}
		for name, field := range value {
			fields[name] = finished(field)
		}
		return fields
	case []any:
		list := []any{}
		for _, element := range value {
			list = append(list, finished(element))
		}
		return list
	case string:
		return reference(value)
	}
	return value
}

// reference is a text as the template has it.
func reference(text string) string {
	// The provider's ARN of logs is without what CloudFormation's ends with.
	text = regexp.MustCompile(`(\$\{\w+Logs\.Arn\}):\*`).ReplaceAllString(text, "$1")
	whole := regexp.MustCompile(`^\$\{([^}]+)\}$`).FindStringSubmatch(text)
	switch {
	case whole != nil && strings.Contains(whole[1], ".") && !strings.HasPrefix(whole[1], "AWS::"):
		return "!GetAtt " + whole[1]
	case whole != nil:
		return "!Ref " + whole[1]
	case strings.Contains(text, "${"):
		return "!Sub " + text
	}
	return text
}
