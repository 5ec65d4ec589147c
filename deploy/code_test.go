package deploy_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/schema"
)

// code is what the functions need, as the code has it.
type code struct {
	// mains are the folders of the functions' programs.
	mains map[string]string
	// tables are the properties of each table, as the adapter creates it.
	tables map[string]map[string]any
	// environment is what each function reads, and value what that has to be.
	environment map[string][]string
	value       func(variable string) any
	// permissions are what each function needs, as template.allowed has them.
	permissions map[string][]string
}

// The functions of the template.
const (
	webSocket = "WebSocketFunction"
	stream    = "StreamFunction"
	overHTTP  = "HTTPFunction"
)

// functions lists them by name.
func (c code) functions() []string { return slices.Sorted(maps.Keys(c.mains)) }

// dynamoMain is the program of all functions on DynamoDB.
const dynamoMain = "../examples/chat/lambda/dynamodb"

func readCode(t *testing.T) code {
	t.Helper()
	c := code{
		mains: map[string]string{}, tables: createdTables(t),
		environment: map[string][]string{}, value: variable, permissions: map[string][]string{},
	}
	for _, function := range []string{webSocket, stream, overHTTP} {
		c.mains[function] = dynamoMain
		c.environment[function] = environmentReads(t, dynamoMain)
		c.permissions[function] = permissions(t, function)
	}
	return c
}

// calls are what a function calls of the engine.
func calls(function string) []string {
	publish := "Publisher.Publish" // a mutation may
	switch function {
	case webSocket:
		names := []string{publish}
		for method := range reflect.TypeFor[apigw.Engine]().Methods() {
			names = append(names, "Engine."+method.Name)
		}
		return names
	case stream:
		return []string{"Engine.Deliver"}
	default:
		return []string{"Engine.Execute", publish}
	}
}

// permissions follows the calls of a function through the engine and the
// adapters to what is asked of AWS.
func permissions(t *testing.T, function string) []string {
	t.Helper()
	tables, sockets := readSource(t, "../adapters/dynamodb"), readSource(t, "../adapters/apigw")
	needed := toLogs(function)
	need := func(actions []string) {
		for _, action := range actions {
			verb, table, _ := strings.Cut(action, " ")
			needed["dynamodb:"+verb+" on !GetAtt "+table+"Table.Arn"] = true
		}
	}
	for _, call := range portCalls(readSource(t, "../core").reach(t, calls(function)...)) {
		port, method, _ := strings.Cut(call, ".")
		switch port {
		case "Pusher":
			for _, verb := range methods(sockets.reach(t, call)) {
				needed["execute-api:ManageConnections on "+connections(verb)] = true
			}
		default:
			need(tableActions(tables.reach(t, "Backend."+method)))
		}
	}
	if function == stream { // which delivers, and never looks into the history
		maps.Copy(needed, fromStream())
	} else {
		for method := range reflect.TypeFor[schema.History]().Methods() {
			said := readSource(t, "../examples/chat/dynamohistory")
			need(renamed(tableActions(said.reach(t, "History."+method.Name)), "Messages"))
		}
	}
	return slices.Sorted(maps.Keys(needed))
}

// toLogs is what a function needs to log.
func toLogs(function string) map[string]bool {
	logs := "!GetAtt " + logsOf(function) + ".Arn"
	return map[string]bool{"logs:CreateLogStream on " + logs: true, "logs:PutLogEvents on " + logs: true}
}

func logsOf(function string) string { return strings.TrimSuffix(function, "Function") + "Logs" }

// fromStream is what Lambda does in the function's name. Sources: "Using DynamoDB
// Streams with Lambda"; a list of streams is asked for by their table; "Retain
// discarded records for a DynamoDB event source in Lambda".
func fromStream() map[string]bool {
	return map[string]bool{
		"dynamodb:DescribeStream on !GetAtt EventsTable.StreamArn":   true,
		"dynamodb:GetRecords on !GetAtt EventsTable.StreamArn":       true,
		"dynamodb:GetShardIterator on !GetAtt EventsTable.StreamArn": true,
		"dynamodb:ListStreams on !Sub ${EventsTable.Arn}/stream/*":   true,
		"s3:ListBucket on !GetAtt DroppedRecords.Arn":                true,
		"s3:PutObject on !Sub ${DroppedRecords.Arn}/*":               true,
	}
}

// connections is the resource of a method of the @connections API.
func connections(method string) string {
	return "!Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/${WebSocketStage}/" + method + "/@connections/*"
}

// renamed is the same actions on one table, for code that has only one.
func renamed(actions []string, table string) []string {
	for i, action := range actions {
		verb, _, _ := strings.Cut(action, " ")
		actions[i] = verb + " " + table
	}
	return actions
}

// methods lists the HTTP methods that functions name.
func methods(reached []ast.Node) []string {
	return collect(reached, func(node ast.Node) string {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok || typeName(selector.X) != "http" {
			return ""
		}
		name, ok := strings.CutPrefix(selector.Sel.Name, "Method")
		if !ok {
			return ""
		}
		return strings.ToUpper(name)
	})
}

// createdTables lets the adapter create its tables and keeps what it asks for.
func createdTables(t *testing.T) map[string]map[string]any {
	t.Helper()
	dynamo := recorder{}
	client := sdk.New(sdk.Options{
		Region: "eu-west-1", HTTPClient: dynamo,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
	names := dynamodb.Tables{Connections: "ConnectionsTable", Subscriptions: "SubscriptionsTable", Events: "EventsTable"}
	backend, err := dynamodb.New(dynamodb.Config{Client: client, Tables: names})
	if err != nil {
		t.Fatal(err)
	}
	if err := backend.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dynamo
}

// recorder stands in for DynamoDB and keeps what tables are to be like.
type recorder map[string]map[string]any

func (r recorder) Do(request *http.Request) (*http.Response, error) {
	var input map[string]any
	if err := json.NewDecoder(request.Body).Decode(&input); err != nil {
		return nil, err
	}
	name, _ := input["TableName"].(string)
	delete(input, "TableName")
	if r[name] == nil {
		r[name] = map[string]any{}
	}
	maps.Copy(r[name], input)
	if specification, ok := input["StreamSpecification"].(map[string]any); ok {
		delete(specification, "StreamEnabled") // which CloudFormation takes for granted
	}
	body := bytes.NewReader([]byte(`{"Table": {"TableStatus": "ACTIVE"}}`))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
}

var _ sdk.HTTPClient = recorder(nil)
