package core

import (
	"fmt"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"
)

func TestSurveyCountsTokens(t *testing.T) {
	for text, want := range map[string]int{
		"":         0,
		"{ a, b }": 4,
		"query Q($x: Int! = -1.5e3) { f(x: $x) }": 20,
		`{ f(s: "a b {") }`:                       8,
		`{ f(s: """a "quoted" b""") } # { { {`:    8,
		"{ a ...on T { b } }":                     8,
	} {
		if tokens, _ := survey(text); tokens != want {
			t.Errorf("%s: %d tokens, want %d", text, tokens, want)
		}
	}
}

func TestADocumentOfTooManyTokensIsRefusedBeforeItIsParsed(t *testing.T) {
	schema, err := graphql.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"a": {Type: graphql.Int}}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	most := limits{tokens: 100, depth: 25, aliases: 100}
	for fields, want := range map[int]string{98: "", 99: "the document has more than 100 tokens"} {
		_, errs := parse(schema, "{"+strings.Repeat(" a", fields)+"}", most)
		if got := strings.Join(messages(errs), "; "); got != want {
			t.Errorf("%d fields: %q, want %q", fields, got, want)
		}
	}
	if _, errs := parse(schema, strings.Repeat("{", 101), most); len(errs) != 1 || !strings.Contains(errs[0].Message, "tokens") {
		t.Errorf("got %v", errs)
	}
}

func TestDocumentCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	schema, err := graphql.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"a": {Type: graphql.Int}}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	text := func(i int) string { return fmt.Sprintf("{ a%d: a }", i) }
	cache := newDocumentCache(&Config{Schema: schema, DocumentCacheBytes: 3 * len(text(0)), MaxDocumentTokens: 10, MaxDepth: 1, MaxAliases: 1})
	for _, i := range []int{0, 1, 2, 0, 3} {
		if _, errs := cache.get(text(i)); errs != nil {
			t.Fatal(errs)
		}
	}
	for i, kept := range []bool{true, false, true, true} {
		if found := cache.lookup(text(i)) != nil; found != kept {
			t.Errorf("document %d is kept: %v, want %v", i, found, kept)
		}
	}
	if _, errs := cache.get("{ nope }"); errs == nil || cache.lookup("{ nope }") != nil {
		t.Error("an invalid document is kept")
	}
}

func messages(errs responseErrors) []string {
	texts := make([]string, len(errs))
	for i := range errs {
		texts[i] = errs[i].Message
	}
	return texts
}
