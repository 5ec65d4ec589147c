//go:build e2e

package terraform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// checker holds the blocks of a configuration against the provider.
type checker struct {
	provider *provider
	problems []string
	// declared are what can be referred to: "var.name", "local.name", "aws_vpc.vpc",
	// "data.aws_region.current". The value is the class of a resource.
	declared map[string]string
	used     map[string]bool
}

// check lists what is wrong with the files, which are given by name.
func check(p *provider, files map[string]string) []string {
	c := &checker{provider: p, declared: map[string]string{}, used: map[string]bool{}}
	var blocks []*hclsyntax.Block
	for name, text := range files {
		file, problems := hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos)
		if problems.HasErrors() {
			return []string{problems.Error()}
		}
		body, _ := file.Body.(*hclsyntax.Body)
		blocks = append(blocks, body.Blocks...)
	}
	for _, block := range blocks {
		c.declare(block)
	}
	for _, block := range blocks {
		c.block(block)
	}
	for name := range c.declared {
		if isInput := strings.HasPrefix(name, "var.") || strings.HasPrefix(name, "local."); isInput && !c.used[name] {
			c.problems = append(c.problems, name+" is not used")
		}
	}
	slices.Sort(c.problems)
	return c.problems
}

func (c *checker) problem(at hcl.Range, format string, arguments ...any) {
	c.problems = append(c.problems, fmt.Sprintf("%s:%d: ", at.Filename, at.Start.Line)+fmt.Sprintf(format, arguments...))
}

func (c *checker) declare(block *hclsyntax.Block) {
	switch block.Type {
	case "variable":
		c.declared["var."+block.Labels[0]] = ""
	case "locals":
		for name := range block.Body.Attributes {
			c.declared["local."+name] = ""
		}
	case "resource":
		c.declared[strings.Join(block.Labels, ".")] = c.provider.resources["resource "+block.Labels[0]]
	case "data":
		c.declared["data."+strings.Join(block.Labels, ".")] = c.provider.resources["data "+block.Labels[0]]
	}
}

func (c *checker) block(block *hclsyntax.Block) {
	if block.Type != "variable" { // whose conditions are about itself
		c.references(block.Body)
	}
	if block.Type != "resource" && block.Type != "data" {
		return
	}
	name, ok := c.provider.resources[block.Type+" "+block.Labels[0]]
	if !ok {
		c.problem(block.DefRange(), "the provider has no %s %s", block.Type, block.Labels[0])
		return
	}
	of := block.Labels[0]
	for _, attribute := range block.Body.Attributes {
		if !slices.Contains([]string{"count", "depends_on", "for_each", "provider"}, attribute.Name) {
			c.attribute(of, name+"Config", attribute)
		}
	}
	c.inner(of, name+"Config", block.Body, "lifecycle")
}

// attribute checks that there is one of the name, and what can be said of its value
// without evaluating it.
func (c *checker) attribute(of, class string, attribute *hclsyntax.Attribute) {
	property, ok := c.property(class, attribute.Name)
	switch {
	case !ok:
		c.problem(attribute.Range(), "%s has no argument %s", of, attribute.Name)
	case property.isBlock():
		c.problem(attribute.Range(), "%s of %s is a block", attribute.Name, of)
	default:
		if want, fits := fits(attribute.Expr, property.Type); !fits {
			c.problem(attribute.Range(), "%s of %s is no %s", attribute.Name, of, want)
		}
	}
}

// fits compares a type with the form of an expression; of references nothing is known.
func fits(expression hclsyntax.Expression, of kind) (want string, ok bool) {
	switch e := expression.(type) {
	case *hclsyntax.TupleConsExpr:
		return "list", of.is("array")
	case *hclsyntax.ObjectConsExpr:
		return "map", of.is("map")
	case *hclsyntax.TemplateExpr:
		return "text", of.is("string")
	case *hclsyntax.LiteralValueExpr:
		switch e.Val.Type() {
		case cty.Number:
			return "number", of.is("number")
		case cty.Bool:
			return "truth value", of.is("boolean")
		}
	}
	return "", true
}

// inner checks the blocks of a block, and that nothing is missing.
func (c *checker) inner(of, class string, body *hclsyntax.Body, meta ...string) {
	has := map[string]bool{}
	for name := range body.Attributes {
		has[name] = true
	}
	for _, block := range body.Blocks {
		name, content := block.Type, block.Body
		if name == "dynamic" {
			name, content = block.Labels[0], block.Body.Blocks[0].Body
		}
		if slices.Contains(meta, name) {
			continue
		}
		has[name] = true
		property, ok := c.property(class, name)
		if !ok || property.Type.inside() == "" {
			c.problem(block.DefRange(), "%s has no block %s", of, name)
			continue
		}
		inside := of + "." + name
		for _, attribute := range content.Attributes {
			c.attribute(inside, property.Type.inside(), attribute)
		}
		c.inner(inside, property.Type.inside(), content)
	}
	for _, property := range c.provider.properties(class) {
		if !property.Optional && !has[property.terraformName] {
			c.problem(body.SrcRange, "%s needs %s", of, property.terraformName)
		}
	}
}

func (c *checker) property(class, name string) (property, bool) {
	properties := c.provider.properties(class)
	i := slices.IndexFunc(properties, func(p property) bool { return p.terraformName == name })
	if i < 0 {
		return property{}, false
	}
	return properties[i], true
}

// references checks what the expressions of a block refer to.
func (c *checker) references(body *hclsyntax.Body) {
	_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
		if expression, ok := node.(*hclsyntax.ScopeTraversalExpr); ok {
			c.reference(body, expression.Traversal)
		}
		return nil
	})
}

func (c *checker) reference(body *hclsyntax.Body, traversal hcl.Traversal) {
	var words []string
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			words = append(words, step.Name)
		case hcl.TraverseAttr:
			words = append(words, step.Name)
		}
	}
	length := 2
	switch {
	case words[0] == "data":
		length = 3
	case len(words) == 1 || c.bound(body, words[0]):
		return // a key of an object, what a for names, or a dynamic block's element
	}
	if len(words) < length {
		return
	}
	name := strings.Join(words[:length], ".")
	class, ok := c.declared[name]
	if !ok {
		c.problem(traversal.SourceRange(), "%s is not declared", name)
		return
	}
	c.used[name] = true
	for _, word := range words[length:] {
		if class == "" { // a variable, a local, or a text
			return
		}
		class = c.step(traversal, class, word)
	}
}

// step is the class of an attribute; empty where it has none.
func (c *checker) step(traversal hcl.Traversal, class, word string) string {
	properties := c.provider.properties(class)
	i := slices.IndexFunc(properties, func(p property) bool { return p.Name == camel(word) })
	if i < 0 {
		c.problem(traversal.SourceRange(), "%s has no attribute %s", class[strings.LastIndexByte(class, '.')+1:], word)
		return ""
	}
	inside := properties[i].Type.inside()
	if list, ok := strings.CutSuffix(inside, "List"); ok {
		return list + "OutputReference"
	}
	return inside
}

// camel is a name as the classes have it.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

// bound says whether a name is that of a dynamic block.
func (c *checker) bound(body *hclsyntax.Body, name string) bool {
	return slices.ContainsFunc(body.Blocks, func(block *hclsyntax.Block) bool {
		return block.Type == "dynamic" && block.Labels[0] == name
	})
}
