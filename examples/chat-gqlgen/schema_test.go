package chatgqlgen_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	chatgqlgen "github.com/fanql/fanql/examples/chat-gqlgen"
	chatgraphqlgo "github.com/fanql/fanql/examples/chat-graphqlgo"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/ports"
)

// introspection asks for all that the chat's types have.
const introspection = `{ __schema { types { kind name fields {
	name description args { name type { ...T } defaultValue } type { ...T }
} } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`

type introspected struct {
	Data struct {
		Schema struct{ Types []objectType } `json:"__schema"`
	}
}

type objectType struct {
	Kind, Name string
	Fields     []struct {
		Name, Description string
		Args              []struct {
			Name         string
			Type         typeRef
			DefaultValue *string
		}
		Type typeRef
	}
}

type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

// String is the type as the schema language writes it.
func (t typeRef) String() string {
	switch t.Kind {
	case "NON_NULL":
		return t.OfType.String() + "!"
	case "LIST":
		return "[" + t.OfType.String() + "]"
	default:
		return t.Name
	}
}

// TestBothChatsHaveTheSameTypes: clients of the chat need not know its library.
func TestBothChatsHaveTheSameTypes(t *testing.T) {
	first, err := chatgraphqlgo.New(schema.NewMemoryHistory())
	if err != nil {
		t.Fatal(err)
	}
	second, err := chatgqlgen.New(schema.NewMemoryHistory())
	if err != nil {
		t.Fatal(err)
	}
	want, got := fieldsOf(t, first), fieldsOf(t, second)
	if !slices.Equal(got, want) {
		t.Errorf("gqlgen's chat:\n%s\ngraphql-go's:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(got) != 16 {
		t.Errorf("%d fields: %q", len(got), got)
	}
}

// fieldsOf are the fields of all types, in order.
func fieldsOf(t *testing.T, of ports.Schema) []string {
	t.Helper()
	document, errs := of.Prepare(introspection, ports.Limits{})
	if errs != nil {
		t.Fatalf("Prepare: %v", errs)
	}
	operation, errs := document.Operation("")
	if errs != nil {
		t.Fatalf("Operation: %v", errs)
	}
	format := func(_ context.Context, err error) *ports.PublicError { return &ports.PublicError{Message: err.Error()} }
	bound, errs := operation.Bind(t.Context(), nil, format)
	if errs != nil {
		t.Fatalf("Bind: %v", errs)
	}
	var response introspected
	body := bound.Execute(t.Context(), ports.Call{Format: format}).Body
	if err := json.Unmarshal(body, &response); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var fields []string
	for _, of := range response.Data.Schema.Types {
		for _, field := range of.Fields {
			if strings.HasPrefix(of.Name, "__") {
				continue
			}
			var args []string
			for _, arg := range field.Args {
				text := arg.Name + ": " + arg.Type.String()
				if arg.DefaultValue != nil {
					text += " = " + *arg.DefaultValue
				}
				args = append(args, text)
			}
			slices.Sort(args)
			fields = append(fields, fmt.Sprintf("%s.%s(%s): %s %q", of.Name, field.Name, strings.Join(args, ", "), field.Type, field.Description))
		}
	}
	slices.Sort(fields)
	return fields
}
