package notices

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
)

const subscription = `subscription ($board: ID!) { notices(board: $board) { text } }`

// text is a notice as the clients ask for it.
type text struct {
	Text string `json:"text"`
}

// fixture is an engine whose clock the test holds.
type fixture struct {
	*fanqltest.Server
	auth *Auth
	now  time.Time
}

func newFixture(t *testing.T, hooks func(*Auth) core.Hooks) *fixture {
	t.Helper()
	schema, err := NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{now: time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)}
	f.auth = &Auth{Key: []byte("a key of the tests"), Now: func() time.Time { return f.now }}
	f.Server = fanqltest.New(t, core.Config{Schema: schema, Hooks: hooks(f.auth), Now: f.auth.Now})
	return f
}

// token is one of the user for an hour.
func (f *fixture) token(t *testing.T, user User) string {
	t.Helper()
	token, err := f.auth.Issue(user, f.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (f *fixture) connect(t *testing.T, user User) *fanqltest.Client {
	t.Helper()
	return f.Connect(t, fanqltest.Payload(map[string]string{"token": f.token(t, user)}))
}

func ada() User { return User{Name: "ada", Tenant: "acme"} }

func bob() User { return User{Name: "bob", Tenant: "globex"} }

// TestTenants: two tenants with boards of the same name, and one that names its board
// after the other's.
func TestTenants(t *testing.T) {
	t.Parallel()
	f := newFixture(t, (*Auth).TokenHooks)
	// docs:start tenants
	alice, mallory := f.connect(t, ada()), f.connect(t, bob())
	toAlice := alice.Subscribe(subscription, fanqltest.Variables{"board": "news"})
	toMallory := []*fanqltest.Operation{
		mallory.Subscribe(subscription, fanqltest.Variables{"board": "news"}),
		mallory.Subscribe(subscription, fanqltest.Variables{"board": "/tenant/acme/board/news"}),
		mallory.Subscribe(subscription, fanqltest.Variables{"board": "../../acme/board/news"}),
	}
	const post = `mutation { post(board: "news", text: "for acme") { text } }`
	fanqltest.Query[text](alice, post)
	if got := fanqltest.Next[text](toAlice); got.Text != "for acme" {
		t.Errorf("acme's user got %q", got.Text)
	}
	for _, operation := range toMallory {
		operation.Nothing()
	}
	// docs:end tenants
	fanqltest.Query[text](mallory, strings.Replace(post, "for acme", "for globex", 1))
	if got := fanqltest.Next[text](toMallory[0]); got.Text != "for globex" {
		t.Errorf("globex's user got %q", got.Text)
	}
	toAlice.Nothing()
	// The positions of another tenant's subscription stand for nothing here.
	if errors := mallory.Resume(toAlice).Errors(); errors[0].Extensions["code"] != core.CodeMissed {
		t.Errorf("resuming where acme's user was: %v", errors)
	}
}

// TestTokens: what lets nobody in.
func TestTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t, (*Auth).TokenHooks)
	sign := func(method jwt.SigningMethod, key any, change func(*claims)) string {
		c := claims{Tenant: "acme", RegisteredClaims: jwt.RegisteredClaims{
			Subject: "ada", Audience: jwt.ClaimStrings{"notices"}, ExpiresAt: jwt.NewNumericDate(f.now.Add(time.Hour)),
		}}
		change(&c)
		token, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(jwt.SigningMethodHS256, f.auth.Key, func(*claims) {})
	f.Connect(t, fanqltest.Payload(map[string]string{"token": good}))
	for name, payload := range map[string]any{
		"no payload":       nil,
		"no token":         map[string]string{"token": ""},
		"another key":      map[string]string{"token": sign(jwt.SigningMethodHS256, []byte("another"), func(*claims) {})},
		"another method":   map[string]string{"token": sign(jwt.SigningMethodHS512, f.auth.Key, func(*claims) {})},
		"no signature":     map[string]string{"token": sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, func(*claims) {})},
		"another audience": map[string]string{"token": sign(jwt.SigningMethodHS256, f.auth.Key, func(c *claims) { c.Audience = jwt.ClaimStrings{"billing"} })},
		"expired":          map[string]string{"token": sign(jwt.SigningMethodHS256, f.auth.Key, func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(f.now) })},
		"for ever":         map[string]string{"token": sign(jwt.SigningMethodHS256, f.auth.Key, func(c *claims) { c.ExpiresAt = nil })},
		"nobody":           map[string]string{"token": sign(jwt.SigningMethodHS256, f.auth.Key, func(c *claims) { c.Subject = "" })},
		"no tenant":        map[string]string{"token": sign(jwt.SigningMethodHS256, f.auth.Key, func(c *claims) { c.Tenant = "" })},
		"two tenants":      map[string]string{"token": sign(jwt.SigningMethodHS256, f.auth.Key, func(c *claims) { c.Tenant = "acme/board" })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if refusal := f.Refused(t, fanqltest.Payload(payload)); refusal.Code != 4403 {
				t.Errorf("got %d %q, want 4403", refusal.Code, refusal.Reason)
			}
		})
	}
}

