package local

import (
	"encoding/json"
	"fmt"
	"strings"
)

const defaultRoute = "$default"

// route evaluates the route selection expression on a message.
func (g *Gateway) route(body []byte) string {
	path, ok := strings.CutPrefix(g.config.RouteSelection, "$request.body.")
	if !ok {
		return defaultRoute
	}
	var value any
	if json.Unmarshal(body, &value) != nil {
		return defaultRoute
	}
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		if value, ok = object[name]; !ok {
			return defaultRoute
		}
	}
	if key := fmt.Sprint(value); g.routes[key] {
		return key
	}
	return defaultRoute
}
