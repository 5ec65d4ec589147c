package doccheck

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestVersions: the versions that migrating.md asks for are those of go.mod.
func TestVersions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Versions\n")
	table, _, _ = strings.Cut(table, "## ")
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for pattern, format := range map[string]string{
		`\ngo (\d+\.\d+)`:                                      "| Go | %s |",
		`github.com/aws/aws-sdk-go-v2 v(\S+)`:                  "| `github.com/aws/aws-sdk-go-v2` | %s,",
		`github.com/aws/aws-sdk-go-v2/service/dynamodb v(\S+)`: "`service/dynamodb` %s |",
		`github.com/aws/aws-lambda-go v(\S+)`:                  "| `github.com/aws/aws-lambda-go` | %s |",
		`github.com/graphql-go/graphql v(\S+)`:                 "| `github.com/graphql-go/graphql` | %s:",
	} {
		match := regexp.MustCompile(pattern).FindSubmatch(module)
		if match == nil {
			t.Fatalf("go.mod has no %s", pattern)
		}
		if want := strings.Replace(format, "%s", string(match[1]), 1); !strings.Contains(table, want) {
			t.Errorf("docs/migrating.md does not say %q", want)
		}
	}
}
