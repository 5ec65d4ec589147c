// Package web serves the chat's pages, which are built from the sources beside it.
package web

import (
	"net/http"
	"os"
	"path/filepath"
)

// policy lets the pages load nothing from anywhere else. The explorer's editor
// sets styles of its own and runs workers.
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; " +
	"connect-src 'self' ws: wss:; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

// Folder is where `make web` puts the built pages, seen from the repository's root.
const Folder = "examples/chat/web/dist"

// Handler serves the built pages of a folder, or says how to build them.
func Handler(folder string) http.Handler {
	if !Built(folder) {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "The pages are not built. Run `make run`, which needs npm. GraphQL is at /graphql.", http.StatusNotFound)
		})
	}
	files := http.FileServer(http.Dir(folder))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch r.URL.Path {
		case "/explorer":
			http.ServeFile(w, r, filepath.Join(folder, "explorer.html"))
		case "/config.json": // the endpoints are where the pages expect them
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		default:
			files.ServeHTTP(w, r)
		}
	})
}

// Built reports whether the folder has the pages.
func Built(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "index.html"))
	return err == nil
}
