package redis_test

import (
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/ports"
)

func TestPushAllSaysOfEachConnectionWhatItsProcessSays(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	remote, remoteSocket := here.dial("remote")
	local, localSocket := there.dial("local")
	slow, _ := here.dial("slow")
	for range 4999 {
		if err := here.Push(t.Context(), slow, text("x")); err != nil {
			t.Fatal(err)
		}
	}
	gone, goneSocket := here.dial("gone")
	goneSocket.HangUp()
	frames := []ports.Frame{text("1"), text("2"), text("3")}
	results := there.Router.(ports.Batcher).PushAll(t.Context(), []ports.Push{
		{To: remote, Frames: frames}, {To: local, Frames: frames}, {To: slow, Frames: frames}, {To: gone, Frames: frames},
		{To: ports.Address{ID: "nowhere"}, Frames: frames},
	})
	for i, want := range []ports.Pushed{
		{Accepted: 3}, {Accepted: 3}, {Accepted: 1, Err: ports.ErrThrottled}, {Err: ports.ErrGone}, {Err: ports.ErrInvalid},
	} {
		wantKind(t, results[i].Err, want.Err)
		if results[i].Accepted != want.Accepted {
			t.Errorf("of connection %d %d frames were accepted, want %d", i, results[i].Accepted, want.Accepted)
		}
	}
	gets(t, remoteSocket, "1", "2", "3")
	gets(t, localSocket, "1", "2", "3")
}

// A message holds so many bytes; frames of one connection that are more are for the next
// call, and none of them is lost in silence.
func TestPushAllSendsWhatAMessageHolds(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	to, socket := here.dial("1")
	large := text(strings.Repeat("x", 200<<10))
	results := there.Router.(ports.Batcher).PushAll(t.Context(), []ports.Push{{To: to, Frames: []ports.Frame{text("first"), large, text("x"), large}}})
	if results[0].Accepted != 3 || results[0].Err != nil {
		t.Errorf("%+v, want the first three frames", results[0])
	}
	gets(t, socket, "first", string(large.AppendTo(nil)), "x")
}

// gets reads what waits in a socket: these and no more.
func gets(t *testing.T, socket *memory.Socket, want ...string) {
	t.Helper()
	if socket.Queued() != len(want) {
		t.Errorf("%d frames wait, want %d", socket.Queued(), len(want))
	}
	for _, text := range want {
		got, err := socket.Receive(t.Context())
		if err != nil || string(got) != text {
			t.Fatalf("got %.20q, error %v; want %.20q", got, err, text)
		}
	}
}
