//go:build e2e

package differential

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// mutant is a mistake that an executor could make. It edits what the adapter is
// asked, what the resolvers are given, or what the adapter answers.
type mutant struct {
	name string
	asks func(asked *request)
	hook hook
	// answers edits the data and the paths of the errors.
	answers func(r *response)
}

func mutants() []mutant {
	return slices.Concat(askingMutants(), resolvingMutants(), dataMutants(), errorMutants())
}

func askingMutants() []mutant {
	tooLarge := regexp.MustCompile(`([^-\d])2147483648`)
	skippedFragment := regexp.MustCompile(`(\.\.\.[^@{}]*)@skip\([^)]*\)`)
	return []mutant{
		{name: "an Int over 32 bits is accepted", asks: func(asked *request) {
			asked.Query = tooLarge.ReplaceAllString(asked.Query, "${1}2147483647")
			asked.Variables = tooLarge.ReplaceAll(asked.Variables, []byte("${1}2147483647"))
		}},
		{name: "@skip at fragments is ignored", asks: func(asked *request) {
			asked.Query = skippedFragment.ReplaceAllString(asked.Query, "$1")
		}},
		{name: "a variable that is absent is null", asks: absentIsNull},
		{name: "the first operation is executed", asks: editing(func(document *ast.QueryDocument, asked *request) {
			if len(document.Operations) > 1 {
				asked.Operation = document.Operations[0].Name
			}
		})},
		{name: "only the first of merged selections counts", asks: editing(func(document *ast.QueryDocument, _ *request) {
			everywhere(document, func(selected ast.SelectionSet) ast.SelectionSet {
				seen := make(map[string]bool)
				return slices.DeleteFunc(selected, func(s ast.Selection) bool {
					field, ok := s.(*ast.Field)
					if !ok {
						return false
					}
					again := seen[field.Alias]
					seen[field.Alias] = true
					return again
				})
			})
		})},
		{name: "aliases are ignored", asks: editing(func(document *ast.QueryDocument, _ *request) {
			everywhere(document, func(selected ast.SelectionSet) ast.SelectionSet {
				for _, s := range selected {
					if field, ok := s.(*ast.Field); ok {
						field.Alias = field.Name
					}
				}
				return selected
			})
		})},
		{name: "fields come before fragments", asks: editing(func(document *ast.QueryDocument, _ *request) {
			everywhere(document, func(selected ast.SelectionSet) ast.SelectionSet {
				slices.SortStableFunc(selected, func(a, b ast.Selection) int { return cmp.Compare(fragments(a), fragments(b)) })
				return selected
			})
		})},
		{
			name: "mutations are executed from the last to the first",
			asks: editing(func(document *ast.QueryDocument, _ *request) {
				for _, operation := range document.Operations {
					if operation.Operation == ast.Mutation {
						slices.Reverse(operation.SelectionSet)
					}
				}
			}),
		},
	}
}

// fragments is 1 for a fragment, and 0 for a field.
func fragments(s ast.Selection) int {
	if _, ok := s.(*ast.Field); ok {
		return 0
	}
	return 1
}

// editing edits a document that can be parsed.
func editing(edit func(document *ast.QueryDocument, asked *request)) func(*request) {
	return func(asked *request) {
		document, err := parser.ParseQuery(&ast.Source{Input: asked.Query})
		if err != nil {
			return
		}
		edit(document, asked)
		var printed bytes.Buffer
		formatter.NewFormatter(&printed).FormatQueryDocument(document)
		asked.Query = printed.String()
	}
}

