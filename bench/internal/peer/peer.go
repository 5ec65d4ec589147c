// Package peer is what the benchmarked servers written in Go have in common:
// how the load program starts them, has them publish, and reads what they used.
// It costs each of them the same.
package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Message is what the clients subscribe to.
type Message struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Author string `json:"author"`
	SentAt string `json:"sentAt"`
}

// State is the payload of connection_init.
type State struct {
	Name string `json:"name"`
}

// text is as long as a chat message.
const text = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all; it was asleep."

// NewMessage returns the event of that number.
func NewMessage(number int, sentAt string) Message {
	return Message{ID: "event-" + strconv.Itoa(number), Text: text, Author: "ann", SentAt: sentAt}
}

// Serve runs a server on a free port, which it prints, until standard input
// ends. Every line of the input, "FIRST N SENTAT", asks for N messages to be
// published, numbered from FIRST: publishing that way costs next to nothing.
func Serve(graphql http.Handler, publish func(...Message) error) error {
	return ServeUsage(graphql, publish, func(*Usage) {})
}

// ServeUsage is Serve of a server that has more to say about what it used.
func ServeUsage(graphql http.Handler, publish func(...Message) error, add func(*Usage)) error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", graphql)
	mux.HandleFunc("/usage", func(w http.ResponseWriter, r *http.Request) {
		used := measure(r.URL.Query().Has("collect"))
		add(&used)
		_ = json.NewEncoder(w).Encode(used)
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr())
	return obey(os.Stdin, publish)
}

func obey(lines io.Reader, publish func(...Message) error) error {
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		var first, n int
		var sentAt string
		if _, err := fmt.Sscan(scanner.Text(), &first, &n, &sentAt); err != nil {
			return err
		}
		messages := make([]Message, n)
		for i := range messages {
			messages[i] = NewMessage(first+i, sentAt)
		}
		if err := publish(messages...); err != nil {
			return err
		}
	}
	return scanner.Err()
}

// Usage is what a server has used since it started.
type Usage struct {
	// CPUSeconds is user and system time.
	CPUSeconds float64 `json:"cpuSeconds"`
	// Resident is memory in bytes, and Peak the most that it has been since memory was
	// last freed for a measurement.
	Resident uint64 `json:"resident"`
	Peak     uint64 `json:"peak"`
	// Allocations counts objects on the heap.
	Allocations uint64 `json:"allocations"`
	// Writes counts system calls that write, if the system does.
	Writes uint64 `json:"writes"`
	// Requests are those that a fleet has made to its Redis, and RedisCPUSeconds what
	// that has used.
	Requests        uint64  `json:"requests,omitempty"`
	RedisCPUSeconds float64 `json:"redisCPUSeconds,omitempty"`
}

// measure reads the usage of this process; with collect, after all memory that
// can be freed has been.
func measure(collect bool) Usage {
	if collect {
		debug.FreeOSMemory()
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // forgets the peak
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return Usage{}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return Usage{
		CPUSeconds:  time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds(),
		Resident:    resident(),
		Peak:        peak(),
		Allocations: memory.Mallocs,
		Writes:      writes(),
	}
}

// resident is the process's resident memory as Linux counts it.
func resident() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[1], 10, 64)
	return pages * uint64(os.Getpagesize())
}

// writes are the calls that write as Linux counts them.
func writes() uint64 {
	counters, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(counters), "syscw:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(fields[0], 10, 64)
	return n
}

// peak is the most resident memory as Linux counts it.
func peak() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0
	}
	kibibytes, _ := strconv.ParseUint(fields[0], 10, 64)
	return kibibytes << 10
}
