package notices

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// docs:start verify

// User is who asks, as a verified token has it. It is the state of a connection.
type User struct {
	Name   string `json:"name"`
	Tenant string `json:"tenant"`
}

// Identity is the user's name among those of all tenants.
func (u User) Identity() string { return u.Tenant + "/" + u.Name }

// claims are those of a token.
type claims struct {
	jwt.RegisteredClaims
	Tenant string `json:"tenant"`
}

// Auth signs users in.
type Auth struct {
	// Key verifies tokens.
	Key []byte
	// Now is the time; nil, time.Now.
	Now func() time.Time
}

// verify returns whom a token is for and when it expires. The error is for the client.
func (a *Auth) verify(token string) (User, time.Time, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return a.Key, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("notices"), jwt.WithExpirationRequired(), jwt.WithTimeFunc(a.Now))
	if err != nil || c.Subject == "" || c.Tenant == "" || strings.Contains(c.Tenant, "/") {
		return User{}, time.Time{}, &ports.PublicError{Status: http.StatusUnauthorized, Message: "wrong token"}
	}
	return User{Name: c.Subject, Tenant: c.Tenant}, c.ExpiresAt.Time, nil
}

// session is what the engine keeps of a user for as long as the token counts.
func (a *Auth) session(token string) (core.Session, error) {
	user, expires, err := a.verify(token)
	return core.Session{State: user, Identity: user.Identity(), NotAfter: expires}, err
}

// docs:end verify

// Issue makes a token, as the identity provider does of a real program.
func (a *Auth) Issue(user User, expires time.Time) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{Tenant: user.Tenant, RegisteredClaims: jwt.RegisteredClaims{
		Subject: user.Name, Audience: jwt.ClaimStrings{"notices"}, ExpiresAt: jwt.NewNumericDate(expires),
	}}).SignedString(a.Key)
}

// docs:start token

// TokenHooks let in whose connection_init has a token.
func (a *Auth) TokenHooks() core.Hooks {
	return core.Hooks{
		OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			var params struct{ Token string }
			if err := json.Unmarshal(payload, &params); err != nil {
				return core.Session{}, core.Public("connection_init must have a token")
			}
			return a.session(params.Token)
		},
		OnSubscribe: onlyUsers,
	}
}

// docs:end token

// docs:start cookie

// CookieHooks let in whose handshake has a cookie with a token.
func (a *Auth) CookieHooks() core.Hooks {
	return core.Hooks{
		OnConnect: func(_ context.Context, handshake ports.Handshake) (core.Session, error) {
			return a.session(cookieOf(handshake.Header))
		},
		OnSubscribe: onlyUsers,
	}
}

// cookieOf is the token in a request's cookie, or empty.
func cookieOf(header http.Header) string {
	cookie, err := (&http.Request{Header: header}).Cookie("session")
	if err != nil {
		return ""
	}
	return cookie.Value
}

// docs:end cookie

// docs:start http

// userKey is under which Middleware puts the user.
type userKey struct{}

// Middleware finds the user of a request over HTTP, in its Authorization header or its
// cookie. Whoever has neither goes on as nobody.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			token = cookieOf(r.Header)
		}
		if user, _, err := a.verify(token); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), userKey{}, user))
		}
		next.ServeHTTP(w, r)
	})
}

// userFrom is who asks: over a socket the state of the connection, over HTTP what
// Middleware found.
func userFrom(ctx context.Context) (User, error) {
	if _, ok := core.ConnectionFrom(ctx); ok {
		return core.StateAs[User](ctx)
	}
	if user, ok := ctx.Value(userKey{}).(User); ok {
		return user, nil
	}
	return User{}, &ports.PublicError{Status: http.StatusUnauthorized, Message: "sign in"}
}

// onlyUsers is asked about every operation, over sockets and over HTTP.
func onlyUsers(ctx context.Context, request ports.Request) (ports.Request, error) {
	_, err := userFrom(ctx)
	return request, err
}

// docs:end http

// docs:start sign-out

// SignOut deletes the browser's cookie, and closes all sockets of the user, on whichever
// process they are.
func (a *Auth) SignOut(publisher *core.Publisher) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := userFrom(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
		if err := publisher.CloseIdentity(r.Context(), user.Identity(), 4403, "signed out"); err != nil {
			http.Error(w, "sign out again", http.StatusServiceUnavailable)
		}
	})
}

// docs:end sign-out
