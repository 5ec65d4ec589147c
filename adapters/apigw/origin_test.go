package apigw_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/apigw"
)

func TestOrigins(t *testing.T) {
	const own = "https://abc123.execute-api.eu-west-1.amazonaws.com"
	for _, test := range []struct {
		name, headers string
		config        apigw.HandlerConfig
		want          int
	}{
		{"no browser", `"Host": ["abc123.execute-api.eu-west-1.amazonaws.com"]`, apigw.HandlerConfig{}, 200},
		{"another site's, with a cookie", `"Origin": ["https://evil.example"], "Cookie": ["session=1"]`, apigw.HandlerConfig{}, 403},
		{"its own, by the domain", `"Origin": ["` + own + `"]`, apigw.HandlerConfig{}, 200},
		{"its own, by the host", `"origin": ["https://chat.example"], "host": ["chat.example"]`, apigw.HandlerConfig{}, 200},
		{"listed", `"Origin": ["https://app.example"]`, apigw.HandlerConfig{Origins: []string{"app.example"}}, 200},
		{"not listed", `"Origin": ["https://evil.example"]`, apigw.HandlerConfig{Origins: []string{"app.example"}}, 403},
		{"two of them", `"Origin": ["https://app.example", "https://evil.example"]`, apigw.HandlerConfig{Origins: []string{"*"}}, 403},
		{
			"a check of its own", `"Origin": ["x"], "Host": ["h"]`,
			apigw.HandlerConfig{CheckOrigin: func(r *http.Request) bool {
				return r.Header.Get("Origin") == "x" && r.Host == "h" && r.URL.Query().Get("token") == "1"
			}},
			200,
		},
		{"a check of its own refuses", `"Host": ["h"]`, apigw.HandlerConfig{CheckOrigin: func(*http.Request) bool { return false }}, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			test.config.Engine, test.config.Logger = newFakeEngine(), slog.New(slog.NewTextHandler(&log, nil))
			event := fmt.Sprintf(`{"multiValueHeaders": {%s}, "multiValueQueryStringParameters": {"token": ["1"]}, %s}`, test.headers, connectContext)
			response, err := invoke(t, test.config, event)
			if err != nil || response.StatusCode != test.want {
				t.Errorf("answered %d (%v), want %d", response.StatusCode, err, test.want)
			}
			if refused := strings.Contains(log.String(), "apigw.HandlerConfig.Origins"); refused != (test.want == 403) {
				t.Errorf("logged %q", &log)
			}
		})
	}
}

func TestOriginsThatNothingMatchesAreRefused(t *testing.T) {
	_, err := apigw.NewHandler(apigw.HandlerConfig{Engine: newFakeEngine(), Origins: []string{"a", "https://b/"}})
	want := `apigw.NewHandler: invalid: apigw.HandlerConfig.Origins: "https://b/" has a path, and an origin has none: write "https://b"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
