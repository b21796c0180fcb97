// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestConstantRate(t *testing.T) {
	p := newPlane(t, false, ok)
	result := send(t, time.Second, target{Host: "a.example.test", Address: p.address(), Rate: 100})
	if due := result.Totals.Requests + result.Totals.NotSent; due < 88 || due > 101 { // the last 100 ms may be left out
		t.Errorf("%d requests were due in a second at 100 per second", due)
	}
	if result.Totals.Failures > 0 {
		t.Errorf("%+v", result.Hosts[0])
	}
}

// A plane that answers one request after 400 ms and all others at once: with one slot, those that were due in the
// meantime waited, and say so. Counting from the moment they were sent would show one slow request.
func TestWaitingForASlotCountsAsLatency(t *testing.T) {
	var number atomic.Int32
	p := newPlane(t, false, func(w http.ResponseWriter, r *http.Request) {
		if number.Add(1) == 5 {
			<-time.After(400 * time.Millisecond)
		}
		ok(w, r)
	})
	result := send(t, time.Second, target{Host: "a.example.test", Address: p.address(), Rate: 50, Concurrency: 1})
	slow := 0
	for _, entry := range result.Hosts[0].Series {
		slow = max(slow, int(entry.SlowestMS))
	}
	if p90 := result.Hosts[0].Latency.P90; p90 < 200 || slow < 380 {
		t.Errorf("90 %% of the requests took at most %v ms, the slowest %d ms", p90, slow)
	}
	if due := result.Totals.Requests + result.Totals.NotSent; due < 43 || due > 51 {
		t.Errorf("%d requests were due in a second at 50 per second: those that waited were forgotten", due)
	}
}

func TestWhatComesTooLateIsNotSent(t *testing.T) {
	p := newPlane(t, false, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	result := send(t, time.Second, target{Host: "a.example.test", Address: p.address(), Rate: 50, Concurrency: 1, Timeout: duration(200 * time.Millisecond)})
	sum := result.Totals.Requests + result.Totals.NotSent
	if result.Totals.NotSent < 20 || sum < 40 || sum > 51 {
		t.Errorf("%+v: sent and not sent must be about 50 together", result.Totals)
	}
}

func TestFailuresPerHostAndSecond(t *testing.T) {
	var asked atomic.Int32
	p := newPlane(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "bad.example.test" && asked.Add(1) > 60 { // with one slot the 61st is the one due after 1.2 s
			http.Error(w, "broken", http.StatusBadGateway)
			return
		}
		ok(w, r)
	})
	result := send(t, 2200*time.Millisecond,
		target{Host: "bad.example.test", Address: p.address(), Rate: 50, Concurrency: 1, Plane: "istio"},
		target{Host: "good.example.test", Address: p.address(), Rate: 50, Plane: "nginx"})
	if len(result.Hosts) != 2 || len(result.Planes) != 2 {
		t.Fatalf("%d hosts, %d planes", len(result.Hosts), len(result.Planes))
	}
	bad, good := result.Hosts[0], result.Hosts[1]
	if good.Failures > 0 || bad.Kinds[kindStatus] == 0 || bad.Kinds[kindStatus] != bad.Failures || result.Planes[0].Failures != bad.Failures {
		t.Errorf("bad %+v, good %+v", bad.totals, good.totals)
	}
	if bad.Series[0].Failures > 0 || bad.Series[1].Failures == 0 || bad.Series[1].Failures >= bad.Series[1].Requests {
		t.Errorf("series %+v", bad.Series)
	}
	first := bad.Examples[0]
	if len(bad.Examples) != maxExamplesPerKind || first.Second < 1 || first.Host != "bad.example.test" || !strings.Contains(first.Reason, "502") {
		t.Errorf("examples %+v", bad.Examples)
	}
}

