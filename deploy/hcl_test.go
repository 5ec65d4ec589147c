package deploy_test

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"
)

// configuration is a folder of Terraform files. Its expressions are not evaluated but
// read: a reference stays one, in the words of CloudFormation, so that "${var.name}-x"
// is "${AWS::StackName}-x".
type configuration struct {
	text   map[string][]byte // by file
	blocks []*hclsyntax.Block
	locals map[string]hclsyntax.Expression
	// problems are what cannot be read, and references that lead nowhere.
	problems []string
}

// files reads the Terraform files of a folder, by name.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.tf"))
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

func parse(t *testing.T, files map[string]string) *configuration {
	t.Helper()
	c := &configuration{text: map[string][]byte{}, locals: map[string]hclsyntax.Expression{}}
	for name, text := range files {
		file, problems := hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		body, _ := file.Body.(*hclsyntax.Body)
		c.text[name] = []byte(text)
		for _, block := range body.Blocks {
			if block.Type != "locals" {
				c.blocks = append(c.blocks, block)
				continue
			}
			for name, attribute := range block.Body.Attributes {
				c.locals[name] = attribute.Expr
			}
		}
	}
	return c
}

// block finds one by its type and labels; nil where there is none.
func (c *configuration) block(kind string, labels ...string) *hclsyntax.Block {
	for _, block := range c.blocks {
		if block.Type == kind && slices.Equal(block.Labels, labels) {
			return block
		}
	}
	return nil
}

func (c *configuration) problem(of hcl.Range, format string, arguments ...any) any {
	c.problems = append(c.problems, fmt.Sprintf("%s:%d: ", of.Filename, of.Start.Line)+fmt.Sprintf(format, arguments...))
	return nil
}

// scope has what for expressions and dynamic blocks name.
type scope map[string]any

// blocks are those of one type in a body.
type blocks []any

// encoded is what jsonencode was given.
type encoded struct{ value any }

// choice is a conditional: CloudFormation's If.
func choice(condition string, then, otherwise any) []any { return []any{condition, then, otherwise} }

const noValue = "!Ref AWS::NoValue"

// read is an expression's value.
func (c *configuration) read(expression hclsyntax.Expression, in scope) any {
	switch e := expression.(type) {
	case *hclsyntax.LiteralValueExpr:
		return literal(e.Val)
	case *hclsyntax.TemplateExpr:
		var text strings.Builder
		for _, part := range e.Parts {
			fmt.Fprint(&text, c.read(part, in))
		}
		return text.String()
	case *hclsyntax.TemplateWrapExpr:
		return c.read(e.Wrapped, in)
	case *hclsyntax.ScopeTraversalExpr:
		return c.follow(e.Traversal, in)
	case *hclsyntax.TupleConsExpr:
		list := []any{}
		for _, element := range e.Exprs {
			list = append(list, c.read(element, in))
		}
		return list
	case *hclsyntax.ObjectConsExpr:
		fields := map[string]any{}
		for _, item := range e.Items {
			fields[hcl.ExprAsKeyword(item.KeyExpr)] = c.read(item.ValueExpr, in)
		}
		return fields
	case *hclsyntax.ConditionalExpr:
		return choice(c.condition(e.Condition), c.read(e.TrueResult, in), c.read(e.FalseResult, in))
	case *hclsyntax.ForExpr:
		return c.each(e, in)
	case *hclsyntax.FunctionCallExpr:
		return c.call(e, in)
	}
	return c.problem(expression.Range(), "%T is not read by this test", expression)
}

func literal(value cty.Value) any {
	if value.IsNull() {
		return noValue
	}
	switch value.Type() {
	case cty.String:
		return value.AsString()
	case cty.Bool:
		return value.True()
	}
	var number int
	_ = gocty.FromCtyValue(value, &number) // a fraction is 0, which no setting is
	return number
}

// condition is the template's name of a condition.
func (c *configuration) condition(e hclsyntax.Expression) string {
	text := string(e.Range().SliceBytes(c.text[e.Range().Filename]))
	name, ok := map[string]string{
		"var.stream_concurrency > 0": "ReservesStreamConcurrency",
		"var.websocket_access_logs":  "LogsWebSocketAccess",
		`var.alarm_email != ""`:      "TellsByEmail",
		`var.delivery == "worker"`:   "HasWorker",
	}[text]
	if !ok {
		c.problem(e.Range(), "the template has no condition %s", text)
	}
	return name
}

// each is a for expression that makes a list.
func (c *configuration) each(e *hclsyntax.ForExpr, in scope) any {
	list := []any{}
	for key, value := range entries(c.read(e.CollExpr, in)) {
		inner := scope{e.ValVar: value}
		if e.KeyVar != "" {
			inner[e.KeyVar] = key
		}
		list = append(list, c.read(e.ValExpr, inner))
	}
	return list
}

func (c *configuration) call(e *hclsyntax.FunctionCallExpr, in scope) any {
	var arguments []any
	for _, argument := range e.Args {
		arguments = append(arguments, c.read(argument, in))
	}
	switch e.Name {
	case "jsonencode":
		return encoded{arguments[0]}
	case "concat":
		all := []any{}
		for _, argument := range arguments {
			all = append(all, listOf(argument)...)
		}
		return all
	case "filebase64sha256":
		return "the hash of " + fmt.Sprint(arguments[0])
	}
	return c.problem(e.Range(), "%s is not known to this test", e.Name)
}

// body is what a block has: its attributes, and its blocks as lists by their types.
func (c *configuration) body(body *hclsyntax.Body, in scope) map[string]any {
	fields := map[string]any{}
	for name, attribute := range body.Attributes {
		if name != "depends_on" && name != "ignore_changes" {
			fields[name] = c.read(attribute.Expr, in)
		}
	}
	for _, block := range body.Blocks {
		kind := block.Type
		var values []any
		switch kind {
		case "precondition", "validation": // of Terraform's own
			continue
		case "dynamic":
			kind, values = block.Labels[0], c.dynamic(block, in)
		default:
			values = []any{c.body(block.Body, in)}
		}
		fields[kind] = append(blocks(listOf(fields[kind])), values...)
	}
	return fields
}

// dynamic is a block for each element, or one where a condition holds.
func (c *configuration) dynamic(block *hclsyntax.Block, in scope) []any {
	kind, content := block.Labels[0], block.Body.Blocks[0].Body
	switch elements := c.read(block.Body.Attributes["for_each"].Expr, in).(type) {
	case []any:
		condition, _ := elements[0].(string)
		return []any{choice(condition, c.body(content, in), noValue)}
	default:
		var all []any
		for key, value := range entries(elements) {
			all = append(all, c.body(content, scope{kind: map[string]any{"key": key, "value": value}}))
		}
		return all
	}
}

// entries are those of a mapping, in the order of Terraform.
func entries(collection any) iter.Seq2[string, any] {
	fields := fieldsOf(collection)
	return func(visit func(string, any) bool) {
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if !visit(key, fields[key]) {
				return
			}
		}
	}
}
