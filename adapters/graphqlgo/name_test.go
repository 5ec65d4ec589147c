package graphqlgo

import (
	"testing"

	"github.com/graphql-go/graphql"
)

func TestNamesAreThoseOfGraphQLGo(t *testing.T) {
	t.Parallel()
	texts := []string{"", "é", "aé", "a\n"}
	for a := range 128 {
		for b := range 128 {
			texts = append(texts, string(rune(a)), string([]byte{byte(a), byte(b)}), string([]byte{'a', byte(a), byte(b)}))
		}
	}
	for _, text := range texts {
		if got, want := isName(text), graphql.NameRegExp.MatchString(text); got != want {
			t.Errorf("isName(%q) is %t, want %t", text, got, want)
		}
	}
}