func TestTargetsAreAddedOnceAndTogether(t *testing.T) {
	p := newPlane(t, false, ok)
	r := newRunner(1000, 10)
	defer func() {
		r.stop("the test")
		r.wait()
	}()
	a := completed(t, target{Host: "a.example.test", Address: p.address()})
	if n, err := r.add([]target{a}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := r.add([]target{a}); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	differs := a
	differs.Rate = 7
	fresh := completed(t, target{Host: "b.example.test", Address: p.address()})
	if n, err := r.add([]target{fresh, differs}); n != 0 || err == nil || !strings.Contains(err.Error(), a.ID) {
		t.Errorf("a target that differs: %d, %v", n, err)
	}
	if len(r.streams) != 1 {
		t.Errorf("%d streams run: a part of a refused command was carried out", len(r.streams))
	}
}

func TestRemoveWaitsForRequestsInFlight(t *testing.T) {
	started := make(chan struct{}, 100)
	p := newPlane(t, false, func(w http.ResponseWriter, r *http.Request) {
		started <- struct{}{}
		<-time.After(300 * time.Millisecond)
		ok(w, r)
	})
	r := newRunner(1000, 10)
	one := completed(t, target{Host: "a.example.test", Address: p.address(), Rate: 100})
	if _, err := r.add([]target{one}); err != nil {
		t.Fatal(err)
	}
	<-started
	if n := r.remove(func(*target) bool { return true }); n != 1 {
		t.Errorf("removed %d", n)
	}
	after := r.report(time.Now(), false)
	requests, _ := p.seen()
	if after.Totals.Requests != uint64(len(requests)) || after.Totals.Failures > 0 {
		t.Errorf("%+v after the removal, the plane saw %d", after.Totals, len(requests))
	}
	r.stop("the test")
	if final := r.wait(); final.Totals != after.Totals || final.Targets[0].ID != one.ID {
		t.Errorf("%+v at the end", final.Totals)
	}
}

func TestTheNumberOfRequestsEndsTheRun(t *testing.T) {
	p := newPlane(t, false, ok)
	r := newRunner(20, 10)
	if _, err := r.add([]target{completed(t, target{Host: "a.example.test", Address: p.address(), Rate: 200})}); err != nil {
		t.Fatal(err)
	}
	result := r.wait()
	if requests, _ := p.seen(); len(requests) != 20 || result.Totals.Requests != 20 || result.EndedBy != "its number of requests" {
		t.Errorf("%d requests, ended by %s", len(requests), result.EndedBy)
	}
	if _, err := r.add(nil); err == nil {
		t.Error("a run that is over takes targets")
	}
}

func TestWebSocketsStayOpen(t *testing.T) {
	for _, overTLS := range []bool{false, true} {
		p := newPlane(t, overTLS, echoSocket(-1))
		one := target{Host: "a.example.test", Address: p.address(), Protocol: "ws", Rate: 100, Connections: 2}
		if overTLS {
			one.Scheme, one.Insecure = "https", true
		}
		result := send(t, 500*time.Millisecond, one)
		host := result.Hosts[0]
		if host.Failures > 0 || host.Opened != 2 || host.Requests < 35 || host.Latency.P50 == 0 {
			t.Errorf("TLS %t: %+v %v", overTLS, host.totals, host.Examples)
		}
		if _, connections := p.seen(); connections != 2 {
			t.Errorf("TLS %t: %d connections", overTLS, connections)
		}
	}
}

func TestCutWebSocketsAreCountedAndOpenedAgain(t *testing.T) {
	p := newPlane(t, false, echoSocket(5))
	result := send(t, 600*time.Millisecond, target{Host: "a.example.test", Address: p.address(), Protocol: "ws", Rate: 50})
	host := result.Hosts[0]
	if host.Kinds[kindCut] < 2 || host.Kinds[kindLost] < host.Kinds[kindCut] || host.Opened < host.Kinds[kindCut] || host.Failures != host.Kinds[kindCut]+host.Kinds[kindLost] {
		t.Errorf("%+v, opened %d", host.Kinds, host.Opened)
	}
}

func TestMissingEchoesAreLost(t *testing.T) {
	p := newPlane(t, false, echoSilently)
	result := send(t, 500*time.Millisecond, target{Host: "a.example.test", Address: p.address(), Protocol: "ws", Rate: 20, Timeout: duration(100 * time.Millisecond)})
	host := result.Hosts[0]
	if host.Kinds[kindLost] < 5 || host.Kinds[kindCut] > 0 || host.Opened != 1 {
		t.Errorf("%+v, opened %d", host.Kinds, host.Opened)
	}
}

func TestRefusedUpgrade(t *testing.T) {
	p := newPlane(t, false, http.NotFound)
	result := send(t, 300*time.Millisecond, target{Host: "a.example.test", Address: p.address(), Protocol: "ws", Rate: 20})
	if host := result.Hosts[0]; host.Kinds[kindStatus] == 0 || host.Kinds[kindStatus] != host.Requests || host.Opened != 0 {
		t.Errorf("%+v of %d", host.Kinds, host.Requests)
	}
}

func TestReportForPeopleIsBounded(t *testing.T) {
	var records []*record
	for i := range 50 {
		one := completed(t, target{Host: fmt.Sprintf("h%d.example.test", i), Address: "127.0.0.1:80"})
		r := newRecord(time.Now(), &one)
		for range 100 {
			r.add(outcome{intended: time.Now(), ended: time.Now(), failure: classify(errors.New("no"))})
		}
		records = append(records, r)
	}
	result := newReport(records, time.Now(), time.Now(), true)
	var text strings.Builder
	if err := result.writeText(&text); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(text.String(), "\n"); lines > maxListed+3 || !strings.Contains(text.String(), "and 30 hosts more") {
		t.Errorf("%d lines:\n%s", lines, text.String())
	}
}
