package redis

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestOutboxGivesUpWhatIsNotAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(time.Second, 1000)
		unsent := mustAdd(t, o)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := unsent.outcome(0); got != (outcome{ports.ErrThrottled, errNotSent}) {
			t.Errorf("not sent: %v", got)
		}
		if parcels := o.take(); len(parcels) != 0 {
			t.Errorf("%d parcels are left of it", len(parcels))
		}

		sent := mustAdd(t, o)
		o.take()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := sent.outcome(0); got != (outcome{cause: errNoAnswer}) {
			t.Errorf("not answered: %v", got)
		}
	})
}

// Others must not wait for a process that does not answer.
func TestSilentPeerGetsOneBatchAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(time.Second, 1000)
		mustAdd(t, o)
		o.take()
		time.Sleep(time.Second)
		synctest.Wait()
		mustAdd(t, o)
		if err := o.add("peer", entry{})[0].err; !errors.Is(err, errSilent) {
			t.Errorf("a second one: %v, want errSilent", err)
		}
		o.answered("peer", 1, nil)
		mustAdd(t, o)
		o.close()
	})
}

// A peer whose channel moves to another node is deaf for a moment.
func TestWhatNobodyHasHeardIsSentAgainInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(time.Second, 10<<20)
		defer o.close()
		first := mustAdd(t, o)
		o.take()
		if err := o.add("peer", entry{frames: []ports.Frame{{Payload: make([]byte, messageBytes)}}})[0].err; err != nil {
			t.Fatal(err)
		}
		o.again("peer", first)
		if parcels := o.take(); len(parcels) > 0 {
			t.Error("it is sent again at once")
		}
		time.Sleep(listenPause)
		synctest.Wait()
		if parcels := o.take(); len(parcels) != 1 || parcels[0].batch != first || first.sequence != 1 {
			t.Errorf("sent %+v, want the first batch again, by the number that it had", parcels)
		}
		o.again("peer", first)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := first.outcome(0); got != (outcome{cause: errNotListening}) {
			t.Errorf("never answered: %v", got)
		}
		o.again("peer", first) // which is settled
		if len(o.peers["peer"].waiting) > 1 {
			t.Error("a settled batch waits")
		}
	})
}

// Where a Cluster fails over, what a peer has received from another node seems to have no
// receiver. Its answer is worth what it says, and what is added meanwhile is not of
// the batch that it answers.
func TestAnswerToABatchThatWaitsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(time.Second, 10<<20)
		defer o.close()
		first := mustAdd(t, o)
		o.take()
		o.again("peer", first)
		second := mustAdd(t, o)
		if second == first {
			t.Error("a batch takes more that may have been received")
		}
		o.answered("peer", 1, []answer{{instance: 1, sequence: first.sequence}})
		if !first.settled || first.outcome(0) != (outcome{}) {
			t.Fatalf("its outcome is %v", first.outcome(0))
		}
		time.Sleep(listenPause)
		synctest.Wait()
		if parcels := o.take(); len(parcels) != 1 || parcels[0].batch != second || second.sequence != 2 {
			t.Errorf("sent %+v, want the second batch", parcels)
		}
	})
}

func TestOutboxSettlesByTheAnswer(t *testing.T) {
	t.Parallel()
	o := newOutbox(time.Minute, 1000)
	var batches []*batch
	for range 5 {
		batches = append(batches, mustAdd(t, o))
	}
	b := batches[0]
	if b != batches[4] || len(b.entries) != 5 {
		t.Fatalf("%d entries in the first batch, want 5", len(b.entries))
	}
	sequence := o.take()[0].batch.sequence
	o.answered("peer", 1, []answer{{instance: 2, sequence: sequence}}) // to a former life of this process
	o.answered("other", 1, []answer{{instance: 1, sequence: sequence}})
	if b.settled {
		t.Fatal("settled by an answer that is not for it")
	}
	o.answered("peer", 1, []answer{{instance: 1, sequence: sequence, exceptions: []exception{
		{0, gone, 0}, {1, throttled, 0}, {2, tooLarge, 0}, {3, failed, 0},
	}}})
	<-b.done
	for index, want := range []outcome{
		{kind: ports.ErrGone}, {kind: ports.ErrThrottled}, {kind: ports.ErrTooLarge}, {cause: errRemote}, {},
	} {
		if got := b.outcome(index); got != want {
			t.Errorf("entry %d: %v, want %v", index, got, want)
		}
	}
	o.answered("peer", 1, []answer{{instance: 1, sequence: sequence}}) // again
	if o.prune(); len(o.peers) != 0 {
		t.Errorf("%d peers are kept", len(o.peers))
	}
}

func TestOutboxIsBounded(t *testing.T) {
	t.Parallel()
	o := newOutbox(time.Minute, 1000)
	defer o.close()
	big := entry{frames: []ports.Frame{{Payload: make([]byte, 2000)}}}
	if err := o.add("peer", big)[0].err; err != nil {
		t.Errorf("a big one, alone: %v", err)
	}
	if err := o.add("peer", entry{})[0].err; !errors.Is(err, ports.ErrThrottled) {
		t.Errorf("one more: %v, want ErrThrottled", err)
	}
	if err := o.add("another peer", entry{})[0].err; err != nil {
		t.Errorf("for another process: %v", err)
	}
}

func mustAdd(t *testing.T, o *outbox) *batch {
	t.Helper()
	added := o.add("peer", entry{})[0]
	if added.err != nil {
		t.Fatal(added.err)
	}
	return added.batch
}
