// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// maxTargets bounds the targets of one run, removed ones included.
const maxTargets = 10_000

// runner owns the streams of a run and what was counted.
type runner struct {
	begin  time.Time
	ctx    context.Context
	cancel context.CancelCauseFunc // its cause says who ended the run
	slots  chan struct{}           // one for each request in flight
	budget atomic.Int64            // requests that may still be sent

	mu      sync.Mutex
	streams map[string]*stream // by target ID
	records map[string]*record // by target ID; kept when a target is removed
	done    sync.WaitGroup
}

func newRunner(maxRequests int64, maxInFlight int) *runner {
	r := &runner{
		begin: time.Now(), slots: make(chan struct{}, maxInFlight),
		streams: map[string]*stream{}, records: map[string]*record{},
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	r.budget.Store(maxRequests)
	return r
}

func (r *runner) stop(reason string)       { r.cancel(errors.New(reason)) }
func (r *runner) stopped() <-chan struct{} { return r.ctx.Done() }

// take uses up one request of the budget; the request that finds it empty ends the run.
func (r *runner) take() bool {
	if r.budget.Add(-1) >= 0 {
		return true
	}
	r.stop("its number of requests")
	return false
}

// add starts all of the targets or, when one cannot be started, none. A target that runs already is left alone; it is an
// error when it has the ID of a running one and asks for something else. It returns how many were started.
func (r *runner) add(targets []target) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		return 0, fmt.Errorf("the run was ended by %w", context.Cause(r.ctx))
	}
	var fresh []*stream
	for i := range targets {
		t := &targets[i]
		if running := r.streams[t.ID]; running != nil {
			if !running.target.same(t) {
				return 0, fmt.Errorf("target %q runs already and differs: remove it first, or give the new one its own \"id\"", t.ID)
			}
			continue
		}
		s, err := newStream(r, t)
		if err != nil {
			return 0, err
		}
		fresh = append(fresh, s)
	}
	if len(r.records)+len(fresh) > maxTargets {
		return 0, fmt.Errorf("more than %d targets in one run", maxTargets)
	}
	for _, s := range fresh {
		r.start(s)
	}
	return len(fresh), nil
}

func (r *runner) start(s *stream) {
	s.record = r.records[s.target.ID]
	if s.record == nil {
		s.record = newRecord(r.begin, s.target)
		r.records[s.target.ID] = s.record
	}
	r.streams[s.target.ID] = s
	r.done.Go(s.drive)
}

// remove ends the streams whose target is chosen, waits for their requests in flight, and returns how many there were.
func (r *runner) remove(chosen func(*target) bool) int {
	r.mu.Lock()
	var ended []*stream
	for id, s := range r.streams {
		if chosen(s.target) {
			s.cancel()
			ended = append(ended, s)
			delete(r.streams, id)
		}
	}
	r.mu.Unlock()
	for _, s := range ended {
		<-s.ended
	}
	return len(ended)
}

// wait waits for the end of the run and of all requests in flight, and returns the whole report.
func (r *runner) wait() *report {
	<-r.ctx.Done()
	r.mu.Lock() // an add that is under way is either through or refused after this
	now := time.Now()
	r.mu.Unlock()
	r.done.Wait()
	result := r.report(now, true)
	result.EndedBy = context.Cause(r.ctx).Error()
	return result
}

// report is what was counted so far.
func (r *runner) report(now time.Time, withSeries bool) *report {
	r.mu.Lock()
	records := make([]*record, 0, len(r.records))
	for _, one := range r.records {
		records = append(records, one)
	}
	r.mu.Unlock()
	return newReport(records, r.begin, now, withSeries)
}
