//go:build e2e

package differential

import (
	"testing"
	"time"
)

func TestCrashOrHangIsTheFailureOfItsCase(t *testing.T) {
	side := newSubject(t, brittle)
	ask := func(queries ...string) []outcome {
		requests := make([]request, len(queries))
		for i, query := range queries {
			requests[i].Query = query
		}
		return side.answer(t, requests)
	}
	for i, answered := range ask("{int}", "crash", "crash", "{nothing}", "{int}") {
		if failed := answered.Failure != ""; failed != (i == 1 || i == 2) {
			t.Errorf("case %d has the outcome %+v", i, answered)
		}
	}
	side.patience = time.Millisecond
	if answered := ask("hang"); answered[0].Failure == "" {
		t.Errorf("a hang has the outcome %+v", answered)
	}
	side.patience = patience
	if answered := ask("{int}"); answered[0].Failure != "" || answered[0].Refused {
		t.Errorf("the case after a hang has the outcome %+v", answered)
	}
}

func TestShrinkKeepsWhatDiffers(t *testing.T) {
	_, schema := newSides(t)
	for number := range uint64(200) {
		c := newGenerator(schema, seed, number).generate()
		whole := c.document.String()
		differs := func(c testCase) bool { return len(c.document.String()) >= 12 }
		if !differs(c) {
			continue
		}
		small := shrink(c, differs)
		if !differs(small) || small.operation != "" || len(small.variables) > 0 {
			t.Fatalf("%s became %s with %q and %v", whole, small.document, small.operation, small.variables)
		}
		if c.document.String() != whole {
			t.Fatalf("shrinking changed the case itself: %s became %s", whole, c.document)
		}
		for smaller := range withoutPart(small) {
			if differs(smaller) {
				t.Errorf("%s became %s, which could become %s", whole, small.document, smaller.document)
			}
		}
	}
}
