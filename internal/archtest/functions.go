package archtest

import (
	"slices"
	"strings"
)

// function is the main of a Lambda function, and what it may link beside what every
// function in Go does: lambdaRuntime with all that it needs. Every cold start waits
// for what is linked, so each package of the standard library and each module is
// named here (docs/startup.md). Patterns are as in a layer.
type function struct {
	main  string
	links []string
}

const lambdaRuntime = "github.com/aws/aws-lambda-go/lambda"

func functions() []function {
	every := slices.Concat(
		// The engine, with all doors that a function has.
		engine(), []string{
			module + "fanqllambda", module + "adapters/apigw", module + "adapters/callback", module + "adapters/emf",
			module + "adapters/graphqlhttp", module + "adapters/memory",
			"github.com/aws/aws-lambda-go/events", "container/heap", "hash/maphash", "runtime/debug",
		},
		// The SDK's core, to sign posts to clients. Its http package has httputil.
		[]string{
			"github.com/aws/aws-sdk-go-v2/aws/...", "github.com/aws/aws-sdk-go-v2/internal/...", "github.com/aws/smithy-go/...",
			"net/http/httputil", "regexp/...",
		},
		// The schema's library, with a parser of documents.
		[]string{
			"github.com/vektah/gqlparser/v2/...", module + "adapters/graphqlgo", module + "internal/graphql/...", "github.com/graphql-go/graphql/...", "hash/fnv",
			module + "examples/chat-graphqlgo", module + "examples/chat/library", module + "examples/chat/schema",
		},
	)
	return []function{
		{
			main: module + "examples/chat/lambda/dynamodb",
			links: append(slices.Clone(every), module+"adapters/dynamodb", module+"fanqllambda/ondynamodb", module+"examples/chat/dynamohistory",
				"github.com/aws/aws-sdk-go-v2/service/dynamodb/...", "github.com/aws/aws-sdk-go-v2/service/internal/..."),
		},
		{
			main: module + "examples/chat/lambda/redis",
			links: append(slices.Clone(every), module+"adapters/redis", module+"fanqllambda/onredis", module+"examples/chat/redishistory",
				"github.com/redis/go-redis/v9/...", "github.com/cespare/xxhash/v2", "go.uber.org/atomic", "golang.org/x/sys/cpu", "embed"),
		},
	}
}

// superfluous are the packages that a function may not link, of those that it does.
func (f function) superfluous(linked, byRuntime []string) []string {
	return slices.DeleteFunc(slices.Clone(linked), func(path string) bool {
		return path == f.main || slices.Contains(byRuntime, path) || strings.HasPrefix(path, "internal/") ||
			slices.ContainsFunc(f.links, func(pattern string) bool { return matches(path, pattern) })
	})
}
