// Package portfault injects faults into any implementation of the ports, to
// find out what an adapter, a schema or a program of yours does when the world
// misbehaves: latency, throttling, timeouts, lost answers, partial failures,
// duplicates, and crashes between two writes.
//
// Faults decides, by a seed, what becomes of every call. A Process wraps the
// ports of one process, which can crash: from then on none of its calls reaches
// anything, and whoever drives the test makes a new engine on a new Process, with
// the same ports behind it.
//
//	faults := portfault.New(portfault.Config{Seed: 1, Rates: map[portfault.Kind]float64{
//		portfault.Throttled: 0.1, portfault.Crash: 0.01,
//	}})
//	process := faults.Process()
//	store := process.Store(backend)
//	engine, err := core.New(core.Config{
//		Store: store,
//		Bus: process.Bus(bus), Pusher: process.Pusher(pusher), ...
//	})
//
// No wrapper breaks the contract of its port: what it does to a call is what the
// contract lets happen. What each kind of fault means for each call:
//
//	kind        stores, histories        Publish              Deliver               Push, Close
//	Latency     takes longer             takes longer         takes longer          takes longer
//	Throttled   ErrThrottled             nothing taken        nothing delivered     nothing sent
//	Timeout     nothing done, no kind    nothing taken        nothing delivered     nothing sent
//	LostAnswer  done, but an error       taken, an error      delivered, an error   sent, but an error
//	Partial     short reads, some rows   the first are taken  some are delivered    -
//	Duplicate   carried out twice        taken twice          delivered twice       -
//	Crash       done or not, and the process ends
//
// A fault is drawn for a call by its name, its subject (a connection, a topic)
// and how many such calls there were in the process. So a seed decides the same
// whatever the order in which goroutines run; a run repeats itself as far as its
// calls do.
package portfault
