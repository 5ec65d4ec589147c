package redis_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// TestEverythingExpires: what crashed clients and processes leave behind goes by
// itself, and not before its time.
func TestEverythingExpires(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "1", topics(3)...)
	f.add(t, "2")
	for _, id := range []ports.OperationID{"3", "unknown"} {
		ref := f.operation(id, topics(2)...).Ref
		if id == "3" {
			f.add(t, id, topics(2)...)
		}
		_, err := f.RemoveOperation(t.Context(), ref, f.clock.Now().Add(time.Second))
		success(t, err)
	}
	f.crash(1, func() error { return f.faulty.AddOperation(t.Context(), f.operation("crashed", topics(2)...)) })
	f.crash(1, func() error {
		_, err := f.faulty.RemoveOperation(t.Context(), f.operation("1").Ref, f.clock.Now())
		return err
	})
	success(t, f.SaveCheckpoint(t.Context(), "topic", ports.Checkpoint{ExpiresAt: f.connection.ExpiresAt}))
	success(t, f.TouchConnection(t.Context(), "connection", f.connection.ExpiresAt.Add(time.Hour)))
	for _, key := range f.server.Keys() {
		life, part := f.server.TTL(key), key[strings.LastIndex(key, "}:")+2:]
		longest := 2*time.Hour + 2*time.Minute
		if life <= 0 || life > longest {
			t.Errorf("the key %q lives for %v", key, life)
		}
		kept := part == "row" || part == "operations"
		if kept && life < longest {
			t.Errorf("the key %q lives for %v, shorter than what it keeps", key, life)
		}
	}
	f.server.FastForward(2*time.Hour + 3*time.Minute)
	if keys := f.server.Keys(); len(keys) > 0 {
		t.Errorf("the keys %q stay for ever", keys)
	}
}

// crash makes a call of whose requests the process does not see the n-th answered.
func (f fixture) crash(n int, call func() error) {
	f.hook.take()
	f.hook.after = func(request int) error {
		if request == n {
			return errBroken
		}
		return nil
	}
	_ = call()
	f.hook.after = nil
}

// TestNothingStaysOfADeletedConnection, but what is remembered for its callers.
func TestNothingStaysOfADeletedConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 30 {
		f.add(t, ports.OperationID(strconv.Itoa(i)), topics(3)...)
	}
	_, err := f.DeleteConnection(t.Context(), "connection")
	success(t, err)
	f.server.FastForward(2 * time.Minute)
	for _, key := range f.server.Keys() {
		fields, _ := f.server.HKeys(key)
		if len(fields) != 1 || fields[0] != "#" { // A topic's count of places ends with its last row.
			t.Errorf("the key %q stays with the fields %q", key, fields)
		}
	}
}

// TestRowsOfCrashedClientsStayFew on a topic that others subscribe to all the
// time, and nobody publishes to.
func TestRowsOfCrashedClientsStayFew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const all = 400
	for i := range all {
		f.brief(t, ports.OperationID(strconv.Itoa(i)))
		f.clock.Advance(5 * time.Second)
	}
	rows := f.rows(t)
	if rows > all/4 { // 36 have not expired, or for less than two minutes.
		t.Errorf("%d of %d rows are still there", rows, all)
	}
	if fields, _ := f.server.HKeys("fanql:{t:topic}:rows"); len(fields) != rows+1 {
		t.Errorf("%d rows have %d fields, want one more for the count", rows, len(fields))
	}
}

// brief puts an operation in place that lasts a minute.
func (f fixture) brief(t *testing.T, id ports.OperationID) {
	t.Helper()
	operation := f.operation(id, "topic")
	operation.ExpiresAt = f.clock.Now().Add(time.Minute)
	success(t, f.AddOperation(t.Context(), operation))
}

// rows counts those that the topic keeps, expired or not.
func (f fixture) rows(t *testing.T) int {
	t.Helper()
	members, err := f.server.ZMembers("fanql:{t:topic}:members")
	success(t, err)
	return len(members)
}

// TestListingClearsWhatHasExpired, but not at once: another clock may be behind.
func TestListingClearsWhatHasExpired(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 5 {
		f.brief(t, ports.OperationID(strconv.Itoa(i)))
	}
	f.add(t, "long", "topic")
	for _, kept := range []int{6, 1} {
		f.clock.Advance(2 * time.Minute)
		f.listed(t, "five expired,", 1, "topic")
		if rows := f.rows(t); rows != kept {
			t.Errorf("%d rows are kept, want %d", rows, kept)
		}
	}
}

func TestListingOverAMegabyteHasPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 15 {
		operation := f.operation(ports.OperationID(strconv.Itoa(i)), "topic")
		operation.Request = make([]byte, 100<<10)
		success(t, f.AddOperation(t.Context(), operation))
	}
	ids, pages := f.list(t, "topic")
	seen := map[ports.OperationID]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	if len(ids) != 15 || len(seen) != 15 || pages != 2 {
		t.Errorf("%d operations, %d different ones, on %d pages; want 15, 15, 2", len(ids), len(seen), pages)
	}
}

func TestRemoveSubscribersTakesAnyNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refs := make([]ports.OperationRef, 2500)
	for i := range refs {
		refs[i] = f.operation(ports.OperationID(strconv.Itoa(i))).Ref
	}
	for _, i := range []int{0, 999, 1000, 2499} {
		f.add(t, refs[i].ID, "topic")
	}
	f.add(t, "other", "topic")
	success(t, f.RemoveSubscribers(t.Context(), "topic", refs))
	f.listed(t, "removed,", 1, "topic")
}

func TestOperationAgainIsListedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operation := f.add(t, "1", "a", "b")
	success(t, f.RemoveSubscribers(t.Context(), "a", []ports.OperationRef{operation.Ref}))
	success(t, f.AddOperation(t.Context(), operation))
	f.listed(t, "added again,", 1, "a", "b")
}

// TestOperationAgainKeepsWhatItHad: its topics, and a life that was prolonged.
func TestOperationAgainKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "1", "a", "b")
	f.add(t, "1", "b", "c")
	success(t, f.TouchConnection(t.Context(), "connection", f.connection.ExpiresAt.Add(time.Hour)))
	f.add(t, "1", "a", "b")
	f.clock.Advance(90 * time.Minute)
	f.listed(t, "added again,", 1, "a", "b")
	f.listed(t, "added again,", 0, "c")
	for _, key := range f.server.Keys() {
		if strings.Contains(key, "waiting") {
			t.Errorf("the row %q still waits", key)
		}
	}
}

// TestOperationAgainKeepsItsPlace, so that a listing under way has it once.
func TestOperationAgainKeepsItsPlace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.add(t, "1", "topic")
	f.add(t, "2", "topic")
	page, err := f.ListSubscribers(t.Context(), "topic", ports.PageRequest{Limit: 1})
	success(t, err)
	success(t, f.AddOperation(t.Context(), first))
	rest, err := f.ListSubscribers(t.Context(), "topic", ports.PageRequest{After: page.Next})
	success(t, err)
	if len(rest.Subscribers) != 1 || rest.Subscribers[0].Ref.ID != "2" {
		t.Errorf("after the first operation the listing has %+v, want the second one", rest.Subscribers)
	}
}

// TestBriefOperationsShortenNoLife of others on their topic and connection.
func TestBriefOperationsShortenNoLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "long", "topic")
	f.brief(t, "brief")
	f.clock.Advance(50 * time.Minute)
	f.server.FastForward(50 * time.Minute)
	f.listed(t, "the brief one expired,", 1, "topic")
	removed, err := f.DeleteConnection(t.Context(), "connection")
	success(t, err)
	if len(removed.Operations) != 1 {
		t.Errorf("the connection had the operations %v, want one", removed.Operations)
	}
}

func TestTombstonesAreNotForTheNextConnectionWithTheID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.RemoveOperation(t.Context(), f.operation("1").Ref, f.clock.Now())
	success(t, err)
	_, err = f.DeleteConnection(t.Context(), "connection")
	success(t, err)
	success(t, f.CreateConnection(t.Context(), f.connection))
	f.add(t, "1", "topic")
}

func TestExpiredOperationsDoNotCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.brief(t, "1")
	f.brief(t, "2")
	long := f.operation("3", "topic")
	long.Limit = 2
	refused(t, f.AddOperation(t.Context(), long), ports.ErrTooMany)
	f.clock.Advance(time.Minute)
	success(t, f.AddOperation(t.Context(), long))
	f.add(t, "1", "topic") // Its ID is free.
	f.listed(t, "added,", 2, "topic")
}

func TestConnectionWithAnIDUsedBeforeHasNoneOfItsRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operation := f.operation("1", "topic")
	operation.ExpiresAt = f.clock.Now().Add(5 * time.Hour)
	success(t, f.AddOperation(t.Context(), operation))
	f.clock.Advance(2 * time.Hour)
	f.connection.ExpiresAt = f.clock.Now().Add(time.Hour)
	success(t, f.CreateConnection(t.Context(), f.connection))
	f.listed(t, "created again,", 0, "topic")
	f.add(t, "1", "topic")
}

func TestExpiredConnectionStillHasOperationsToDelete(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"there", "gone"} {
		t.Run(keys, func(t *testing.T) {
			f := newFixture(t)
			operation := f.operation("1", "topic")
			operation.ExpiresAt = f.clock.Now().Add(5 * time.Hour)
			success(t, f.AddOperation(t.Context(), operation))
			f.clock.Advance(2 * time.Hour)
			if keys == "gone" {
				f.server.FastForward(2 * time.Hour)
			}
			removed, err := f.DeleteConnection(t.Context(), "connection")
			success(t, err)
			if removed.Found || len(removed.Operations) != 1 || removed.Operations[0] != operation.Ref {
				t.Errorf("removed %+v, want the operation alone", removed)
			}
			f.listed(t, "deleted,", 0, "topic")
		})
	}
}

