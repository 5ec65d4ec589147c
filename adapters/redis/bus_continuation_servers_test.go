//go:build integration

package redis_test

import "testing"

func TestDeliveryGoesOnBehindTheRedisBusOnServers(t *testing.T) { onServers(t, fanouts) }

func TestWorkerFinishesOrHandsBackOnServers(t *testing.T) { onServers(t, drains) }
