//go:build integration

package redis_test

import "testing"

func TestDeliveryGoesOnBehindTheRedisBusOnServers(t *testing.T) {
	t.Parallel()
	onServers(t, fanouts)
}

func TestWorkerFinishesOrHandsBackOnServers(t *testing.T) {
	t.Parallel()
	onServers(t, drains)
}
