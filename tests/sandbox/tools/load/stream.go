// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"hash/fnv"
	"sync"
	"time"
)

// endTolerance is how shortly before the end a request may have been due without being counted as not sent.
const endTolerance = 100 * time.Millisecond

// stream sends the requests of one target at its rate.
//
// The n-th request is meant to start at a time that is fixed beforehand. When earlier ones hold all slots, it starts later,
// and its latency still counts from that time; when it is later than its own timeout, it is not sent at all and counted so,
// as a user would have given up. So neither a slow plane nor a busy machine makes the numbers look better.
type stream struct {
	runner    *runner
	target    *target
	record    *record
	exchanger *exchanger // nil for WebSockets
	ctx       context.Context
	cancel    context.CancelFunc
	slots     chan struct{} // one for each request of this target in flight
	ended     chan struct{}
}

func newStream(r *runner, t *target) (*stream, error) {
	exchanger, err := newExchanger(t)
	if err != nil {
		return nil, err
	}
	s := &stream{runner: r, target: t, exchanger: exchanger, slots: make(chan struct{}, t.Concurrency), ended: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(r.ctx)
	return s, nil
}

// drive returns when the stream was ended and its last request is answered.
func (s *stream) drive() {
	defer close(s.ended)
	defer s.exchanger.close()
	if s.target.Protocol == protocolWebSocket {
		s.driveSockets()
	} else {
		s.driveRequests()
	}
}

// phase spreads the first requests of the targets over their interval, the same way in each run.
func (s *stream) phase() time.Duration {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(s.target.ID)) // a hash never fails to write
	return time.Duration(float64(s.target.interval()) * float64(hash.Sum32()) / (1 << 32))
}

func (s *stream) driveRequests() {
	var inFlight sync.WaitGroup
	defer inFlight.Wait()
	interval, timeout := s.target.interval(), time.Duration(s.target.Timeout)
	next, freshOwed := time.Now().Add(s.phase()), 0.0
	for until(s.ctx, next) {
		if late := time.Since(next); late > timeout {
			missed := int((late-timeout)/interval) + 1
			s.record.addNotSent(missed)
			next = next.Add(time.Duration(missed) * interval)
			continue
		}
		if !s.acquire() {
			break
		}
		freshOwed += *s.target.Fresh
		onFresh := freshOwed >= 1
		if onFresh {
			freshOwed--
		}
		intended := next
		inFlight.Go(func() {
			defer s.release()
			s.send(intended, onFresh)
		})
		next = next.Add(interval)
	}
	if late := time.Since(next) - endTolerance; late > 0 {
		s.record.addNotSent(int(late/interval) + 1)
	}
}

// until waits for a time. It returns false when the context ended before.
func until(ctx context.Context, when time.Time) bool {
	timer := time.NewTimer(time.Until(when))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// acquire takes a slot of the target, one of the run, and one request of the budget.
func (s *stream) acquire() bool {
	for _, slots := range []chan struct{}{s.slots, s.runner.slots} {
		select {
		case slots <- struct{}{}:
		case <-s.ctx.Done():
			return false // what was taken is of no use to anybody: the stream is over
		}
	}
	return s.runner.take()
}

func (s *stream) release() {
	<-s.runner.slots
	<-s.slots
}

func (s *stream) send(intended time.Time, onFresh bool) {
	// Not from the stream's context: what was sent is waited for.
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.target.Timeout))
	defer cancel()
	resent, failure := s.exchanger.exchange(ctx, onFresh)
	s.record.add(outcome{intended: intended, ended: time.Now(), resent: resent, failure: failure})
}
