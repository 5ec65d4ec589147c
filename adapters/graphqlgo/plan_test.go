package graphqlgo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/ports"
)

func TestSkipAndInclude(t *testing.T) {
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1), "b": value(graphql.Int, 2), "c": value(graphql.Int, 3)})})
	prepared, errs := schema.Prepare(`query($s:Boolean=false,$i:Boolean!){...F @include(if:$i) a ...@skip(if:$s){c b @skip(if:true)} b @include(if:false)} fragment F on Query{b}`, ports.Limits{})
	if errs != nil {
		t.Fatalf("%s", errs.AppendJSON(nil))
	}
	operation, _ := prepared.Operation("")
	for range 2 {
		for variables, want := range map[string]string{
			`{"i":true}`: `{"data":{"b":2,"a":1,"c":3}}`, `{"i":false}`: `{"data":{"a":1,"c":3}}`, `{"i":true,"s":true}`: `{"data":{"b":2,"a":1}}`,
		} {
			bound, errs := operation.Bind(t.Context(), []byte(variables), masked)
			if errs != nil {
				t.Fatalf("%s", errs.AppendJSON(nil))
			}
			if got := string(bound.Execute(t.Context(), ports.Call{Format: masked}).Body); got != want {
				t.Errorf("%s: got %s, want %s", variables, got, want)
			}
		}
	}
}

// A variable with a default value may be null, where a condition may not.
func TestConditionsThatAreNull(t *testing.T) {
	item := object("Item", graphql.Fields{"a": value(graphql.Int, 1)})
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"item": value(item, 1), "b": value(graphql.Int, 2)})})
	const failed = `"errors":[{"message":"Argument \"if\" of non-null type \"Boolean!\" must not be null.","locations":[{"line":1,"column":%d}]%s}]}`
	for document, want := range map[string]string{
		`query($c:Boolean=true){item{a @include(if:$c)} b}`:   `{"data":{"item":null,"b":2},` + fmt.Sprintf(failed, 43, `,"path":["item"]`),
		`query($c:Boolean=false){item{a} ...@skip(if:$c){b}}`: `{"data":null,` + fmt.Sprintf(failed, 45, ``),
	} {
		if got := execute(t, schema, document, `{"c":null}`, nil); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", document, got, want)
		}
	}
}

