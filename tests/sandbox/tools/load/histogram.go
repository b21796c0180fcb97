// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"math/bits"
	"time"
)

// A histogram has buckets of equal width within each power of two of microseconds, so that a value is known to 1/32
// (3 %), from 1 µs to 71 minutes, in a fixed 3.6 KiB.
const (
	subBits    = 5
	subBuckets = 1 << subBits
	topBit     = 32
	buckets    = (topBit - subBits + 1) * subBuckets
)

type histogram struct {
	counts [buckets]uint32
	total  uint64
	sum    time.Duration
	max    time.Duration
}

func bucketOf(value time.Duration) int {
	micros := uint64(max(0, value.Microseconds()))
	if micros < subBuckets {
		return int(micros)
	}
	shift := bits.Len64(micros) - 1 - subBits
	return min((shift+1)<<subBits+int(micros>>shift)-subBuckets, buckets-1)
}

// bucketTop is the largest value that falls into a bucket.
func bucketTop(index int) time.Duration {
	if index < subBuckets {
		return time.Duration(index) * time.Microsecond
	}
	shift := index>>subBits - 1
	micros := (uint64(index&(subBuckets-1))+subBuckets+1)<<shift - 1
	return time.Duration(micros) * time.Microsecond
}

func (h *histogram) add(value time.Duration) {
	h.counts[bucketOf(value)]++
	h.total++
	h.sum += value
	h.max = max(h.max, value)
}

func (h *histogram) merge(other *histogram) {
	for i, count := range other.counts {
		h.counts[i] += count
	}
	h.total += other.total
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// quantile is the value that a share of all values does not exceed, 0 when there is none.
func (h *histogram) quantile(share float64) time.Duration {
	wanted := uint64(share*float64(h.total) + 0.5)
	var seen uint64
	for i, count := range h.counts {
		if seen += uint64(count); seen >= max(wanted, 1) {
			return min(bucketTop(i), h.max)
		}
	}
	return h.max
}

func (h *histogram) mean() time.Duration {
	if h.total == 0 {
		return 0
	}
	return h.sum / time.Duration(h.total)
}
