package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestDirections(t *testing.T) {
	packages := list(t)
	for _, path := range []string{"ports", "core"} {
		if _, found := packages[module+path]; !found {
			t.Errorf("%s was not listed", path)
		}
	}
	for _, violation := range violations(packages) {
		t.Error(violation)
	}
}

// list returns the module's packages with all that they depend on.
func list(t *testing.T) map[string]listed {
	t.Helper()
	seeSources(t)
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Standard", module+"...").Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	packages := map[string]listed{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// seeSources reads the module's directories, so that the go command, which
// cannot see what a child process reads, runs this test afresh when they change.
func seeSources(t *testing.T) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || len(path) > 1 && path[0] == '.') {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestViolations(t *testing.T) {
	for name, test := range map[string]struct {
		graph string // one package a line: its path, then what it imports
		want  []string
	}{
		"the design": {graph: `
			M/ports context
			M/ports/porttest M/ports testing
			M/core M/ports M/core/internal/session
			M/core/internal/session M/core/internal/wire M/ports
			M/core/internal/wire encoding/json
			M/adapters/graphqlgo M/ports M/internal/graphql/document github.com/graphql-go/graphql
			M/internal/graphql/document M/ports github.com/vektah/gqlparser/v2/ast
			M/adapters/memory M/ports
			M/adapters/websocket M/ports M/adapters/websocket/frames github.com/gobwas/ws
			M/adapters/websocket/frames context
			github.com/gobwas/ws github.com/gobwas/pool
			M/adapters/apigw M/ports github.com/aws/aws-lambda-go/events
			M/adapters/apigw/local M/adapters/apigw github.com/gobwas/ws
			M M/core M/adapters/memory M/adapters/websocket M/adapters/graphqlhttp
			M/fanqllambda M/core M/adapters/apigw github.com/aws/aws-sdk-go-v2/aws
			M/fanqllambda/ondynamodb M/fanqllambda M/adapters/dynamodb
			M/adapters/dynamodb github.com/aws/aws-sdk-go-v2/service/dynamodb
			M/adapters/graphqlhttp M/ports
			M/fanqltest M/core M/adapters/memory testing
			M/examples/chat M/core M/adapters/websocket github.com/anything`},
		"the server imports a backend": {
			graph: `
				M M/adapters/redis
				M/adapters/redis github.com/redis/go-redis/v9`,
			want: []string{"M imports M/adapters/redis", "M reaches github.com/redis/go-redis/v9, through M/adapters/redis"},
		},
		"every Lambda function links the client of DynamoDB": {
			graph: `M/fanqllambda github.com/aws/aws-sdk-go-v2/service/dynamodb`,
			want:  []string{"M/fanqllambda imports github.com/aws/aws-sdk-go-v2/service/dynamodb"},
		},
		"ports import a module": {
			graph: `M/ports github.com/google/uuid`,
			want:  []string{"M/ports imports github.com/google/uuid"},
		},
		"ports import the engine": {
			graph: `M/ports M/core`,
			want:  []string{"M/ports imports M/core"},
		},
		"the engine imports an adapter": {
			graph: `M/core M/adapters/memory`,
			want:  []string{"M/core imports M/adapters/memory"},
		},
		"the engine imports the contract's tests": {
			graph: `
				M/core M/ports/porttest
				M/ports/porttest testing`,
			want: []string{"M/core imports M/ports/porttest", "M/core reaches testing, through M/ports/porttest"},
		},
		"a schema adapter reaches an SDK through what it may import": {
			graph: `
				M/adapters/graphqlgo github.com/graphql-go/graphql
				github.com/graphql-go/graphql github.com/aws/aws-sdk-go-v2`,
			want: []string{"M/adapters/graphqlgo reaches github.com/aws/aws-sdk-go-v2, through github.com/graphql-go/graphql"},
		},
		"the engine imports a GraphQL library": {
			graph: `M/core github.com/graphql-go/graphql`,
			want:  []string{"M/core imports github.com/graphql-go/graphql"},
		},
		"a room uses one that may use it": {
			graph: `
				M/core/internal/peer M/core/internal/session
				M/core/internal/session M/ports`,
			want: []string{"M/core/internal/peer imports M/core/internal/session"},
		},
		"an adapter that is no schema's uses what schema adapters share": {
			graph: `
				M/adapters/memory M/internal/graphql/document
				M/internal/graphql/document M/ports`,
			want: []string{"M/adapters/memory imports M/internal/graphql/document"},
		},
		"an internal package of the engine imports a socket library": {
			graph: `M/core/internal/wire github.com/gobwas/ws`,
			want:  []string{"M/core/internal/wire imports github.com/gobwas/ws"},
		},
		"an adapter imports the engine": {
			graph: `M/adapters/websocket M/core`,
			want:  []string{"M/adapters/websocket imports M/core"},
		},
		"an adapter imports another": {
			graph: `M/adapters/websocket M/adapters/memory`,
			want:  []string{"M/adapters/websocket imports M/adapters/memory"},
		},
		"an adapter imports another's SDK": {
			graph: `M/adapters/memory github.com/gobwas/ws`,
			want:  []string{"M/adapters/memory imports github.com/gobwas/ws"},
		},
		"the Lambda handlers link the sockets of their local stand-in": {
			graph: `
				M/adapters/apigw M/adapters/apigw/local
				M/adapters/apigw/local github.com/gobwas/ws`,
			want: []string{"M/adapters/apigw reaches github.com/gobwas/ws, through M/adapters/apigw/local"},
		},
		"an adapter reaches another's SDK through its own": {
			graph: `
				M/adapters/websocket github.com/gobwas/ws
				github.com/gobwas/ws github.com/redis/go-redis/v9`,
			want: []string{"M/adapters/websocket reaches github.com/redis/go-redis/v9, through github.com/gobwas/ws"},
		},
		"an adapter links the testing package": {
			graph: `M/adapters/memory testing`,
			want:  []string{"M/adapters/memory imports testing"},
		},
		"a name that only begins like an adapter's": {
			graph: `M/adapters/memory M/adapters/memory2`,
			want:  []string{"M/adapters/memory imports M/adapters/memory2"},
		},
		"a package without a layer": {
			graph: `M/adapters/kafka M/ports`,
			want:  []string{"M/adapters/kafka is in no layer: say in internal/archtest what it may import"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := violations(parse(test.graph))
			for i := range got {
				got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], module, "M/"), strings.TrimSuffix(module, "/")+" ", "M ")
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("violations:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// parse reads a graph, in which M is the module, and a package of it; what has no dot in its first
// element is of the standard library.
func parse(graph string) map[string]listed {
	packages := map[string]listed{}
	for line := range strings.Lines(strings.ReplaceAll(graph, "M/", module)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "M" {
			fields[0] = strings.TrimSuffix(module, "/")
		}
		packages[fields[0]] = listed{ImportPath: fields[0], Imports: fields[1:]}
		for _, path := range fields[1:] {
			if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
				packages[path] = listed{ImportPath: path, Standard: true}
			}
		}
	}
	return packages
}
