package graphqlhttp

import (
	"math"
	"strconv"
	"strings"
)

// The media types of a response. See GraphQL over HTTP, "Media Types".
const (
	mediaTypeGraphQL = "application/graphql-response+json"
	mediaTypeJSON    = "application/json"
)

// The media types of a stream: GraphQL over Server-Sent Events, and the multipart
// protocol, which a range of it asks for by the parameter subscriptionSpec=1.0.
const (
	mediaTypeEvents    = "text/event-stream"
	mediaTypeMultipart = "multipart/mixed"
)

// How narrowly a media range names a media type (RFC 9110, section 12.5.1).
const (
	unnamed = iota
	anyType
	anySubtype
	exact
)

// preference is how much a client wants one media type.
type preference struct {
	// specificity is that of the narrowest range so far; its quality counts.
	specificity int
	quality     float64
}

// negotiate chooses the media type of the response by the lines of the Accept
// header: the higher quality wins; of equals application/graphql-response+json
// if the client names it, else application/json. No ranges at all mean that
// anything will do. A stream is chosen only where the client names it: a multipart
// one, which clients ask for in a subscription only, also where it names JSON as well,
// events not, because clients name them in every request. Not acceptable: the client
// wants none of them.
func negotiate(accept []string) (mediaType string, acceptable bool) {
	var graphql, plain preference
	var events, parts float64 // their qualities
	anything := true
	for _, line := range accept {
		// A quoted comma would end a range early; no parameter of these media
		// types has one.
		for element := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(element) == "" {
				continue
			}
			anything = false
			mediaRange, quality, spec, ok := parseRange(element)
			switch {
			case !ok:
			case strings.EqualFold(mediaRange, mediaTypeEvents):
				events = max(events, quality)
			case strings.EqualFold(mediaRange, mediaTypeMultipart) && spec == "1.0":
				parts = max(parts, quality)
			default:
				graphql.consider(mediaRange, mediaTypeGraphQL, quality)
				plain.consider(mediaRange, mediaTypeJSON, quality)
			}
		}
	}
	switch {
	case anything:
		return mediaTypeJSON, true
	case events >= parts && plain.losesTo(events) && graphql.losesTo(events):
		return mediaTypeEvents, true
	case parts > 0 && parts >= graphql.quality && parts >= plain.quality:
		return mediaTypeMultipart, true
	case graphql.quality == 0 && plain.quality == 0:
		return "", false
	case graphql.quality > plain.quality,
		graphql.quality == plain.quality && graphql.specificity == exact:
		return mediaTypeGraphQL, true
	default:
		return mediaTypeJSON, true
	}
}

// losesTo reports whether a type that the client names with a quality comes before:
// of equals unless this one is named too.
func (p preference) losesTo(quality float64) bool {
	return quality > p.quality || quality == p.quality && quality > 0 && p.specificity == anyType
}

// consider lets a range of the Accept header count if no narrower one has.
func (p *preference) consider(mediaRange, mediaType string, quality float64) {
	specificity := unnamed
	switch {
	case strings.EqualFold(mediaRange, mediaType):
		specificity = exact
	case strings.EqualFold(mediaRange, "application/*"):
		specificity = anySubtype
	case mediaRange == "*/*":
		specificity = anyType
	}
	switch {
	case specificity > p.specificity:
		*p = preference{specificity: specificity, quality: quality}
	case specificity == p.specificity && specificity != unnamed:
		p.quality = max(p.quality, quality)
	}
}

// parseRange splits one element of an Accept header. It is not ok if its weight
// is malformed or if it asks for a charset other than UTF-8; of other parameters only
// subscriptionSpec counts.
func parseRange(element string) (mediaRange string, quality float64, spec string, ok bool) {
	mediaRange, params, _ := strings.Cut(element, ";")
	quality = 1
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		name, value = strings.TrimSpace(name), strings.Trim(value, ` "`)
		switch {
		case strings.EqualFold(name, "q"):
			var err error
			quality, err = strconv.ParseFloat(value, 64)
			if err != nil || math.IsNaN(quality) || quality < 0 || quality > 1 {
				return "", 0, "", false
			}
		case strings.EqualFold(name, "charset") && !strings.EqualFold(value, "utf-8"):
			return "", 0, "", false
		case strings.EqualFold(name, "subscriptionSpec"):
			spec = value
		}
	}
	return strings.TrimSpace(mediaRange), quality, spec, true
}
