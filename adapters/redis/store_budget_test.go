package redis_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// budget makes calls and notes what each sends.
type budget struct {
	fixture
	t       *testing.T
	scripts map[string]string
	sockets int
	table   strings.Builder
}

// newBudget returns one with an empty table, of calls or whatever they are named.
func newBudget(t *testing.T, calls string) *budget {
	t.Helper()
	b := &budget{fixture: newFixture(t), t: t, scripts: map[string]string{}}
	files, err := filepath.Glob("lua/*.lua")
	success(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		success(t, err)
		sum := sha1.Sum(source)
		b.scripts[hex.EncodeToString(sum[:])] = strings.TrimSuffix(filepath.Base(file), ".lua")
	}
	fmt.Fprintf(&b.table, "| %s | commands | round trips |\n|---|---|--:|\n", calls)
	return b
}

// call makes one and compares what was sent with what the budget allows.
func (b *budget) call(name, want string, roundTrips int, call func() error) {
	b.t.Helper()
	b.hook.take()
	success(b.t, call())
	b.note(name, want, roundTrips, b.hook.take())
}

// note compares requests with what the budget allows.
func (b *budget) note(name, want string, roundTrips int, requests [][]goredis.Cmder) {
	b.t.Helper()
	got := b.commands(requests)
	if got != want || len(requests) != roundTrips {
		b.t.Errorf("%s: sent %s in %d round trips, want %s in %d", name, got, len(requests), want, roundTrips)
	}
	fmt.Fprintf(&b.table, "| %s | %s | %d |\n", name, got, len(requests))
}

