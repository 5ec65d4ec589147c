// Package web serves the chat's pages, which are built from the sources beside it.
package web

import (
	"cmp"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
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
	files := pages{http.Dir(folder)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch r.URL.Path {
		case "/":
			files.serve(w, r, "/index.html")
		case "/explorer":
			files.serve(w, r, "/explorer.html")
		case "/config.json": // the endpoints are where the pages expect them
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", revalidated)
			_, _ = w.Write([]byte("{}"))
		default:
			files.serve(w, r, r.URL.Path)
		}
	})
}

// How long a browser keeps a file. The names of assets have a hash of their content,
// so that what such a name stands for never changes; pages name the assets of their
// own build, so a browser asks each time whether they are still the same.
const (
	kept        = "public, max-age=31536000, immutable"
	revalidated = "no-cache"
)

// pages are the files of a folder. The build puts a compressed copy, with .gz behind
// its name, beside each that is worth it.
type pages struct{ http.FileSystem }

func (p pages) serve(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Add("Vary", "Accept-Encoding")
	content := mime.TypeByExtension(path.Ext(name))
	if content != "" && takesGzip(r.Header) {
		if compressed, modified, err := p.file(name + ".gz"); err == nil {
			defer func() { _ = compressed.Close() }()
			w.Header().Set("Content-Encoding", "gzip")
			p.send(w, r, name, content, modified, compressed)
			return
		}
	}
	file, modified, err := p.file(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = file.Close() }()
	p.send(w, r, name, content, modified, file)
}

// file opens what is no folder.
func (p pages) file(name string) (http.File, time.Time, error) {
	file, err := p.Open(name)
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, time.Time{}, errors.Join(err, file.Close())
	}
	return file, info.ModTime(), nil
}

func (pages) send(w http.ResponseWriter, r *http.Request, name, content string, modified time.Time, file http.File) {
	caching := revalidated
	if strings.HasPrefix(name, "/assets/") {
		caching = kept
	}
	w.Header().Set("Cache-Control", caching)
	if content != "" {
		w.Header().Set("Content-Type", content)
	}
	http.ServeContent(w, r, name, modified, file)
}

// takesGzip reads the Accept-Encoding header (RFC 9110, section 12.5.3).
func takesGzip(header http.Header) bool {
	for coding := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, parameters, err := mime.ParseMediaType(coding)
		if err != nil || name != "gzip" {
			continue
		}
		weight, err := strconv.ParseFloat(cmp.Or(parameters["q"], "1"), 64)
		return err == nil && weight > 0
	}
	return false
}

// Built reports whether the folder has the pages.
func Built(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "index.html"))
	return err == nil
}
