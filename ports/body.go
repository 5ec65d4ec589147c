package ports

import (
	"io"
	"net/http"
)

// ReadBody reads the body of a request that may have so many bytes. The error is a
// *http.MaxBytesError for one that has more, or else that of reading it. Of one that is
// announced with more nothing is read: net/http answers the first read with 100 (Continue)
// where the client waits for that, and a final status is to come in its place (RFC 9110,
// section 10.1.1).
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
}