// TestATokenExpires: nothing is received on a connection after its token's time.
func TestATokenExpires(t *testing.T) {
	t.Parallel()
	f := newFixture(t, (*Auth).TokenHooks)
	client := f.connect(t, ada())
	client.Subscribe(subscription, fanqltest.Variables{"board": "news"})
	f.now = f.now.Add(time.Hour)
	if err := f.Engine.Publish(t.Context(), Board("acme", "news").Event(Notice{Text: "too late"})); err != nil {
		t.Fatal(err)
	}
	client.Closed(4403)
}

// TestSignOut: the sockets of the user are closed, and those of nobody else.
func TestSignOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, (*Auth).TokenHooks)
	laptop, phone := f.connect(t, ada()), f.connect(t, ada())
	namesake := f.connect(t, User{Name: "ada", Tenant: "globex"})
	signOut := f.auth.Middleware(f.auth.SignOut(f.Engine.Publisher))

	request := httptest.NewRequest(http.MethodPost, "/sign-out", nil)
	answer := httptest.NewRecorder()
	signOut.ServeHTTP(answer, request)
	if answer.Code != http.StatusUnauthorized {
		t.Errorf("nobody signed out with %d", answer.Code)
	}
	request.AddCookie(&http.Cookie{Name: "session", Value: f.token(t, ada())})
	answer = httptest.NewRecorder()
	signOut.ServeHTTP(answer, request)
	if cookies := answer.Result().Cookies(); answer.Code != http.StatusOK || len(cookies) != 1 || cookies[0].MaxAge >= 0 {
		t.Errorf("answered %d with the cookies %v", answer.Code, cookies)
	}
	laptop.Closed(4403)
	phone.Closed(4403)
	if me := fanqltest.Query[string](namesake, `{ me }`); me != "ada" {
		t.Errorf("the user of the same name is %q", me)
	}
}

// serve runs a whole server on the clock of the machine.
func serve(t *testing.T, auth *Auth, hooks core.Hooks) (base string) {
	t.Helper()
	server, err := NewServer(auth, hooks, nil, http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(server.Handler())
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		front.Close()
	})
	return front.URL
}

// ask sends a request and returns its status and its answer, of a handshake without the
// socket.
func ask(t *testing.T, method, url, body string, header map[string]string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response.StatusCode, ""
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(answer))
}

// TestHTTP: queries and mutations are closed too.
func TestHTTP(t *testing.T) {
	t.Parallel()
	auth := &Auth{Key: []byte("a key of the tests")}
	base := serve(t, auth, auth.TokenHooks())
	token, err := auth.Issue(ada(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		header, value string
		status        int
		body          string
	}{
		"nobody":      {"Authorization", "", http.StatusUnauthorized, `{"errors":[{"message":"sign in"}]}`},
		"wrong token": {"Authorization", "Bearer " + token + "x", http.StatusUnauthorized, `{"errors":[{"message":"sign in"}]}`},
		"header":      {"Authorization", "Bearer " + token, http.StatusOK, `{"data":{"me":"ada"}}`},
		"cookie":      {"Cookie", "session=" + token, http.StatusOK, `{"data":{"me":"ada"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := ask(t, http.MethodPost, base+"/graphql", `{"query":"{ me }"}`,
				map[string]string{"Content-Type": "application/json", test.header: test.value})
			if status != test.status || body != test.body {
				t.Errorf("got %d %s, want %d %s", status, body, test.status, test.body)
			}
		})
	}
}

// TestCookies: a handshake needs the cookie, and a page its server's own origin.
func TestCookies(t *testing.T) {
	t.Parallel()
	auth := &Auth{Key: []byte("a key of the tests")}
	base := serve(t, auth, auth.CookieHooks())
	token, err := auth.Issue(ada(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		cookie, origin string
		status         int
	}{
		"a page of the server":               {"session=" + token, base, http.StatusSwitchingProtocols},
		"no page":                            {"session=" + token, "", http.StatusSwitchingProtocols},
		"no cookie":                          {"other=" + token, base, http.StatusUnauthorized},
		"a cookie that is wrong":             {"session=x" + token, base, http.StatusUnauthorized},
		"a visitor's cookie, another's page": {"session=" + token, "https://evil.example", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := map[string]string{
				"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
				"Sec-WebSocket-Protocol": "graphql-transport-ws", "Cookie": test.cookie,
			}
			if test.origin != "" {
				header["Origin"] = test.origin
			}
			if status, body := ask(t, http.MethodGet, base+"/graphql", "", header); status != test.status {
				t.Errorf("got %d %s, want %d", status, body, test.status)
			}
		})
	}
}

// TestTheCookieIsTheUser: subscriptions and mutations over a socket have the user of its
// handshake.
func TestTheCookieIsTheUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t, (*Auth).CookieHooks)
	client := f.Connect(t, fanqltest.Header("Cookie", "session="+f.token(t, ada())))
	if me := fanqltest.Query[string](client, `{ me }`); me != "ada" {
		t.Errorf("the user is %q", me)
	}
	if refusal := f.Refused(t); refusal.Status != http.StatusUnauthorized {
		t.Errorf("without a cookie: %d %q", refusal.Status, refusal.Reason)
	}
}

// TestSDL: the schema that Relay compiles against is the server's. UPDATE=1 writes it.
func TestSDL(t *testing.T) {
	t.Parallel()
	schema, err := NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	const file = "react/schema.graphql"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(schema.SDL()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != schema.SDL() {
		t.Errorf("%s is another schema (%v): UPDATE=1 go test ./examples/notices", file, err)
	}
}
