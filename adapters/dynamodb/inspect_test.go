//go:build integration

package dynamodb_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestOperationsOfAConnection(t *testing.T) {
	f := newFixture(t)
	success(t, f.AddOperation(t.Context(), f.operation("1", "t", "u")))
	f.clock.Advance(time.Second)
	second := f.operation("2")
	success(t, f.AddOperation(t.Context(), second))
	short := f.operation("3", "t")
	short.ExpiresAt = f.clock.Now().Add(time.Second)
	success(t, f.AddOperation(t.Context(), short))
	f.clock.Advance(2 * time.Second)
	operations, err := f.Operations(t.Context(), "connection")
	success(t, err)
	if len(operations) != 2 {
		t.Fatalf("got %+v, want the two operations that have not expired", operations)
	}
	if one := operations[0]; one.Ref.ID != "1" || len(one.Topics) != 2 || one.Topics[0] != "t" || one.Topics[1] != "u" {
		t.Errorf("the first operation is %+v", one)
	}
	if two := operations[1]; two.Ref != second.Ref || len(two.Topics) != 0 || !two.ReceivedAt.Equal(second.ReceivedAt) ||
		!two.ExpiresAt.Equal(second.ExpiresAt) {
		t.Errorf("the second operation is %+v, want %+v", two, second)
	}
	if _, err = f.Operations(t.Context(), "another"); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("got the error %v, want ErrNotFound", err)
	}
}