// An operation has more plans than are kept, and any number of values for the
// variables that decide about its selections.
func TestManyPlans(t *testing.T) {
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1)})})
	var variables, fields strings.Builder
	for i := range 6 {
		fmt.Fprintf(&variables, "$v%d:Boolean=false ", i)
		fmt.Fprintf(&fields, "a%d:a @include(if:$v%d) ", i, i)
	}
	prepared, _ := schema.Prepare("query("+variables.String()+"){"+fields.String()+"}", ports.Limits{})
	operation, _ := prepared.Operation("")
	for chosen := range 1 << 6 {
		var given, want []string
		for i := range 6 {
			if chosen&(1<<i) != 0 {
				given, want = append(given, fmt.Sprintf(`"v%d":true`, i)), append(want, fmt.Sprintf(`"a%d":1`, i))
			}
		}
		bound, errs := operation.Bind(t.Context(), []byte("{"+strings.Join(given, ",")+"}"), masked)
		if errs != nil {
			t.Fatalf("%s", errs.AppendJSON(nil))
		}
		if got, want := string(bound.Execute(t.Context(), ports.Call{Format: masked}).Body), `{"data":{`+strings.Join(want, ",")+`}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Fields of one key are merged, with their selections, across fragments.
func TestSelectionsAreMerged(t *testing.T) {
	item := object("Item", graphql.Fields{"a": value(graphql.Int, 1), "b": value(graphql.Int, 2), "c": value(graphql.Int, 3)})
	query(t, graphql.Fields{"item": value(item, 1)}, `{item{b} ...F x:item{c} item{a b}} fragment F on Query{item{...G} ...on Query{item{a}}} fragment G on Item{c}`,
		`{"data":{"item":{"b":2,"c":3,"a":1},"x":{"c":3}}}`)
}

func TestOperationsByName(t *testing.T) {
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1), "b": value(graphql.Int, 2)})})
	prepared, _ := schema.Prepare(`query A{a} query B{b}`, ports.Limits{})
	for name, want := range map[string]string{"A": `{"data":{"a":1}}`, "B": `{"data":{"b":2}}`} {
		operation, errs := prepared.Operation(name)
		if errs != nil || operation.Name() != name || operation.Kind() != ports.OperationQuery {
			t.Fatalf("%s: %v, %v", name, operation, errs)
		}
		bound, _ := operation.Bind(t.Context(), nil, masked)
		if got := string(bound.Execute(t.Context(), ports.Call{Format: masked}).Body); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if _, errs := prepared.Operation(""); errs == nil {
		t.Error("no name, but two operations")
	}
	if _, errs := prepared.Operation("C"); errs == nil {
		t.Error("an unknown name")
	}
}

func TestLiteralsAreChecked(t *testing.T) {
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": {Type: graphql.Int, Args: graphql.FieldConfigArgument{"v": {Type: graphql.Int}}}})})
	if _, errs := schema.Prepare(`{a(v:3000000000)}`, ports.Limits{}); len(errs) != 1 || len(errs[0].Locations) != 1 {
		t.Errorf("an Int of more than 32 bits: %s", errs.AppendJSON(nil))
	}
	if _, errs := schema.Prepare(`query($v:Int=3000000000){a(v:$v)}`, ports.Limits{}); len(errs) != 1 || len(errs[0].Locations) != 1 {
		t.Errorf("a default value of more than 32 bits: %s", errs.AppendJSON(nil))
	}
	many := "{" + strings.Repeat(`a(v:"`+strings.Repeat("x", 5000)+`") `, 50) + "}"
	if _, errs := schema.Prepare(many, ports.Limits{}); len(errs) == 0 || len(errs) > 10 || len(errs.AppendJSON(nil)) > 16<<10 {
		t.Errorf("%d errors, %d bytes", len(errs), len(errs.AppendJSON(nil)))
	}
}

// A document costs about what it and its plans take.
func TestCost(t *testing.T) {
	type sized struct{ document, variables string }
	item := object("Item", graphql.Fields{"a": value(graphql.Int, 1)})
	item.AddFieldConfig("item", value(item, 1))
	fields := graphql.InputObjectConfigFieldMap{}
	for i := range 20 {
		fields[fmt.Sprint("f", i)] = &graphql.InputObjectFieldConfig{Type: graphql.Int, DefaultValue: i}
	}
	given := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Given", Fields: fields})
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"item": value(item, 1), "given": {
		Type: graphql.Int, Args: graphql.FieldConfigArgument{"list": {Type: graphql.NewList(given)}, "ints": {Type: graphql.NewList(graphql.Int)}},
	}})})
	for name, test := range map[string]sized{
		"defaults":  {"{given(list:[" + strings.Repeat("{}", 200) + "])}", ``},
		"variables": {"query(" + repeated("$v%d:Int ", 200) + "){given(ints:[" + repeated("$v%d ", 200) + "])}", ``},
		"small":     {`{item{a}}`, ``}, "wide": {"{item{" + strings.Repeat("a ", 500) + "}}", ``},
		"aliases": {"{item{" + aliases(500) + "}}", ``}, "deep": {strings.Repeat("{item", 100) + "{a}" + strings.Repeat("}", 100), ``},
	} {
		const copies = 50
		kept := make([]ports.Document, copies)
		before := heap()
		for i := range kept {
			kept[i], _ = schema.Prepare(strings.Clone(test.document), ports.Limits{})
			run(t, kept[i])
		}
		took := int(heap()-before) / copies
		if cost := kept[0].Cost(); cost < took*2/3 || cost > took*4 {
			t.Errorf("%s: costs %d, takes %d", name, cost, took)
		}
	}
}

func aliases(n int) string { return repeated("a%d:a ", n) }

func repeated(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// What fragments multiply, a document does not keep.
func TestPlansThatAreKeptAreBounded(t *testing.T) {
	item := object("Item", graphql.Fields{"a": value(graphql.Int, 1)})
	item.AddFieldConfig("l", value(item, 1))
	item.AddFieldConfig("r", value(item, 1))
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"item": value(item, 1)})})
	document := "{item{...F0}}"
	for i := range 13 {
		document += fmt.Sprintf(" fragment F%d on Item{l{...F%d} r{...F%d}}", i, i+1, i+1)
	}
	prepared, errs := schema.Prepare(document+" fragment F13 on Item{a}", ports.Limits{})
	if errs != nil {
		t.Fatalf("%s", errs.AppendJSON(nil))
	}
	before := heap()
	first := run(t, prepared)
	if took := int(heap() - before); took > prepared.Cost()*3/2 {
		t.Errorf("takes %d, costs %d", took, prepared.Cost())
	}
	if second := run(t, prepared); first != second || len(first) < 1<<13 {
		t.Errorf("%d bytes, then %d", len(first), len(second))
	}
}

// Default values multiply what a literal stands for; a document may not have them
// in many fields either.
func TestDefaultValuesOfADocumentAreBoundedTogether(t *testing.T) {
	var given *graphql.InputObject
	for level := range 3 {
		fields := graphql.InputObjectConfigFieldMap{}
		for i := range 10 {
			f := &graphql.InputObjectFieldConfig{Type: graphql.Int, DefaultValue: i}
			if given != nil {
				f = &graphql.InputObjectFieldConfig{Type: given, DefaultValue: map[string]any{}}
			}
			fields[fmt.Sprint("f", i)] = f
		}
		given = graphql.NewInputObject(graphql.InputObjectConfig{Name: fmt.Sprint("Given", level), Fields: fields})
	}
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": {
		Type: graphql.Int, Args: graphql.FieldConfigArgument{"v": {Type: given}},
	}})})
	for fields, want := range map[int]bool{10: true, 100: false} {
		_, errs := schema.Prepare("{"+repeated("a%d:a(v:{}) ", fields)+"}", ports.Limits{})
		if ok := len(errs) == 0; ok != want {
			t.Errorf("%d fields: %s", fields, errs.AppendJSON(nil))
		}
	}
}
