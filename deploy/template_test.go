package deploy_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

// template is a parsed CloudFormation template. What a tag such as !Ref stands on
// is a string that begins with the tag: "!Ref EventsTable".
type template map[string]any

// parsedTemplates are the templates that have been read, by file: they are broken many times.
var parsedTemplates sync.Map

// readTemplate returns a template of the caller's own.
func readTemplate(t *testing.T, file string) template {
	t.Helper()
	if parsed, ok := parsedTemplates.Load(file); ok {
		return cloned(parsed).(map[string]any)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	keepTags(&document)
	var parsed map[string]any // or yaml makes templates of the mappings inside, too
	if err := document.Decode(&parsed); err != nil {
		t.Fatal(err)
	}
	parsedTemplates.Store(file, cloned(parsed))
	return parsed
}

func cloned(value any) any {
	switch value := value.(type) {
	case map[string]any:
		fields := make(map[string]any, len(value))
		for name, field := range value {
			fields[name] = cloned(field)
		}
		return fields
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = cloned(element)
		}
		return list
	}
	return value
}

// keepTags puts CloudFormation's own tags, which YAML knows nothing of, into the
// strings that they stand on.
func keepTags(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		node.Value, node.Tag = node.Tag+" "+node.Value, "!!str"
	}
	for _, child := range node.Content {
		keepTags(child)
	}
}

// at follows keys down from the top; nil where there is nothing.
func (t template) at(keys ...string) any {
	var value any = map[string]any(t)
	for _, key := range keys {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	return value
}

// properties is one resource's.
func (t template) properties(resource string, keys ...string) any {
	return t.at(append([]string{"Resources", resource, "Properties"}, keys...)...)
}

// ofType lists the resources of a type, by name.
func (t template) ofType(kind string) []string {
	var names []string
	for name := range fieldsOf(t.at("Resources")) {
		if t.at("Resources", name, "Type") == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// function is the value of a function's property, or of that of all functions.
func (t template) function(name string, keys ...string) any {
	if value := t.properties(name, keys...); value != nil {
		return value
	}
	return t.at(append([]string{"Globals", "Function"}, keys...)...)
}

// environment is a function's own and that of all functions.
func (t template) environment(name string) map[string]any {
	all := map[string]any{}
	maps.Copy(all, fieldsOf(t.at("Globals", "Function", "Environment", "Variables")))
	maps.Copy(all, fieldsOf(t.properties(name, "Environment", "Variables")))
	return all
}

// typeOf is a resource's type, also of those that SAM makes of a function's events.
func (t template) typeOf(name string) string {
	if kind, ok := t.at("Resources", name, "Type").(string); ok {
		return kind
	}
	return t.mappingType(name)
}

// mappingType is that of an event source mapping; empty for what is none. SAM names it
// after the function and the event. Source: "Generated CloudFormation resources for
// AWS SAM".
func (t template) mappingType(name string) string {
	for _, function := range t.ofType("AWS::Serverless::Function") {
		event, ok := strings.CutPrefix(name, function)
		if ok && t.properties(function, "Events", event, "Type") == "DynamoDB" {
			return "AWS::Lambda::EventSourceMapping"
		}
	}
	return ""
}

// set puts a value where at finds it; all but the last key must be there.
func (t template) set(value any, keys ...string) {
	last := len(keys) - 1
	fieldsOf(t.at(keys[:last]...))[keys[last]] = value
}

// drop takes a value away.
func (t template) drop(keys ...string) {
	last := len(keys) - 1
	delete(fieldsOf(t.at(keys[:last]...)), keys[last])
}

// allow adds an action to a role's first statement.
func (t template) allow(role, action string) {
	statement := t.statement(role, 0)
	statement["Action"] = append(listOf(statement["Action"]), action)
}

func (t template) statement(role string, index int) map[string]any {
	policy := fieldsOf(listOf(t.properties(role, "Policies"))[0])
	return fieldsOf(listOf(fieldsOf(policy["PolicyDocument"])["Statement"])[index])
}

// allowed is what a role may do: its actions, each with the resource.
func (t template) allowed(role string) []string {
	var all []string
	for _, policy := range listOf(t.properties(role, "Policies")) {
		for _, statement := range listOf(fieldsOf(fieldsOf(policy)["PolicyDocument"])["Statement"]) {
			fields := fieldsOf(statement)
			for _, action := range listOf(fields["Action"]) {
				for _, resource := range listOf(fields["Resource"]) {
					all = append(all, fmt.Sprintf("%v on %v", action, resource))
				}
			}
		}
	}
	return all
}

// dangling lists the references that lead nowhere.
func (t template) dangling() []string {
	known := func(name string) bool {
		return strings.HasPrefix(name, "AWS::") || t.at("Resources", name) != nil || t.at("Parameters", name) != nil || t.mappingType(name) != ""
	}
	inSub := regexp.MustCompile(`\$\{([^}.]+)[^}]*\}`)
	var found []string
	eachString(map[string]any(t), func(text string) {
		kind, rest, _ := strings.Cut(text, " ")
		var names []string
		switch kind {
		case "!Ref":
			names = []string{rest}
		case "!GetAtt":
			names = []string{strings.Split(rest, ".")[0]}
		case "!Sub":
			for _, match := range inSub.FindAllStringSubmatch(rest, -1) {
				names = append(names, match[1])
			}
		}
		for _, name := range names {
			if !known(name) {
				found = append(found, text)
			}
		}
	})
	return found
}

func eachString(value any, visit func(string)) {
	switch value := value.(type) {
	case string:
		visit(value)
	case []any:
		for _, element := range value {
			eachString(element, visit)
		}
	case map[string]any:
		for _, element := range value {
			eachString(element, visit)
		}
	}
}

// fieldsOf is a mapping; of anything else, an empty one.
func fieldsOf(value any) map[string]any {
	fields, _ := value.(map[string]any)
	return fields
}

// listOf is a list; a single value is a list of one, as it is in a policy.
func listOf(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	case blocks:
		return value
	}
	return []any{value}
}
