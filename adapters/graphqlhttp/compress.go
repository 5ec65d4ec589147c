package graphqlhttp

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
)

// compressFrom is how long a body is that is worth compressing: a shorter one fits
// one packet anyway.
const compressFrom = 1400

// compress returns the body as gzip, where the client takes that (RFC 9110, section
// 12.5.3) and the body is long.
func compress(body []byte, acceptEncoding []string) (compressed []byte, ok bool) {
	if len(body) < compressFrom || !takesGzip(acceptEncoding) {
		return body, false
	}
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	// A buffer takes everything.
	_, _ = writer.Write(body)
	_ = writer.Close()
	return buffer.Bytes(), true
}

// takesGzip reads the lines of the Accept-Encoding header. The narrower range counts:
// gzip before *.
func takesGzip(lines []string) bool {
	taken := false
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			coding, parameter, _ := strings.Cut(strings.ToLower(strings.TrimSpace(element)), ";")
			switch strings.TrimSpace(coding) {
			case "gzip", "x-gzip":
				return isWanted(parameter)
			case "*":
				taken = isWanted(parameter)
			}
		}
	}
	return taken
}

// isWanted reads a weight; without one a coding is wanted.
func isWanted(parameter string) bool {
	weight, found := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
	if !found {
		return true
	}
	quality, err := strconv.ParseFloat(weight, 64)
	return err == nil && quality > 0
}
