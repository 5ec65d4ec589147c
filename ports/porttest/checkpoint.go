package porttest

import (
	"time"

	"github.com/fanql/fanql/ports"
)

func checkpointChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "SaveCheckpoint: reads back as it was", run: func(t tester, f storeFixture) {
			f.saved(t, f.topic("t"), f.save(t, f.topic("t"), "1"))
		}},
		{name: "SaveCheckpoint: replaces the former one", run: func(t tester, f storeFixture) {
			f.save(t, f.topic("t"), "1")
			f.saved(t, f.topic("t"), f.save(t, f.topic("t"), "2"))
		}},
		{name: "SaveCheckpoint: any topic has its own", run: func(t tester, f storeFixture) {
			saved := make(map[ports.Topic]ports.Checkpoint)
			for _, name := range oddStrings() {
				saved[f.topic(name)] = f.save(t, f.topic(name), name)
			}
			for topic, checkpoint := range saved {
				f.saved(t, topic, checkpoint)
			}
		}},
		{name: "SaveCheckpoint: is no subscriber", run: func(t tester, f storeFixture) {
			f.save(t, f.topic("t"), "1")
			ref := f.add(t, f.connect(t, "a"), "1", f.topic("t")).Ref
			f.save(t, f.topic("t"), "2")
			f.listed(t, f.topic("t"), ref)
		}},
		{name: "LoadCheckpoint: none is not found", run: func(t tester, f storeFixture) {
			f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.unsaved(t, f.topic("t"))
		}},
		{name: "LoadCheckpoint: an expired one is not found", run: func(t tester, f storeFixture) {
			f.save(t, f.topic("t"), "1")
			f.clock.Advance(2 * time.Hour)
			f.unsaved(t, f.topic("t"))
			f.saved(t, f.topic("t"), f.save(t, f.topic("t"), "2"))
		}},
	}
}

// save keeps a checkpoint that lasts an hour.
func (f storeFixture) save(t tester, topic ports.Topic, mark string) ports.Checkpoint {
	t.Helper()
	checkpoint := ports.Checkpoint{
		First: "first " + mark, Done: "done " + mark, Last: "last " + mark, Cursor: ports.Cursor("cursor " + mark), ExpiresAt: f.in(time.Hour),
	}
	success(t, "SaveCheckpoint", f.SaveCheckpoint(t.Context(), topic, checkpoint))
	return checkpoint
}

// saved reports a topic that does not have this checkpoint.
func (f storeFixture) saved(t tester, topic ports.Topic, want ports.Checkpoint) {
	t.Helper()
	got, err := f.LoadCheckpoint(t.Context(), topic)
	success(t, "LoadCheckpoint", err)
	if got.First != want.First || got.Last != want.Last || got.Cursor != want.Cursor || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("the checkpoint is %+v, want %+v", got, want)
	}
}

// unsaved reports a topic that has a checkpoint.
func (f storeFixture) unsaved(t tester, topic ports.Topic) {
	t.Helper()
	_, err := f.LoadCheckpoint(t.Context(), topic)
	refused(t, "LoadCheckpoint", err, ports.ErrNotFound)
}
