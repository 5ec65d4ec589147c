package library_test

import (
	"os/exec"
	"strings"
	"testing"
)

func TestAProgramLinksOneLibrary(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]string{"": "github.com/graphql-go/graphql", "gqlgen": "github.com/99designs/gqlgen/graphql"} {
		for _, program := range []string{"chat", "chat/redis", "chat/dynamodb", "chat/lambda/dynamodb", "chat/lambda/redis", "chat/lambda/redis/worker"} {
			output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, "github.com/fanql/fanql/examples/"+program).Output()
			if err != nil {
				t.Fatal(err)
			}
			var linked []string
			for path := range strings.Lines(string(output)) {
				switch path = strings.TrimSpace(path); path {
				case "github.com/graphql-go/graphql", "github.com/99designs/gqlgen/graphql":
					linked = append(linked, path)
				}
			}
			if len(linked) != 1 || linked[0] != want {
				t.Errorf("with the tags %q, %s links %q, want %s", tags, program, linked, want)
			}
		}
	}
}

// What `make run` builds has nothing of what it does not use: that is most of the time
// that the first build takes.
func TestTheChatInMemoryLinksNoBackend(t *testing.T) {
	t.Parallel()
	for program, unwanted := range map[string][]string{
		"chat":          {"aws-sdk-go", "go-redis", "opentelemetry", "gqlgen/graphql"},
		"chat/redis":    {"aws-sdk-go"},
		"chat/dynamodb": {"go-redis", "opentelemetry"},
	} {
		output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "github.com/fanql/fanql/examples/"+program).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range unwanted {
			if strings.Contains(string(output), name) {
				t.Errorf("%s links %s", program, name)
			}
		}
	}
}
