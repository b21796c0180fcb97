// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"sync"
	"time"
)

// Bounds of what is remembered of one target.
const (
	maxExamplesPerKind = 5
	maxSeriesSeconds   = 24 * 3600
)

// second is what happened to the requests that were to start in one second of the run.
type second struct {
	requests, failures uint32
	slowest            time.Duration
}

// record is everything counted for one target.
type record struct {
	mu       sync.Mutex
	begin    time.Time // of the run
	target   *target
	requests uint64
	failures map[kind]uint64
	resent   uint64
	notSent  uint64
	opened   uint64 // WebSockets
	latency  histogram
	examples []example
	series   map[int]second
}

func newRecord(begin time.Time, t *target) *record {
	return &record{begin: begin, target: t, failures: map[kind]uint64{}, series: map[int]second{}}
}

// outcome is the end of one request. Its latency counts from the intended start, so a plane that is slow to answer one
// request is charged for those that had to wait behind it ("coordinated omission").
type outcome struct {
	intended, ended time.Time
	resent          int
	failure         *failure
}

func (r *record) add(o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	latency := o.ended.Sub(o.intended)
	r.requests++
	r.resent += uint64(o.resent)
	at := int(o.intended.Sub(r.begin) / time.Second)
	entry := r.series[at]
	entry.requests++
	entry.slowest = max(entry.slowest, latency)
	if o.failure == nil {
		r.latency.add(latency) // of answers only: a refused connection is fast, and not what a user waits for
	} else {
		entry.failures++
		r.fail(o)
	}
	if at < maxSeriesSeconds {
		r.series[at] = entry
	}
}

func (r *record) fail(o outcome) {
	r.failures[o.failure.kind]++
	if r.failures[o.failure.kind] > maxExamplesPerKind {
		return
	}
	t := r.target
	r.examples = append(r.examples, example{
		Time: o.ended.UTC(), Second: o.ended.Sub(r.begin).Seconds(), Plane: t.Plane, Host: t.Host, Protocol: t.Protocol,
		Method: t.Method, URL: t.url(), Kind: o.failure.kind, Reason: o.failure.reason,
	})
}

func (r *record) addNotSent(count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notSent += uint64(count)
}

func (r *record) addOpened() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened++
}
