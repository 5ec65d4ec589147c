package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// TestStoreContractWhenEveryRequestComesTwice: what a client sends again because
// the answer was lost is recognized, and answered as before.
func TestStoreContractWhenEveryRequestComesTwice(t *testing.T) {
	t.Parallel()
	client := newServer(t)
	client.AddHook(&hook{twice: true})
	storeContract(t, client, redis.Config{})
}

// eachFault runs a test for each request of a call that fails, before or after it
// was carried out, and until there is no further one.
func eachFault(t *testing.T, test func(t *testing.T, f fixture) error) {
	t.Helper()
	for _, when := range []string{"unsent", "unanswered"} {
		for n := 1; ; n++ {
			f := newFixture(t)
			step := func(request int) error {
				if request == n {
					return errBroken
				}
				return nil
			}
			if when == "unsent" {
				f.hook.before = step
			} else {
				f.hook.after = step
			}
			failed := false
			t.Run(fmt.Sprintf("request %d %s", n, when), func(t *testing.T) {
				failed = test(t, f) != nil
			})
			if !failed {
				if n == 1 {
					t.Errorf("the first request was lost and the call succeeded")
				}
				break
			}
		}
	}
}

func TestAddOperationAfterAFaultIsListedOnce(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, f fixture) error {
		operation := f.operation("1", topics(3)...)
		err := f.faulty.AddOperation(t.Context(), operation)
		success(t, f.AddOperation(t.Context(), operation))
		f.listed(t, "added again,", 1, topics(3)...)
		removed, removeErr := f.RemoveOperation(t.Context(), operation.Ref, f.clock.Now())
		success(t, removeErr)
		if !removed {
			t.Errorf("there was nothing to remove")
		}
		f.listed(t, "removed,", 0, topics(3)...)
		return err
	})
}

// TestAddOperationAfterAFaultLeavesThePlaces: what a delivery has moved in between
// stays, where the row was listed.
func TestAddOperationAfterAFaultLeavesThePlaces(t *testing.T) {
	eachFault(t, func(t *testing.T, f fixture) error {
		operation := f.operation("1", topics(3)...)
		operation.From = map[ports.Topic]ports.Mark{topics(3)[1]: {Epoch: "e", Position: "1"}}
		err := f.faulty.AddOperation(t.Context(), operation)
		want := map[ports.Topic]ports.Place{}
		for _, topic := range topics(3) {
			want[topic] = ports.Place{From: operation.From[topic]}
			moved := ports.Place{From: ports.Mark{Epoch: "e", Position: "2"}, Version: 1}
			if f.MovePlace(t.Context(), topic, operation.Ref, operation.ReceivedAt, 0, moved) == nil {
				want[topic] = moved
			}
		}
		success(t, f.AddOperation(t.Context(), operation))
		for topic, place := range want {
			got, err := f.GetSubscriber(t.Context(), topic, operation.Ref)
			success(t, err)
			if got.Place != place {
				t.Errorf("the place on %s is %+v, want %+v", topic, got.Place, place)
			}
		}
		return err
	})
}

func TestAddOperationAfterAFaultEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, f fixture) error {
		err := f.faulty.AddOperation(t.Context(), f.operation("1", topics(3)...))
		_, deleteErr := f.DeleteConnection(t.Context(), "connection")
		success(t, deleteErr)
		f.listed(t, "deleted,", 0, topics(3)...)
		return err
	})
}

func TestRemoveOperationAfterAFaultIsToldTrue(t *testing.T) {
	t.Parallel()
	for _, k := range []int{0, 3} {
		t.Run(fmt.Sprintf("%d topics", k), func(t *testing.T) {
			eachFault(t, func(t *testing.T, f fixture) error {
				operation := f.add(t, "1", topics(k)...)
				removals := 0
				removed, err := f.faulty.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
				if removed {
					removals++
				}
				again, againErr := f.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
				success(t, againErr)
				if again {
					removals++
				}
				// Where the last request was carried out, only its caller could get true.
				if removals > 1 || removals == 0 && f.hook.before != nil {
					t.Errorf("%d calls returned true, want 1", removals)
				}
				f.listed(t, "removed,", 0, topics(k)...)
				return err
			})
		})
	}
}

func TestRemoveOperationAfterAFaultEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, f fixture) error {
		operation := f.add(t, "1", topics(3)...)
		_, err := f.faulty.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
		_, deleteErr := f.DeleteConnection(t.Context(), "connection")
		success(t, deleteErr)
		f.listed(t, "deleted,", 0, topics(3)...)
		return err
	})
}

// TestOperationIDAfterAFaultOfItsRemoval: a new operation with the ID has nothing
// to do with the rows of the former one.
func TestOperationIDAfterAFaultOfItsRemoval(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, f fixture) error {
		former := f.add(t, "1", topics(3)...)
		_, err := f.faulty.RemoveOperation(t.Context(), former.Ref, former.ReceivedAt)
		f.clock.Advance(time.Second)
		next := f.operation("1", "topic 1", "other")
		if addErr := f.AddOperation(t.Context(), next); addErr != nil {
			refused(t, addErr, ports.ErrConflict) // The former one was not reached.
			return err
		}
		_, removeErr := f.RemoveOperation(t.Context(), former.Ref, former.ReceivedAt)
		success(t, removeErr)
		f.listed(t, "the former one removed,", 0, "topic 0", "topic 2")
		f.listed(t, "the former one removed,", 1, "topic 1", "other")
		return err
	})
}

func TestDeleteConnectionAfterAFaultFindsAll(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, f fixture) error {
		f.add(t, "1", topics(3)...)
		f.add(t, "2", topics(2)...)
		f.add(t, "3")
		first, err := f.faulty.DeleteConnection(t.Context(), "connection")
		again, againErr := f.DeleteConnection(t.Context(), "connection")
		success(t, againErr)
		f.listed(t, "deleted,", 0, topics(3)...)
		found, operations := first.Found || again.Found, len(first.Operations)+len(again.Operations)
		answered := f.hook.before != nil || err == nil
		if first.Found && again.Found || answered && (!found || operations != 3) {
			t.Errorf("the calls found %v and %v, and %d operations", first.Found, again.Found, operations)
		}
		return err
	})
}

func TestConnectionIDAfterAFaultOfItsDeletion(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, f fixture) error {
		f.add(t, "1", topics(3)...)
		_, err := f.faulty.DeleteConnection(t.Context(), "connection")
		f.connection.Identity = "another"
		if createErr := f.CreateConnection(t.Context(), f.connection); createErr != nil {
			refused(t, createErr, ports.ErrConflict) // The former one was not reached.
			return err
		}
		f.listed(t, "created again,", 0, topics(3)...)
		success(t, f.AddOperation(t.Context(), f.operation("1", topics(1)...)))
		f.listed(t, "added,", 1, topics(1)...)
		return err
	})
}

func TestTouchConnectionAfterAFault(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, f fixture) error {
		f.add(t, "1", topics(3)...)
		until := f.connection.ExpiresAt.Add(time.Hour)
		err := f.faulty.TouchConnection(t.Context(), "connection", until)
		success(t, f.TouchConnection(t.Context(), "connection", until))
		f.clock.Advance(90 * time.Minute)
		f.listed(t, "touched again,", 1, topics(3)...)
		return err
	})
}

// TestAddOperationBesideAnEnd ends an operation, with all that belongs to it,
// between any two requests of its AddOperation. From then on no listing has it,
// whatever is still on its way.
func TestAddOperationBesideAnEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, f fixture){
		"RemoveOperation": func(t *testing.T, f fixture) {
			_, err := f.RemoveOperation(t.Context(), f.operation("1").Ref, f.clock.Now())
			success(t, err)
		},
		"DeleteConnection": func(t *testing.T, f fixture) {
			_, err := f.DeleteConnection(t.Context(), "connection")
			success(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; n <= 3; n++ {
				f := newFixture(t)
				f.hook.before = func(request int) error {
					if request == n {
						end(t, f)
					}
					return nil
				}
				f.hook.after = func(request int) error {
					if request >= n {
						f.listed(t, fmt.Sprintf("ended before request %d, after request %d,", n, request), 0, topics(2)...)
					}
					return nil
				}
				err := f.faulty.AddOperation(t.Context(), f.operation("1", topics(2)...))
				switch {
				case n == 3:
					success(t, err) // It was in place for a moment.
				case name == "DeleteConnection":
					refused(t, err, ports.ErrNotFound)
				default:
					refused(t, err, ports.ErrCancelled)
				}
				f.listed(t, "at the end", 0, topics(2)...)
			}
		})
	}
}