func TestPrefixesShareAServer(t *testing.T) {
	t.Parallel()
	client := newServer(t)
	now := time.Now()
	for _, prefix := range []string{"", "other:", "{odd}%:"} {
		store := newBackend(client, redis.Config{Prefix: prefix})
		row := ports.Connection{Address: ports.Address{ID: "connection"}, Identity: prefix, ExpiresAt: now.Add(time.Hour)}
		success(t, store.CreateConnection(t.Context(), row))
		success(t, store.AddOperation(t.Context(), ports.Operation{
			Ref: ports.OperationRef{Connection: "connection"}, Topics: []ports.Topic{"topic"}, ReceivedAt: now, ExpiresAt: row.ExpiresAt,
		}))
		page, err := store.ListSubscribers(t.Context(), "topic", ports.PageRequest{})
		success(t, err)
		if len(page.Subscribers) != 1 {
			t.Errorf("with the prefix %q the topic has %d subscribers, want 1", prefix, len(page.Subscribers))
		}
	}
}

// TestScriptsThatRedisHasForgotten are sent again whole, several at once too.
func TestScriptsThatRedisHasForgotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := goredis.NewClient(&goredis.Options{Addr: f.server.Addr()})
	defer client.Close()
	flush := func() { success(t, client.ScriptFlush(t.Context()).Err()) }
	flush()
	f.hook.before = func(n int) error {
		if n == 3 {
			flush()
		}
		return nil
	}
	success(t, f.faulty.AddOperation(t.Context(), f.operation("1", topics(3)...)))
	f.listed(t, "added,", 1, topics(3)...)
}

// TestForeignRowIsAnError, and neither a panic nor a subscriber.
func TestForeignRowIsAnError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "1", "topic")
	f.server.HSet("fanql:{t:topic}:rows", "connection#a4ayc_80_OGda4BO_1o_Vw", strings.Repeat("9", 50))
	if _, err := f.ListSubscribers(t.Context(), "topic", ports.PageRequest{}); err == nil {
		t.Errorf("a row that nobody wrote was listed")
	}
	f.server.Set("fanql:{t:topic}:checkpoint", "\xff")
	if _, err := f.LoadCheckpoint(t.Context(), "topic"); err == nil {
		t.Errorf("a checkpoint that nobody wrote was loaded")
	}
}

// A topic that nobody has subscribed to any more leaves no key, and neither does a
// process that died in the middle of a subscribe.
func TestNoKeyOfATopicOutlivesItsSubscribers(t *testing.T) {
	t.Parallel()
	ofTopic := func(f fixture) (keys []string) {
		return slices.DeleteFunc(f.server.Keys(), func(key string) bool { return !strings.Contains(key, "{t:") })
	}
	for name, leave := range map[string]func(t *testing.T, f fixture){
		"RemoveOperation": func(t *testing.T, f fixture) {
			for _, id := range []ports.OperationID{"1", "2"} {
				_, err := f.RemoveOperation(t.Context(), ports.OperationRef{Connection: "connection", ID: id}, f.clock.Now())
				success(t, err)
			}
		},
		"DeleteConnection": func(t *testing.T, f fixture) {
			_, err := f.DeleteConnection(t.Context(), "connection")
			success(t, err)
		},
		"RemoveSubscribers": func(t *testing.T, f fixture) {
			success(t, f.RemoveSubscribers(t.Context(), "t", []ports.OperationRef{
				{Connection: "connection", ID: "1"}, {Connection: "connection", ID: "2"},
			}))
		},
		"the end of the operations": func(t *testing.T, f fixture) {
			f.clock.Advance(time.Hour + 3*time.Minute)
			f.list(t, "t")
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.add(t, "1", "t")
			f.add(t, "2", "t")
			leave(t, f)
			if keys := ofTopic(f); len(keys) > 0 {
				t.Errorf("%q are left", keys)
			}
		})
	}
	t.Run("a process that dies", func(t *testing.T) {
		f := newFixture(t)
		f.hook.before = func(n int) error {
			if n > 1 { // The rows wait, and nothing follows.
				return errBroken
			}
			return nil
		}
		if err := f.faulty.AddOperation(t.Context(), f.operation("1", "t")); err == nil {
			t.Fatal("the process did not die")
		}
		if keys := ofTopic(f); len(keys) != 1 {
			t.Fatalf("the keys are %q, want a row that waits", keys)
		}
		f.server.FastForward(2 * time.Minute)
		if keys := ofTopic(f); len(keys) > 0 {
			t.Errorf("%q are left", keys)
		}
	})
}
