package local_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/runtime"
)

// TestMain is the deployed program too: one test runs this very binary.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_FUNCTION") != "" {
		lambda.Start(answerWithPID)
	}
	goleak.VerifyTestMain(m)
}

// answerWithPID answers a message, a URL, once that has answered.
func answerWithPID(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	if event.RequestContext.EventType == "MESSAGE" {
		leave, err := http.Get(event.Body)
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		_ = leave.Body.Close()
	}
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: strconv.Itoa(os.Getpid())}, nil
}

// Two messages of one connection are two processes' invocations, at once.
func TestCompiledFunction(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	rendezvous := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		both.Done()
		both.Wait()
	}))
	defer rendezvous.Close()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function, err := runtime.New(runtime.Config{Program: program, Env: []string{"TEST_FUNCTION=yes"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(function.Close)

	f := newFixture(t, local.Config{RouteResponses: true}, nil, function)
	c := f.open()
	c.sendText(rendezvous.URL)
	c.sendText(rendezvous.URL)
	first, second := string(c.read(1)), string(c.read(1))
	if _, err := strconv.Atoi(first); err != nil || first == second {
		t.Errorf("answered by processes %q and %q, want two", first, second)
	}
}
