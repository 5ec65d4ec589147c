// Package model tests the engine on an adapter by random histories with faults.
//
// A history is several processes on one store and one bus, several clients, and
// publishers: they connect, subscribe, complete, publish, disconnect, leave
// without a word, all at the same time, while package portfault makes the ports
// fail and processes crash. A process that has crashed is replaced by a new one.
// Then the faults end, what was published is delivered to the end, and what the
// clients got is compared with what docs/guarantees.md promises:
//
//   - nothing missed: an operation that goes on with one of a former connection
//     continues it, from the first placement on;
//   - at least once, or ended: an event whose Publish returned nil reaches every
//     operation that was in place before, or the operation is ended;
//   - in order: first occurrences come in the order of publication;
//   - a repeat needs a reason: one of the faults that the guarantees name;
//   - complete takes effect: no listing that began after a complete was handled has
//     the operation, and nothing published since is sent for it;
//   - nothing that is published after the removal of an operation is sent for it;
//   - a client that did nothing wrong receives no error that says so;
//   - no row is left of a connection after Disconnect returned nil, of one that is
//     gone after a delivery met it, and of any after its time.
//
// Every history plays in a bubble of testing/synctest: time is that of the bubble
// and costs nothing. A seed decides all that is random; goroutines make the rest,
// so that a replayed seed may need several runs.
//
// Environment variables: MODEL_HISTORIES is how many histories there are,
// MODEL_SEED the first one's seed (each next is one more), and MODEL_REPORT a file
// to which a line of figures is appended.
package model
