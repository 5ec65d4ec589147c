package core

import (
	"container/list"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/ast"
	"github.com/graphql-go/graphql/language/parser"
	"github.com/graphql-go/graphql/language/source"
)

// maxNesting is how deep the brackets of a document may nest. graphql-go parses
// and validates by recursion, and Go cannot recover from a stack that overflows.
const maxNesting = 200

// document is a parsed and valid GraphQL document. It is never modified.
type document struct {
	text       string
	ast        *ast.Document
	operations []*ast.OperationDefinition
}

// operation finds the operation to execute (GraphQL, section 6.1, GetOperation).
func (d *document) operation(name string) (*ast.OperationDefinition, error) {
	if name == "" {
		switch len(d.operations) {
		case 0:
			return nil, errors.New("the document has no operation")
		case 1:
			return d.operations[0], nil
		}
		return nil, errors.New("operationName is required: the document has several operations")
	}
	for _, operation := range d.operations {
		if operation.Name != nil && operation.Name.Value == name {
			return operation, nil
		}
	}
	return nil, fmt.Errorf("operationName: the document has no operation named %q", name)
}

// documentCache keeps the documents that were used last, so that a document is
// parsed and validated once. It is bounded by the bytes of their texts, which the
// memory of a parsed document is roughly proportional to. Invalid documents are
// not kept: they would push out the valid.
type documentCache struct {
	schema graphql.Schema
	limit  int // bytes of text
	most   limits
	// parsing has a place for each processor: documents that nobody has sent before
	// must not keep the others, and deliveries, from theirs.
	parsing chan struct{}

	mu      sync.Mutex
	size    int // bytes of text
	byText  map[string]*list.Element
	recency *list.List // of *document, the most recent in front
}

func newDocumentCache(config *Config) *documentCache {
	return &documentCache{
		schema: config.Schema, limit: config.DocumentCacheBytes,
		most: limits{
			tokens: config.MaxDocumentTokens, depth: config.MaxDepth, aliases: config.MaxAliases,
			noIntrospection: config.DisableIntrospection,
		},
		parsing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		byText:  map[string]*list.Element{}, recency: list.New(),
	}
}

// get returns the document, or the errors that it has.
func (c *documentCache) get(text string) (*document, responseErrors) {
	if found := c.lookup(text); found != nil {
		return found, nil
	}
	c.parsing <- struct{}{}
	parsed, errs := parse(c.schema, text, c.most)
	<-c.parsing
	if errs != nil {
		return nil, errs
	}
	c.keep(parsed)
	return parsed, nil
}

func (c *documentCache) lookup(text string) *document {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.byText[text]
	if !ok {
		return nil
	}
	c.recency.MoveToFront(element)
	return element.Value.(*document)
}

func (c *documentCache) keep(parsed *document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byText[parsed.text]; ok {
		return
	}
	c.byText[parsed.text] = c.recency.PushFront(parsed)
	c.size += len(parsed.text)
	for c.size > c.limit {
		oldest := c.recency.Remove(c.recency.Back()).(*document)
		delete(c.byText, oldest.text)
		c.size -= len(oldest.text)
	}
}

// parse parses and validates. graphql-go may panic on what it did not expect;
// to the client that is a document which could not be read.
func parse(schema graphql.Schema, text string, most limits) (parsed *document, errs responseErrors) {
	defer func() {
		if recover() != nil {
			parsed, errs = nil, newErrors("the document could not be read")
		}
	}()
	switch tokens, depth := survey(text); {
	case depth > maxNesting:
		return nil, newErrors(fmt.Sprintf("the document nests deeper than %d levels", maxNesting))
	case tokens > most.tokens:
		return nil, newErrors(fmt.Sprintf("the document has more than %d tokens", most.tokens))
	}
	tree, err := parser.Parse(parser.ParseParams{
		Source: source.NewSource(&source.Source{Body: []byte(text), Name: "GraphQL request"}),
	})
	if err != nil {
		return nil, formatErrors(gqlerrors.FormatErrors(err))
	}
	if errs := validate(schema, tree, most); errs != nil {
		return nil, errs
	}
	parsed = &document{text: text, ast: tree}
	for _, definition := range tree.Definitions {
		switch definition := definition.(type) {
		case *ast.OperationDefinition:
			parsed.operations = append(parsed.operations, definition)
		case *ast.FragmentDefinition:
		default:
			return nil, newErrors(fmt.Sprintf("the document holds a %s, which cannot be executed", definition.GetKind()))
		}
	}
	return parsed, nil
}

// validate looks for fragment cycles before anything else: on a cycle another of
// graphql-go's rules recurses until the process dies.
func validate(schema graphql.Schema, tree *ast.Document, most limits) responseErrors {
	if errs := obey(schema, tree, graphql.NoFragmentCyclesRule); errs != nil {
		return errs
	}
	if errs := most.check(tree); errs != nil {
		return errs
	}
	return obey(schema, tree, graphql.SpecifiedRules...)
}

func obey(schema graphql.Schema, tree *ast.Document, rules ...graphql.ValidationRuleFn) responseErrors {
	if result := graphql.ValidateDocument(&schema, tree, rules); !result.IsValid {
		return formatErrors(result.Errors)
	}
	return nil
}

// survey counts the tokens of a document, and says how deep its brackets nest;
// strings and comments hide theirs (GraphQL, section 2.1).
func survey(text string) (tokens, deepest int) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '\r':
			continue
		case c == '#':
			for i+1 < len(text) && text[i+1] != '\n' && text[i+1] != '\r' {
				i++
			}
			continue
		case c == '{' || c == '[' || c == '(':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']' || c == ')':
			depth--
		case c == '"':
			i = stringEnd(text, i)
		case isWord(c):
			for i+1 < len(text) && isWord(text[i+1]) {
				i++
			}
		}
		tokens++
	}
	return tokens, deepest
}

// isWord is for the bytes of names and numbers, and for the spread, which counts
// as one with its name.
func isWord(c byte) bool {
	return c == '_' || c == '.' || c == '-' || c == '+' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// stringEnd is where the string that starts at i ends: at its closing quote, or
// for one that is never closed at the end of the line or the text.
func stringEnd(text string, i int) int {
	if len(text) >= i+3 && text[i:i+3] == `"""` {
		for j := i + 3; j < len(text); j++ {
			switch {
			case len(text) >= j+4 && text[j:j+4] == `\"""`:
				j += 3
			case len(text) >= j+3 && text[j:j+3] == `"""`:
				return j + 2
			}
		}
		return len(text)
	}
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '"':
			return j
		case '\n', '\r':
			return j
		}
	}
	return len(text)
}