// TestAddOperationTwiceAtOnce has one attempt overtake another at every step, and
// ends the operation then: no row of either stays.
func TestAddOperationTwiceAtOnce(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 3; n++ {
		f := newFixture(t)
		operation := f.operation("1", topics(2)...)
		f.hook.before = func(request int) error {
			if request == n {
				success(t, f.AddOperation(t.Context(), operation))
			}
			return nil
		}
		success(t, f.faulty.AddOperation(t.Context(), operation))
		f.listed(t, fmt.Sprintf("overtaken at request %d,", n), 1, topics(2)...)
		_, err := f.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
		success(t, err)
		f.listed(t, fmt.Sprintf("overtaken at request %d and removed,", n), 0, topics(2)...)
	}
}

// TestAttemptAfterTheEndDoesNotRevive: the decision comes again, as after a lost
// answer, when the operation has ended.
func TestAttemptAfterTheEndDoesNotRevive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operation := f.operation("1", topics(1)...)
	f.hook.twice = true
	f.hook.between = func(request int) {
		if request == 2 {
			removed, err := f.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
			success(t, err)
			if !removed {
				t.Errorf("there was nothing to remove")
			}
		}
	}
	success(t, f.faulty.AddOperation(t.Context(), operation)) // It was in place.
	f.listed(t, "ended,", 0, topics(1)...)
	removed, err := f.DeleteConnection(t.Context(), "connection")
	success(t, err)
	if len(removed.Operations) > 0 {
		t.Errorf("the connection still had %v", removed.Operations)
	}
}

// TestRemovalClearsWhatADeletionLeft: its own answer is no less true where the
// call that deleted the connection has crashed.
func TestRemovalClearsWhatADeletionLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operation := f.add(t, "1", topics(2)...)
	f.crash(1, func() error {
		_, err := f.faulty.DeleteConnection(t.Context(), "connection")
		return err
	})
	removed, err := f.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
	success(t, err)
	if removed {
		t.Errorf("the operation is the affair of two calls")
	}
	f.listed(t, "removed,", 0, topics(2)...)
}

// TestRemovalOfWhatWasReceivedLaterIsLeftToOthers, also where it is half done.
func TestRemovalOfWhatWasReceivedLaterIsLeftToOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operation := f.add(t, "1", topics(2)...)
	f.crash(1, func() error {
		_, err := f.faulty.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
		return err
	})
	for _, test := range []struct {
		receivedAt time.Time
		want       bool
	}{{operation.ReceivedAt.Add(-time.Second), false}, {operation.ReceivedAt, true}} {
		removed, err := f.RemoveOperation(t.Context(), operation.Ref, test.receivedAt)
		success(t, err)
		if removed != test.want {
			t.Errorf("the removal of what was received until %v returned %v", test.receivedAt, removed)
		}
	}
}

// TestDeletionSparesAConnectionThatCameMeanwhile with the ID.
func TestDeletionSparesAConnectionThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "1", "topic")
	f.hook.before = func(request int) error {
		if request == 3 {
			success(t, f.CreateConnection(t.Context(), f.connection))
			f.add(t, "2", "topic")
		}
		return nil
	}
	_, err := f.faulty.DeleteConnection(t.Context(), "connection")
	success(t, err)
	f.listed(t, "created meanwhile,", 1, "topic")
	removed, err := f.DeleteConnection(t.Context(), "connection")
	success(t, err)
	if !removed.Found || len(removed.Operations) != 1 {
		t.Errorf("removed %+v, want the connection with its operation", removed)
	}
}

// TestTouchReachesAnOperationOnItsWay: it is decided, and its rows still wait.
func TestTouchReachesAnOperationOnItsWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hook.before = func(request int) error {
		if request == 3 {
			success(t, f.TouchConnection(t.Context(), "connection", f.connection.ExpiresAt.Add(time.Hour)))
		}
		return nil
	}
	success(t, f.faulty.AddOperation(t.Context(), f.operation("1", topics(2)...)))
	f.clock.Advance(90 * time.Minute)
	f.server.FastForward(90 * time.Minute)
	f.listed(t, "touched on its way,", 1, topics(2)...)
}
