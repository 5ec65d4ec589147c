package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// bill is what one event takes.
type bill struct {
	queries, readUnits, posts, invocations float64
	// seconds is how long until the last subscriber has the event, and busySeconds
	// how long all invocations run in all.
	seconds, busySeconds float64
	// subscribeSeconds is how long it takes until all subscriptions are stored.
	subscribeSeconds float64
}

// estimate is the bill for one event on a topic of so many shards, where an
// invocation pushes at the rate. Which shards share a lane is chance: it is the
// mean of many draws.
func estimate(subscribers, shards int, rate float64) bill {
	const draws = 2000
	random := rand.New(rand.NewPCG(1, 2))
	perShard := float64(subscribers) / float64(shards)
	var b bill
	for range draws {
		loads := make([]float64, lanes)
		for range shards {
			loads[random.IntN(lanes)] += perShard
		}
		loads = slices.DeleteFunc(loads, func(load float64) bool { return load == 0 })
		b.add(fanOut(loads, rate), 1.0/draws)
	}
	b.seconds += pollingSeconds
	bytes := perShard * rowBytes
	b.queries = float64(shards) * math.Ceil(bytes/queryBytes)
	b.readUnits = float64(shards) * math.Ceil(bytes/readUnitBytes)
	b.posts = float64(subscribers)
	b.subscribeSeconds = perShard * writesPerSubscribe / writesPerSecond
	return b
}

func (b *bill) add(other bill, weight float64) {
	b.seconds += weight * other.seconds
	b.busySeconds += weight * other.busySeconds
	b.invocations += weight * other.invocations
}

// fanOut lets the lanes push their loads side by side. They share the account's
// quota evenly, so that those left go faster when one is done.
func fanOut(loads []float64, rate float64) bill {
	var b bill
	slices.Sort(loads)
	done := 0.0
	for i, load := range loads {
		left := float64(len(loads) - i)
		took := (load - done) / min(rate, postsPerSecond/left)
		done = load
		b.seconds += took
		b.busySeconds += left * took
		b.invocations += math.Max(1, math.Ceil(b.seconds/(invocationSeconds-reserve.Seconds())))
	}
	return b
}

func (b bill) gigabyteSeconds() float64 { return b.busySeconds * memoryGigabytes }

func (b bill) dollars(shards int) float64 {
	return b.posts*perPost + b.readUnits*perReadUnit + float64(shards)*perWriteUnit +
		b.invocations*perInvocation + b.gigabyteSeconds()*perGigabyteSecond
}

func line(out io.Writer, subscribers, shards int, b bill) {
	fmt.Fprintf(out, "| %s | %d | %s | %s | %s | %.1f | %s | %s | %.4f | %s |\n",
		thousands(float64(subscribers)), shards, thousands(b.queries), thousands(b.readUnits), thousands(b.posts),
		b.invocations, tenths(b.seconds), tenths(b.gigabyteSeconds()), b.dollars(shards), tenths(b.subscribeSeconds))
}

// rate is how many subscribers one invocation serves in a second: as its posts
// come back, or as its processor can.
func (c costs) rate(latency time.Duration) float64 {
	return min(pushConcurrency/latency.Seconds(), 1/c.perSubscriber().Seconds())
}

func tenths(n float64) string {
	if n >= 100 {
		return thousands(n)
	}
	return strconv.FormatFloat(n, 'f', 1, 64)
}

func thousands(n float64) string {
	if n = math.Round(n); n < 1000 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return fmt.Sprintf("%s,%03d", thousands(math.Floor(n/1000)), int(n)%1000)
}
