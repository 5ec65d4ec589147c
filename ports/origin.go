package ports

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// OriginAllowed says whether a page of an origin may connect to a host, so that
// pages of other sites do not connect with the cookies of their visitors. Each
// transport that takes handshakes has it as its setting Origins.
//
// Patterns (path.Match, any case) match hosts, or whole origins when they contain
// "://": "app.example.com", "*.example.com", "https://app.example.com", "*" for all.
// An origin whose host is the host itself is allowed always, and so is an empty one:
// no browser sent the request. A malformed pattern matches nothing;
// CheckOrigins finds it.
func OriginAllowed(origin, host string, patterns []string) bool {
	if origin == "" {
		return true
	}
	parsed, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if strings.EqualFold(parsed.Host, host) {
		return true
	}
	for _, pattern := range patterns {
		subject := parsed.Host
		if strings.Contains(pattern, "://") {
			subject = origin
		}
		if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(subject)); ok {
			return true
		}
	}
	return false
}

// CheckOrigins says which of the patterns matches no origin, because of its form: one
// that is empty or malformed, or has a path. A browser's Origin has none, and no slash at
// its end.
func CheckOrigins(patterns []string) error {
	for _, pattern := range patterns {
		scheme, host, whole := strings.Cut(pattern, "://")
		if !whole {
			host = scheme
		}
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("malformed pattern %q", pattern)
		}
		if host == "" {
			return fmt.Errorf("%q has no host", pattern)
		}
		if at := strings.Index(host, "/"); at >= 0 {
			return fmt.Errorf("%q has a path, and an origin has none: write %q", pattern, strings.TrimSuffix(pattern, host[at:]))
		}
	}
	return nil
}