// everywhere edits each set of selections.
func everywhere(document *ast.QueryDocument, edit func(ast.SelectionSet) ast.SelectionSet) {
	var below func(selected ast.SelectionSet) ast.SelectionSet
	below = func(selected ast.SelectionSet) ast.SelectionSet {
		for _, s := range selected {
			switch s := s.(type) {
			case *ast.Field:
				s.SelectionSet = below(s.SelectionSet)
			case *ast.InlineFragment:
				s.SelectionSet = below(s.SelectionSet)
			}
		}
		return edit(selected)
	}
	for _, operation := range document.Operations {
		operation.SelectionSet = below(operation.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		fragment.SelectionSet = below(fragment.SelectionSet)
	}
}

func absentIsNull(asked *request) {
	given := map[string]json.RawMessage{}
	if len(asked.Variables) > 0 && json.Unmarshal(asked.Variables, &given) != nil {
		return
	}
	for _, declared := range regexp.MustCompile(`\$(\w+):`).FindAllStringSubmatch(asked.Query, -1) {
		if _, ok := given[declared[1]]; !ok {
			given[declared[1]] = json.RawMessage("null")
		}
	}
	asked.Variables, _ = json.Marshal(given) // of what was unmarshalled
}

// defaults are those of the arguments of the field that is resolved.
func defaults(p *graphql.ResolveParams) map[string]any {
	found := make(map[string]any)
	if parent, ok := p.Info.ParentType.(*graphql.Object); ok {
		for _, argument := range parent.Fields()[p.Info.FieldName].Args {
			found[argument.PrivateName] = argument.DefaultValue
		}
	}
	return found
}

func resolvingMutants() []mutant {
	return []mutant{
		{name: "a null is replaced by the default", hook: func(p *graphql.ResolveParams) {
			for name, value := range defaults(p) {
				if given, ok := p.Args[name]; ok && given == nil {
					p.Args[name] = value
				}
			}
		}},
		{name: "defaults of arguments are ignored", hook: func(p *graphql.ResolveParams) {
			for name, value := range defaults(p) {
				if _, isList := value.([]any); value != nil && !isList && p.Args[name] == value {
					delete(p.Args, name)
				}
			}
		}},
		{name: "an argument that is absent is null", hook: func(p *graphql.ResolveParams) {
			for name := range defaults(p) {
				if _, ok := p.Args[name]; !ok {
					p.Args[name] = nil
				}
			}
		}},
		{name: "an enum's name is passed for its value", hook: func(p *graphql.ResolveParams) {
			if p.Args["v"] == "g" {
				p.Args["v"] = "GREEN"
			}
		}},
		{name: "an empty list is passed as null", hook: func(p *graphql.ResolveParams) {
			if list, ok := p.Args["v"].([]any); ok && len(list) == 0 {
				p.Args["v"] = nil
			}
		}},
	}
}

// each makes a mutant that edits every value of the data.
func each(name string, edit func(key string, value any) any) mutant {
	var below func(key string, value any) any
	below = func(key string, value any) any {
		switch value := value.(type) {
		case object:
			for i, m := range value {
				value[i].value = below(m.key, m.value)
			}
		case []any:
			for i, item := range value {
				value[i] = below(key, item)
			}
		}
		return edit(key, value)
	}
	return mutant{name: name, answers: func(r *response) { r.data = below("", r.data) }}
}

func dataMutants() []mutant {
	return []mutant{
		each("keys are sorted by name", func(_ string, value any) any {
			if members, ok := value.(object); ok {
				slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
			}
			return value
		}),
		each("an enum's value is sent for its name", func(_ string, value any) any {
			if value == "GREEN" {
				return "g"
			}
			return value
		}),
		each("null items are left out of lists", func(_ string, value any) any {
			if list, ok := value.([]any); ok {
				return slices.DeleteFunc(list, func(item any) bool { return item == nil })
			}
			return value
		}),
		each("an empty list is sent as null", func(_ string, value any) any {
			if list, ok := value.([]any); ok && len(list) == 0 {
				return nil
			}
			return value
		}),
		each("__typename is the interface", func(key string, value any) any {
			if key == "__typename" && value == "User" {
				return "Node"
			}
			return value
		}),
		each("a float loses digits", func(_ string, value any) any {
			if number, ok := value.(json.Number); ok && strings.Contains(string(number), ".") {
				float, _ := number.Float64()
				rounded, _ := json.Marshal(math.Round(float))
				return json.Number(rounded)
			}
			return value
		}),
		each("code points over U+FFFF are lost", func(_ string, value any) any {
			if s, ok := value.(string); ok {
				return strings.ReplaceAll(s, "😀", "\uFFFD\uFFFD")
			}
			return value
		}),
	}
}

// put puts a value at a path.
func (r *response) put(path []any, value any) {
	if len(path) == 0 {
		r.data = value
		return
	}
	holder := r.data
	for _, step := range path[:len(path)-1] {
		holder = at(holder, step)
	}
	switch holder := holder.(type) {
	case object:
		for i := range holder {
			if holder[i].key == path[len(path)-1] {
				holder[i].value = value
			}
		}
	case []any:
		if i, ok := path[len(path)-1].(json.Number); ok {
			index, _ := i.Int64()
			holder[index] = value
		}
	}
}

func errorMutants() []mutant {
	return []mutant{
		{name: "a value stands beside its error", answers: func(r *response) {
			for _, path := range r.paths {
				if nullAt(r.data, path) == len(path) {
					r.put(path, json.Number("0"))
				}
			}
		}},
		{name: "null stops where it must not", answers: func(r *response) {
			for _, path := range r.paths {
				if null := nullAt(r.data, path); null >= 0 && null < len(path) {
					if key, ok := path[null].(string); ok {
						r.put(path[:null], object{{key: key}})
					}
				}
			}
		}},
		{name: "null spreads too far", answers: func(r *response) {
			for _, path := range r.paths {
				if null := nullAt(r.data, path); null > 0 {
					r.put(path[:null-1], nil)
				}
			}
		}},
		{name: "indexes in paths are off by one", answers: func(r *response) {
			for _, path := range r.paths {
				for i, step := range path {
					if index, ok := step.(json.Number); ok {
						path[i] = json.Number(string(index) + "1")
					}
				}
			}
		}},
		{name: "paths lack their last step", answers: func(r *response) {
			for i, path := range r.paths {
				r.paths[i] = path[:max(0, len(path)-1)]
			}
		}},
		{name: "errors are left out", answers: func(r *response) { r.paths = nil }},
		{name: "an error is sent twice", answers: func(r *response) { r.paths = append(r.paths, r.paths...) }},
	}
}

// answer is the outcome of the adapter with the mistake. A document that the
// mistake has made invalid is asked as it was.
func (m mutant) answer(ask func(request) outcome, asked request) outcome {
	mistaken := asked
	if m.asks != nil {
		m.asks(&mistaken)
	}
	answered := ask(mistaken)
	if answered.Refused && m.asks != nil {
		answered = ask(asked)
	}
	if m.answers == nil || answered.Refused {
		return answered
	}
	r, err := newResponse(answered.Body)
	if err != nil {
		return answered
	}
	m.answers(&r)
	answered.Body = r.encode()
	return answered
}

// encode writes a response that has paths for errors.
func (r response) encode() []byte {
	body := object{{key: "data", value: r.data}}
	if len(r.paths) > 0 {
		errors := make([]any, len(r.paths))
		for i, path := range r.paths {
			errors[i] = object{{key: "path", value: path}}
		}
		body = append(body, member{key: "errors", value: errors})
	}
	return encode(body)
}
