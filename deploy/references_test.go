package deploy_test

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"
)

// follow is what a reference leads to, in the words of the template: "${EventsTable}"
// for its name, "${EventsTable.Arn}" for its ARN.
func (c *configuration) follow(traversal hcl.Traversal, in scope) any {
	root, steps := traversal.RootName(), steps(traversal)
	if value, ok := in[root]; ok {
		return inside(value, steps)
	}
	if len(steps) == 0 {
		return c.problem(traversal.SourceRange(), "%s is no reference", root)
	}
	name, _ := steps[0].(string)
	switch root {
	case "var":
		if c.block("variable", name) == nil {
			return c.problem(traversal.SourceRange(), "var.%s is not declared", name)
		}
		return "${" + parameter(name) + "}"
	case "local":
		if c.locals[name] == nil {
			return c.problem(traversal.SourceRange(), "local.%s is not declared", name)
		}
		return inside(c.read(c.locals[name], nil), steps[1:])
	case "data":
		return c.data(traversal, steps)
	}
	if c.block("resource", root, name) == nil {
		return c.problem(traversal.SourceRange(), "%s.%s is not declared", root, name)
	}
	var words []string
	for _, step := range steps[1:] {
		if word, ok := step.(string); ok {
			words = append(words, word)
		}
	}
	value, ok := attribute(root, logical(root, name), strings.Join(words, "."))
	if !ok {
		return c.problem(traversal.SourceRange(), "%s.%s is not known to this test", root, strings.Join(words, "."))
	}
	return value
}

// steps are those behind the root: names, and numbers as int.
func steps(traversal hcl.Traversal) []any {
	var all []any
	for _, step := range traversal[1:] {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			all = append(all, step.Name)
		case hcl.TraverseIndex:
			var index int
			if step.Key.Type() == cty.Number {
				_ = gocty.FromCtyValue(step.Key, &index) // whole, or no index
			}
			all = append(all, index)
		}
	}
	return all
}

func inside(value any, steps []any) any {
	for _, step := range steps {
		name, _ := step.(string)
		value = fieldsOf(value)[name]
	}
	return value
}

func (c *configuration) data(traversal hcl.Traversal, steps []any) any {
	kind, _ := steps[0].(string)
	name, _ := steps[1].(string)
	if c.block("data", kind, name) == nil {
		return c.problem(traversal.SourceRange(), "data.%s.%s is not declared", kind, name)
	}
	word, _ := steps[2].(string)
	switch kind + "." + word {
	case "aws_region.id":
		return "${AWS::Region}"
	case "aws_partition.dns_suffix":
		return "${AWS::URLSuffix}"
	case "aws_availability_zones.names":
		return []any{steps[3], "!GetAZs "} // of which Select takes one
	case "aws_secretsmanager_random_password.random_password":
		return "a password"
	}
	return c.problem(traversal.SourceRange(), "data.%s.%s is not known to this test", kind, word)
}

// parameter is a variable's name in the template.
func parameter(variable string) string {
	if variable == "name" {
		return "AWS::StackName"
	}
	return pascal(variable)
}

// logical is a resource's name in the template.
func logical(kind, name string) string {
	return pascal(name) + map[string]string{
		"aws_dynamodb_table":           "Table",
		"aws_lambda_function":          "Function",
		"aws_iam_role":                 "Role",
		"aws_apigatewayv2_api":         "Api",
		"aws_apigatewayv2_stage":       "Stage",
		"aws_apigatewayv2_integration": "Integration",
		"aws_apigatewayv2_route":       "Route",
		"aws_lambda_permission":        "Permission",
	}[kind]
}

// pascal is a name as CloudFormation writes it.
func pascal(name string) string {
	var all strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		switch word {
		case "":
		case "websocket":
			all.WriteString("WebSocket")
		case "http":
			all.WriteString("HTTP")
		case "ok": // an alarm's OKActions
			all.WriteString("OK")
		default:
			all.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return all.String()
}

// attribute is one of a resource, in the template's words. Sources: the "Attributes" of
// each resource in the provider's documentation, "Return values" in CloudFormation's.
func attribute(kind, name, attribute string) (any, bool) {
	const api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
	switch kind + "." + attribute {
	case "aws_lambda_function.invoke_arn":
		return "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + name + ".Arn}/invocations", true
	case "aws_apigatewayv2_api.execution_arn":
		return api + "${" + name + "}", true
	case "aws_apigatewayv2_stage.execution_arn":
		return api + "${" + strings.TrimSuffix(name, "Stage") + "Api}/${" + name + "}", true
	case "aws_apigatewayv2_stage.name":
		if name == "HTTPStage" { // which SAM makes
			return "$default", true
		}
	case "aws_lambda_event_source_mapping.uuid":
		return "${" + stream + name + "}", true
	case "aws_secretsmanager_secret_version.secret_string":
		return "{{resolve:secretsmanager:${" + name + "}:SecretString}}", true
	case "aws_elasticache_serverless_cache.endpoint.address":
		return "${" + name + ".Endpoint.Address}", true
	case "aws_elasticache_serverless_cache.endpoint.port":
		return "${" + name + ".Endpoint.Port}", true
	case "aws_eip.allocation_id":
		return "${" + name + ".AllocationId}", true
	case "aws_dynamodb_table.stream_arn":
		return "${" + name + ".StreamArn}", true
	case "aws_sns_topic.arn", "aws_secretsmanager_secret.arn", "aws_ecs_task_definition.arn": // Ref is the ARN
		return "${" + name + "}", true
	}
	switch attribute {
	case "arn":
		return "${" + name + ".Arn}", true
	case "":
		return "", true // the resource as such, which depends_on names
	}
	return "${" + name + "}", slices.Contains([]string{"id", "name", "function_name", "bucket", "user_id", "user_group_id"}, attribute)
}
