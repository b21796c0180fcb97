// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEveryValueIsKnownToThreePercent(t *testing.T) {
	for value := time.Microsecond; value < 70*time.Minute; value += value/7 + 1 {
		micros := value.Truncate(time.Microsecond)
		top := bucketTop(bucketOf(value))
		if top < micros || top > micros+micros/subBuckets {
			t.Fatalf("%s is in a bucket up to %s", value, top)
		}
	}
	if got := bucketOf(100 * time.Hour); got != buckets-1 {
		t.Errorf("an enormous value is in bucket %d", got)
	}
	if got := bucketOf(-time.Second); got != 0 {
		t.Errorf("a negative value is in bucket %d", got)
	}
}

func TestQuantilesAgreeWithASortedList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	var halves [2]histogram
	for i := range 20_000 {
		value := time.Duration(random.ExpFloat64() * float64(5*time.Millisecond)).Truncate(time.Microsecond)
		all = append(all, value)
		halves[i%2].add(value)
	}
	slices.Sort(all)
	halves[0].merge(&halves[1])
	for _, share := range []float64{0.5, 0.95, 0.999} {
		want := all[int(share*float64(len(all)))-1]
		if got := halves[0].quantile(share); got < want || got > want+want/16 {
			t.Errorf("quantile %v is %s, the list says %s", share, got, want)
		}
	}
	if halves[0].max != all[len(all)-1] || halves[0].quantile(1) != halves[0].max {
		t.Errorf("max is %s, quantile 1 is %s, the list says %s", halves[0].max, halves[0].quantile(1), all[len(all)-1])
	}
}

func TestEmptyHistogram(t *testing.T) {
	var h histogram
	if h.quantile(0.99) != 0 || h.mean() != 0 {
		t.Error("nothing has a latency")
	}
}
