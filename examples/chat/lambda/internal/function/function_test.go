package function_test

import (
	"strings"
	"testing"

	"github.com/fanql/fanql/examples/chat/lambda/internal/function"
)

func TestUnsetVariablesAreRefused(t *testing.T) {
	variables := []string{"FANQL_CONNECTIONS_TABLE", "FANQL_SUBSCRIPTIONS_TABLE", "FANQL_EVENTS_TABLE", "CHAT_MESSAGES_TABLE", "AWS_REGION"}
	for _, name := range variables {
		t.Setenv(name, "set")
	}
	if _, err := function.FromEnvironment(); err != nil {
		t.Errorf("all are set: %v", err)
	}
	for _, name := range variables {
		t.Setenv(name, "")
	}
	_, err := function.FromEnvironment()
	for _, name := range variables {
		if err == nil || !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("got error %v, want %s in it", err, name)
		}
	}
}