// commands is what was sent, in its order: "5 SET, 1 operation_add", or "none".
func (b *budget) commands(requests [][]goredis.Cmder) string {
	counts, names := map[string]int{}, []string{}
	for _, cmd := range slices.Concat(requests...) {
		name := strings.ToUpper(cmd.Name())
		if name == "EVALSHA" {
			name = "`" + b.scripts[fmt.Sprint(cmd.Args()[1])] + "`"
		}
		if counts[name]++; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	for i, name := range names {
		names[i] = fmt.Sprint(counts[name], " ", name)
	}
	return strings.Join(names, ", ")
}

// socket is a connection that nobody else uses.
func (b *budget) socket() ports.Connection {
	b.sockets++
	return ports.Connection{
		Address:   ports.Address{ID: ports.ConnectionID(fmt.Sprint("socket ", b.sockets))},
		ExpiresAt: b.clock.Now().Add(time.Hour),
	}
}

// connected is one that is there, with m operations of k topics each.
func (b *budget) connected(m, k int, topic func(i, j int) ports.Topic) ports.Connection {
	b.t.Helper()
	row := b.socket()
	success(b.t, b.CreateConnection(b.t.Context(), row))
	for i := range m {
		operation := b.on(row, i)
		for j := range k {
			operation.Topics = append(operation.Topics, topic(i, j))
		}
		success(b.t, b.AddOperation(b.t.Context(), operation))
	}
	return row
}

// on is the i-th operation of a connection, without topics.
func (b *budget) on(row ports.Connection, i int) ports.Operation {
	return ports.Operation{
		Ref:     ports.OperationRef{Connection: row.Address.ID, ID: ports.OperationID(strconv.Itoa(i))},
		Address: row.Address, Request: make([]byte, 200), ReceivedAt: b.clock.Now(), ExpiresAt: row.ExpiresAt,
	}
}

// own is a topic for each operation and place.
func own(i, j int) ports.Topic { return ports.Topic(fmt.Sprintf("%d/%d", i, j)) }

// shared is one topic for all operations.
func shared(int, int) ports.Topic { return "shared" }

// TestCommandBudget asserts the table of commands per call, and that
// docs/redis-keys.md shows it.
func TestCommandBudget(t *testing.T) {
	t.Parallel()
	b := newBudget(t, "call")
	b.connections()
	b.operations()
	b.ends()
	b.listings()
	b.histories()
	b.documented("redis-keys.md", "commands")
}

// documented compares the table with the one that a document shows.
func (b *budget) documented(document, name string) {
	b.t.Helper()
	b.t.Logf("the table:\n%s", b.table.String())
	text, err := os.ReadFile("../../docs/" + document)
	success(b.t, err)
	_, after, _ := strings.Cut(string(text), "<!-- "+name+":start -->\n")
	shown, _, found := strings.Cut(after, "<!-- "+name+":end -->")
	if !found || shown != b.table.String() {
		b.t.Errorf("docs/%[1]s does not show this table between <!-- %[2]s:start --> and <!-- %[2]s:end -->; put in the one above", document, name)
	}
}

func (b *budget) connections() {
	ctx, row := b.t.Context(), b.socket()
	id := row.Address.ID
	b.call("CreateConnection", "1 `connection_create`", 1, func() error { return b.faulty.CreateConnection(ctx, row) })
	b.call("GetConnection", "1 `connection_get`", 1, func() error {
		_, err := b.faulty.GetConnection(ctx, id)
		return err
	})
	b.call("InitConnection", "1 `connection_init`", 1, func() error {
		_, err := b.faulty.InitConnection(ctx, id, ports.Init{RequestID: "1"})
		return err
	})
	for _, m := range []int{0, 1, 5} {
		row := b.connected(m, 1, own)
		want, roundTrips := "1 `connection_touch`", 1
		if m > 0 {
			want, roundTrips = fmt.Sprintf("1 `connection_touch`, %d `listing_extend`", m), 2
		}
		b.call(fmt.Sprintf("TouchConnection, M = %d, K = 1", m), want, roundTrips, func() error {
			return b.faulty.TouchConnection(ctx, row.Address.ID, row.ExpiresAt.Add(time.Hour))
		})
	}
}

func (b *budget) operations() {
	ctx, row := b.t.Context(), b.connected(0, 0, nil)
	b.call("AddOperation, K = 0 (query or mutation)", "1 `operation_add`", 1, func() error {
		return b.faulty.AddOperation(ctx, b.on(row, 0))
	})
	for _, k := range []int{1, 5, 25} {
		operation := b.on(row, k)
		for j := range k {
			operation.Topics = append(operation.Topics, own(k, j))
		}
		b.call(fmt.Sprintf("AddOperation, K = %d", k), fmt.Sprintf("%[1]d SET, 1 `operation_add`, %[1]d `listing_place`", k), 3,
			func() error { return b.faulty.AddOperation(ctx, operation) })
	}
	refusedOne := b.on(row, 1)
	refusedOne.Topics, refusedOne.Request = []ports.Topic{"a"}, nil
	b.call("AddOperation, K = 1, refused", "1 SET, 1 `operation_add`, 1 `listing_clear`", 3, func() error {
		if b.faulty.AddOperation(ctx, refusedOne) == nil {
			b.t.Errorf("an operation was not refused")
		}
		return nil
	})
}

func (b *budget) ends() {
	ctx := b.t.Context()
	remove := func(name, want string, roundTrips, k int) {
		ref := b.on(b.connected(k, k, own), 0).Ref
		b.call(name, want, roundTrips, func() error {
			_, err := b.faulty.RemoveOperation(ctx, ref, b.clock.Now())
			return err
		})
	}
	remove("RemoveOperation of none (tombstone)", "1 `operation_remove`", 1, 0)
	for _, k := range []int{1, 5} {
		remove(fmt.Sprintf("RemoveOperation, K = %d", k),
			fmt.Sprintf("1 `operation_remove`, %d `listing_clear`, 1 `operation_forget`", k), 3, k)
	}
	query := b.on(b.connected(1, 0, nil), 0).Ref
	b.call("RemoveOperation, K = 0 (query or mutation)", "1 `operation_remove`", 1, func() error {
		_, err := b.faulty.RemoveOperation(ctx, query, b.clock.Now())
		return err
	})
	for _, test := range []struct {
		name, want string
		roundTrips int
		row        ports.Connection
	}{
		{"DeleteConnection, M = 0", "1 `connection_delete`", 1, b.connected(0, 0, nil)},
		{"DeleteConnection, M = 1, K = 1", "1 `connection_delete`, 1 `listing_clear`, 1 `connection_forget`", 3, b.connected(1, 1, own)},
		{"DeleteConnection, M = 60, one topic for all", "1 `connection_delete`, 1 `listing_clear`, 1 `connection_forget`", 3, b.connected(60, 1, shared)},
		{"DeleteConnection, M = 60, K = 5, all different", "1 `connection_delete`, 300 `listing_clear`, 1 `connection_forget`", 3, b.connected(60, 5, own)},
	} {
		b.call(test.name, test.want, test.roundTrips, func() error {
			_, err := b.faulty.DeleteConnection(ctx, test.row.Address.ID)
			return err
		})
	}
}

func (b *budget) listings() {
	ctx := b.t.Context()
	for _, n := range []int{1, 1_001} {
		topic := ports.Topic(fmt.Sprint("crowd ", n))
		for left := n; left > 0; left -= 100 { // one connection takes the longer, the more it has
			b.connected(min(left, 100), 1, func(int, int) ports.Topic { return topic })
		}
		pages := (n + 999) / 1000
		b.call(fmt.Sprintf("ListSubscribers to the end, N = %d", n), fmt.Sprintf("%d `listing_page`", pages), pages, func() error {
			request, listed := ports.PageRequest{}, 0
			for {
				page, err := b.faulty.ListSubscribers(ctx, topic, request)
				if listed += len(page.Subscribers); err != nil || page.Next == "" {
					if listed != n {
						b.t.Errorf("%d are listed, want %d", listed, n)
					}
					return err
				}
				request.After = page.Next
			}
		})
	}
	moved := b.on(b.connected(1, 1, own), 0)
	b.call("GetSubscriber", "1 `listing_get`", 1, func() error {
		_, err := b.faulty.GetSubscriber(ctx, own(0, 0), moved.Ref)
		return err
	})
	b.call("MovePlace", "1 `listing_move`", 1, func() error {
		return b.faulty.MovePlace(ctx, own(0, 0), moved.Ref, moved.ReceivedAt, 0, ports.Place{Version: 1})
	})
	b.call("RemoveSubscribers, 2,500 of them", "3 `listing_clear`", 1, func() error {
		return b.faulty.RemoveSubscribers(ctx, "topic", make([]ports.OperationRef, 2_500))
	})
	b.call("SaveCheckpoint", "1 SET", 1, func() error {
		return b.faulty.SaveCheckpoint(ctx, "topic", ports.Checkpoint{ExpiresAt: b.connection.ExpiresAt})
	})
	b.call("LoadCheckpoint", "1 `checkpoint_load`", 1, func() error {
		_, err := b.faulty.LoadCheckpoint(ctx, "topic")
		return err
	})
}

func (b *budget) histories() {
	ctx, events := b.t.Context(), kept(1, 100)
	var epoch string
	b.call("Append, 100 events", "1 `history_append`", 1, func() (err error) {
		epoch, err = b.faulty.Append(ctx, "history", events...)
		return err
	})
	b.call("Read, 100 events", "1 `history_read`", 1, func() error {
		read, more, err := b.faulty.Read(ctx, "history", ports.Mark{Epoch: epoch}, 0)
		if len(read) != 100 || more {
			b.t.Errorf("%d events were read, want 100", len(read))
		}
		return err
	})
	b.call("Head", "1 `history_head`", 1, func() error {
		_, err := b.faulty.Head(ctx, "history", events[0].Keep)
		return err
	})
}
