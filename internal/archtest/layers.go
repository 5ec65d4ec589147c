package archtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const module = "github.com/fanql/fanql/"

// layer is a part of the module and what it may link besides the standard
// library, directly or through what it imports. Patterns are as the go
// command's: "x" is one package, "x/..." it and all below it.
type layer struct {
	packages string
	links    []string
	// composes is true for what stands above all layers: it imports anything.
	composes bool
}

// layers are in order: the first one that has a package counts.
func layers() []layer {
	return []layer{
		{packages: module + "ports/...", links: []string{module + "ports/..."}},
		room("wire"),
		room("filter"),
		room("identity"),
		room("observe"),
		room("hooks"),
		room("run", "filter", "hooks", "observe"),
		room("peer", "run", "filter", "identity", "hooks", "observe", "wire"),
		room("session", "peer", "run", "filter", "identity", "hooks", "observe", "wire"),
		room("delivery", "peer", "run", "filter", "identity", "hooks", "observe", "wire"),
		{packages: module + "core/...", links: []string{module + "core/...", module + "ports"}},

		{packages: module + "internal/graphql/...", links: append(gqlparser(), module+"internal/graphql/...", module+"ports")},
		adapter("graphqlgo", append(gqlparser(), module+"internal/graphql/...", "github.com/graphql-go/graphql/...")...),
		adapter("gqlgen", append(gqlparser(), module+"internal/graphql/...", "github.com/99designs/gqlgen/...",
			"github.com/google/uuid", "github.com/sosodev/duration", "golang.org/x/sync/semaphore")...),
		adapter("apigw/local", module+"adapters/apigw", "github.com/aws/...", "github.com/gobwas/..."),
		adapter("apigw", "github.com/aws/..."),
		adapter("callback"),
		adapter("debug"),
		adapter("dynamodb", "github.com/aws/..."),
		adapter("emf"),
		adapter("graphqlhttp"),
		adapter("memory"),
		adapter("otel", "go.opentelemetry.io/otel/...", "github.com/cespare/xxhash/..."),
		adapter("redis", "github.com/redis/...", "github.com/cespare/xxhash/...", "go.uber.org/atomic/...", "golang.org/x/sys/..."),
		adapter("websocket", "github.com/gobwas/..."),

		{packages: strings.TrimSuffix(module, "/"), links: append(engine(),
			module+"adapters/callback", module+"adapters/debug", module+"adapters/graphqlhttp", module+"adapters/memory", module+"adapters/websocket/...", "github.com/gobwas/...")},
		// The SDK's core, and none of its clients.
		{packages: module + "fanqllambda", links: append(engine(),
			module+"adapters/apigw", module+"adapters/callback", module+"adapters/emf", module+"adapters/graphqlhttp", module+"adapters/memory",
			"github.com/aws/aws-lambda-go/...", "github.com/aws/aws-sdk-go-v2/aws/...", "github.com/aws/aws-sdk-go-v2/internal/...", "github.com/aws/smithy-go/...")},

		{packages: module + "cmd/...", composes: true},
		{packages: module + "deploy/...", composes: true},
		{packages: module + "e2e/...", composes: true},
		{packages: module + "examples/...", composes: true},
		{packages: module + "fanqllambda/...", composes: true}, // on one backend each
		{packages: module + "fanqltest/...", composes: true},
		{packages: module + "internal/...", composes: true}, // for tests
	}
}

// gqlparser is what reads documents, with what it needs.
func gqlparser() []string {
	return []string{"github.com/vektah/gqlparser/v2/...", "github.com/agnivade/levenshtein"}
}

// engine is the engine with its rooms.
func engine() []string { return []string{module + "ports", module + "core/..."} }

// room is the layer of one of the engine's rooms: it links the rooms that it may
// use.
func room(name string, uses ...string) layer {
	links := []string{module + "ports", module + "core/internal/" + name}
	for _, use := range uses {
		links = append(links, module+"core/internal/"+use)
	}
	return layer{packages: module + "core/internal/" + name, links: links}
}

// adapter is the layer of one adapter: it links ports, its SDK with what that
// needs, and the packages below itself, never the engine and never another
// adapter.
func adapter(name string, sdk ...string) layer {
	self := module + "adapters/" + name + "/..."
	return layer{packages: self, links: append(sdk, self, module+"ports")}
}

// listed is one package as `go list -json` prints it; tests are no part of it.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// violations says what breaks the rules in a set of packages that is complete,
// in the order of the import paths.
func violations(packages map[string]listed) []string {
	var found []string
	for path, p := range packages {
		if !strings.HasPrefix(path+"/", module) {
			continue
		}
		i := slices.IndexFunc(layers(), func(l layer) bool { return matches(path, l.packages) })
		if i < 0 {
			found = append(found, path+" is in no layer: say in internal/archtest what it may import")
			continue
		}
		if l := layers()[i]; !l.composes {
			found = append(found, l.broken(p, packages)...)
		}
	}
	slices.Sort(found)
	return found
}

// broken says what breaks the rules of the layer in one of its packages.
func (l layer) broken(p listed, packages map[string]listed) []string {
	var found []string
	paths := reach(p, packages)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		allowed := packages[path].Standard || slices.ContainsFunc(l.links, func(pattern string) bool { return matches(path, pattern) })
		if matches(path, "testing/...") {
			allowed = p.ImportPath == module+"ports/porttest"
		}
		switch {
		case allowed:
		case slices.Contains(p.Imports, path):
			found = append(found, fmt.Sprintf("%s imports %s", p.ImportPath, path))
		default:
			found = append(found, fmt.Sprintf("%s reaches %s, through %s", p.ImportPath, path, paths[path]))
		}
	}
	return found
}

// reach returns every package that p reaches, with the one that imports it. What
// the standard library imports is its own affair.
func reach(p listed, packages map[string]listed) map[string]string {
	importer := map[string]string{}
	for queue := []listed{p}; len(queue) > 0; queue = queue[1:] {
		for _, path := range queue[0].Imports {
			if _, seen := importer[path]; !seen {
				importer[path] = queue[0].ImportPath
				if !packages[path].Standard {
					queue = append(queue, packages[path])
				}
			}
		}
	}
	return importer
}

// matches tells whether a pattern of the go command covers an import path.
func matches(path, pattern string) bool {
	if root, below := strings.CutSuffix(pattern, "/..."); below {
		return path == root || strings.HasPrefix(path, root+"/")
	}
	return path == pattern
}
