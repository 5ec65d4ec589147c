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
		{"events where only they are named", []string{"text/event-stream"}, mediaTypeEvents},
		{"events whatever their case and weight", []string{"Text/Event-Stream;q=0.1"}, mediaTypeEvents},
		{"events beside anything", []string{"text/event-stream, */*"}, mediaTypeEvents},
		{"urql's subscription", []string{"text/event-stream, multipart/mixed"}, mediaTypeEvents},
		{"urql's query", []string{"application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"}, mediaTypeGraphQL},
		{"events that are preferred", []string{"text/event-stream, application/json;q=0.9"}, mediaTypeEvents},
		{"JSON that is preferred", []string{"text/event-stream;q=0.9, application/json"}, mediaTypeJSON},
		{"events with quality 0", []string{"text/event-stream;q=0"}, ""},
		{"any text is no stream", []string{"text/*"}, ""},
		{"Apollo Client's subscription", []string{"multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9"}, mediaTypeMultipart},
		{"Apollo Kotlin's subscription", []string{`multipart/mixed;subscriptionSpec="1.0", application/json`}, mediaTypeMultipart},
		{"multipart for defer", []string{"multipart/mixed;deferSpec=20220824,application/json"}, mediaTypeJSON},
		{"multipart of another version", []string{"multipart/mixed;subscriptionSpec=2.0"}, ""},
		{"multipart that is not preferred", []string{"multipart/mixed;subscriptionSpec=1.0;q=0.5, application/json"}, mediaTypeJSON},
		{"both streams: no part for urql", []string{"multipart/mixed;subscriptionSpec=1.0, text/event-stream"}, mediaTypeEvents},
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
		known := mediaType == mediaTypeJSON || mediaType == mediaTypeGraphQL || isStream(mediaType)
		if known != acceptable {
			t.Errorf("%q, %v", mediaType, acceptable)
		}
	})
}
