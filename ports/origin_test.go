package ports_test

import (
	"testing"

	"github.com/fanql/fanql/ports"
)

func TestOriginAllowed(t *testing.T) {
	for _, test := range []struct {
		name, origin string
		patterns     []string
		want         bool
	}{
		{"none: no browser", "", nil, true},
		{"the host's own", "https://API.example", nil, true},
		{"another", "https://evil.example", nil, false},
		{"listed", "https://APP.example", []string{"app.example"}, true},
		{"listed with its scheme", "https://app.example", []string{"https://app.example"}, true},
		{"listed with another scheme", "http://app.example", []string{"https://app.example"}, false},
		{"listed by a pattern", "https://a.example", []string{"x", "*.example"}, true},
		{"only like the pattern", "https://a.example.evil", []string{"*.example"}, false},
		{"of a port that is not listed", "https://app.example:8443", []string{"app.example"}, false},
		{"opaque", "null", []string{"app.example"}, false},
		{"all", "null", []string{"*"}, true},
		{"no URL", "https://%zz", []string{"*"}, false},
		{"malformed patterns", "https://a", []string{"[", "a]"}, false},
	} {
		if got := ports.OriginAllowed(test.origin, "api.example", test.patterns); got != test.want {
			t.Errorf("%s: %q with %q is %v, want %v", test.name, test.origin, test.patterns, got, test.want)
		}
	}
}

func TestCheckOrigins(t *testing.T) {
	for _, test := range []struct{ name, pattern, want string }{
		{"a host", "app.example", ""},
		{"a host with a port", "app.example:8443", ""},
		{"a pattern of hosts", "*.example", ""},
		{"all", "*", ""},
		{"an origin", "https://app.example:8443", ""},
		{"a pattern of origins", "*://[a-c].example", ""},
		{"malformed", "https://[", `malformed pattern "https://["`},
		{"an origin with a slash", "https://app.example/", `"https://app.example/" has a path, and an origin has none: write "https://app.example"`},
		{"an origin with a path", "https://app.example/chat/1", `"https://app.example/chat/1" has a path, and an origin has none: write "https://app.example"`},
		{"a host with a path", "app.example/chat", `"app.example/chat" has a path, and an origin has none: write "app.example"`},
		{"empty: the host of an opaque origin", "", `"" has no host`},
		{"a scheme alone", "https://", `"https://" has no host`},
	} {
		var got string
		if err := ports.CheckOrigins([]string{"b.example", test.pattern}); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
