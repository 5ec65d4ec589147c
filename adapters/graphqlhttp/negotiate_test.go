package graphqlhttp

import "testing"

func TestNegotiate(t *testing.T) {
	tests := []struct {
		name   string
		accept []string
		want   string // empty: not acceptable
	}{
		{"absent means application/json", nil, mediaTypeJSON},
		{"empty is as good as absent", []string{"", " , "}, mediaTypeJSON},
		{"the one that is named", []string{mediaTypeGraphQL}, mediaTypeGraphQL},
		{"the other one that is named", []string{mediaTypeJSON}, mediaTypeJSON},
		{"whatever its case", []string{"Application/GraphQL-Response+JSON"}, mediaTypeGraphQL},
		{"any type means application/json", []string{"*/*"}, mediaTypeJSON},
		{"any subtype means application/json", []string{"application/*"}, mediaTypeJSON},
		{"of equals the GraphQL type", []string{"application/json, application/graphql-response+json"}, mediaTypeGraphQL},
		{"higher quality wins", []string{"application/graphql-response+json;q=0.8, application/json;q=0.9"}, mediaTypeJSON},
		{"lower quality loses", []string{"application/graphql-response+json, application/json;q=0.9"}, mediaTypeGraphQL},
		{"a name beats a wildcard of equal quality", []string{"*/*, application/graphql-response+json"}, mediaTypeGraphQL},
		{"the other name does too", []string{"application/json, */*"}, mediaTypeJSON},
		{"the narrower range counts", []string{"*/*;q=1, application/json;q=0, application/*;q=0.5"}, mediaTypeGraphQL},
		{"of a range listed twice the better", []string{"application/json;q=0", "application/json", "application/json;q=0"}, mediaTypeJSON},
		{"several header lines are one list", []string{"text/html", "application/graphql-response+json"}, mediaTypeGraphQL},
		{"utf-8 is what there is", []string{`application/graphql-response+json; charset="UTF-8"`}, mediaTypeGraphQL},
		{"another charset is not", []string{"application/graphql-response+json; charset=utf-16"}, ""},
		{"other parameters are ignored", []string{"application/graphql-response+json; incremental=v2; Q=0.5"}, mediaTypeGraphQL},
		{"a browser's list", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, mediaTypeJSON},
		{"other types only", []string{"text/html, application/xml"}, ""},
		{"quality 0 is a no", []string{"application/json;q=0, application/graphql-response+json;q=0.000"}, ""},
		{"quality 0 for anything is a no", []string{"*/*;q=0"}, ""},
		{"a malformed weight voids its range", []string{"application/json;q=much, application/graphql-response+json;q=2"}, ""},
		{"NaN is no weight", []string{"application/json;q=NaN"}, ""},
		{"a negative weight is none", []string{"application/json;q=-1"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, acceptable := negotiate(test.accept)
			if got != test.want || acceptable != (test.want != "") {
				t.Errorf("%q: %q, %v; want %q", test.accept, got, acceptable, test.want)
			}
		})
	}
}

func FuzzNegotiate(f *testing.F) {
	f.Add("application/graphql-response+json, application/json;q=0.9")
	f.Add(`*/*;q=.2, application/*; charset="utf-8"`)
	f.Fuzz(func(t *testing.T, accept string) {
		mediaType, acceptable := negotiate([]string{accept})
		known := mediaType == mediaTypeJSON || mediaType == mediaTypeGraphQL
		if known != acceptable {
			t.Errorf("%q, %v", mediaType, acceptable)
		}
	})
}
