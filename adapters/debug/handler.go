package debug

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// patience is how long a page waits for Config.DeadLetters.
const patience = 2 * time.Second

// page draws what it fetches as JSON: html/template in its place makes each program
// that links fanql.Server 3 MB larger.
//
//go:embed page.html
var page string

// Handler answers GET with the page; with ?format=json as JSON, which is a Snapshot; and
// with ?format=prometheus as metrics. Anybody who reaches it reads it: it must never be
// public. It is for one path, such as /debug/fanql.
func (o *Observer) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET is answered", http.StatusMethodNotAllowed)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch format := r.URL.Query().Get("format"); format {
		case "":
			servePage(w)
		case "json":
			o.serveJSON(ctx, w)
		case "prometheus":
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			_ = o.WritePrometheus(ctx, w) // the client has gone
		default:
			http.Error(w, "format is none of json, prometheus", http.StatusBadRequest)
		}
	})
}

func (o *Observer) serveJSON(ctx context.Context, w http.ResponseWriter) {
	text, err := json.Marshal(o.Snapshot(ctx))
	if err != nil {
		http.Error(w, "the snapshot could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n')) // the client has gone
}

// servePage lets the page load nothing but its own figures, and run no script but its
// own.
func servePage(w http.ResponseWriter) {
	nonce := rand.Text()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+
		"'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = io.WriteString(w, strings.ReplaceAll(page, "NONCE", nonce)) // the client has gone
}
