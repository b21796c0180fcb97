// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxListed bounds the lines about failing hosts in the text for people; the JSON has them all.
const maxListed = 20

// report is the outcome of a run, or of a run so far.
type report struct {
	Started time.Time  `json:"started"`
	Seconds float64    `json:"seconds"`
	EndedBy string     `json:"ended_by"` // "" while it runs
	Totals  totals     `json:"totals"`
	Planes  []*summary `json:"planes"`
	Hosts   []*summary `json:"hosts"`
	Targets []*summary `json:"targets"`
}

type totals struct {
	Requests uint64 `json:"requests"`
	Failures uint64 `json:"failures"`
	Resent   uint64 `json:"resent"`
	NotSent  uint64 `json:"not_sent"`
}

// summary adds up the targets of a plane, of a host on a plane, or one target.
type summary struct {
	ID       string          `json:"id,omitempty"`
	Plane    string          `json:"plane"`
	Host     string          `json:"host,omitempty"`
	Protocol string          `json:"protocol,omitempty"`
	totals                   // requests, failures, resent, not_sent
	Opened   uint64          `json:"websockets_opened"`
	Kinds    map[kind]uint64 `json:"failure_kinds"`
	Latency  latencies       `json:"latency_ms"`
	Examples []example       `json:"first_failures,omitempty"`
	Series   []seriesEntry   `json:"series,omitempty"`
	merged   histogram       // what Latency is read from
	seconds  map[int]second  // what Series is made from
}

// latencies of successful requests, in milliseconds.
type latencies struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// seriesEntry is one second in which requests were to start.
type seriesEntry struct {
	Second    int     `json:"second"`
	Requests  uint32  `json:"requests"`
	Failures  uint32  `json:"failures"`
	SlowestMS float64 `json:"slowest_ms"`
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// newReport adds up records. Hosts carry the per-second series, if wanted, and the examples of failures.
func newReport(records []*record, started, now time.Time, withSeries bool) *report {
	result := &report{Started: started.UTC(), Seconds: now.Sub(started).Seconds()}
	planes, hosts := map[string]*summary{}, map[[2]string]*summary{}
	for _, r := range records {
		one := &summary{ID: r.target.ID, Plane: r.target.Plane, Host: r.target.Host, Protocol: r.target.Protocol}
		plane := entryOf(planes, r.target.Plane, summary{Plane: r.target.Plane})
		host := entryOf(hosts, [2]string{r.target.Plane, r.target.Host}, summary{Plane: r.target.Plane, Host: r.target.Host, seconds: map[int]second{}})
		for _, into := range []*summary{one, plane, host} {
			into.add(r)
		}
		result.Targets = append(result.Targets, one)
	}
	byName := func(a, b *summary) int {
		return cmp.Or(cmp.Compare(a.Plane, b.Plane), cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID))
	}
	result.Planes = slices.SortedFunc(maps.Values(planes), byName)
	result.Hosts = slices.SortedFunc(maps.Values(hosts), byName)
	slices.SortFunc(result.Targets, byName)
	for _, s := range slices.Concat(result.Planes, result.Hosts, result.Targets) {
		s.finish(withSeries)
	}
	for _, plane := range result.Planes {
		result.Totals.add(plane.totals)
	}
	return result
}

func entryOf[K comparable](entries map[K]*summary, key K, initial summary) *summary {
	if entries[key] == nil {
		entries[key] = &initial
	}
	return entries[key]
}

func (t *totals) add(other totals) {
	t.Requests += other.Requests
	t.Failures += other.Failures
	t.Resent += other.Resent
	t.NotSent += other.NotSent
}

func (s *summary) add(r *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Kinds == nil {
		s.Kinds = map[kind]uint64{}
	}
	var failures uint64
	for k, count := range r.failures {
		s.Kinds[k] += count
		failures += count
	}
	s.totals.add(totals{r.requests, failures, r.resent, r.notSent})
	s.Opened += r.opened
	s.merged.merge(&r.latency)
	if s.seconds == nil { // only hosts tell more than sums
		return
	}
	s.Examples = append(s.Examples, r.examples...)
	for at, entry := range r.series {
		sum := s.seconds[at]
		s.seconds[at] = second{sum.requests + entry.requests, sum.failures + entry.failures, max(sum.slowest, entry.slowest)}
	}
}

func (s *summary) finish(withSeries bool) {
	h := &s.merged
	s.Latency = latencies{
		Mean: milliseconds(h.mean()), P50: milliseconds(h.quantile(0.5)), P90: milliseconds(h.quantile(0.9)),
		P95: milliseconds(h.quantile(0.95)), P99: milliseconds(h.quantile(0.99)), Max: milliseconds(h.max),
	}
	slices.SortFunc(s.Examples, func(a, b example) int { return a.Time.Compare(b.Time) })
	if !withSeries {
		return
	}
	for _, at := range slices.Sorted(maps.Keys(s.seconds)) {
		entry := s.seconds[at]
		s.Series = append(s.Series, seriesEntry{at, entry.requests, entry.failures, milliseconds(entry.slowest)})
	}
}

// writeText tells people in a few lines what the JSON tells in full.
func (r *report) writeText(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "load: %.1f s, ended by %s\n", r.Seconds, r.EndedBy)
	for _, p := range r.Planes {
		fmt.Fprintf(&text, "plane %s: %d requests, %d failed, %d sent again, %d not sent; ms: p50 %.2f, p95 %.2f, p99 %.2f, max %.2f\n",
			p.Plane, p.Requests, p.Failures, p.Resent, p.NotSent, p.Latency.P50, p.Latency.P95, p.Latency.P99, p.Latency.Max)
	}
	failing := slices.DeleteFunc(slices.Clone(r.Hosts), func(s *summary) bool { return s.Failures == 0 })
	for _, s := range failing[:min(len(failing), maxListed)] {
		first := s.Examples[0]
		fmt.Fprintf(&text, "failed: %s on %s: %s; first at %.1f s: %s %s: %s: %s\n",
			s.Host, s.Plane, kindsText(s.Kinds), first.Second, first.Method, first.URL, first.Kind, first.Reason)
	}
	if more := len(failing) - maxListed; more > 0 {
		fmt.Fprintf(&text, "failed: and %d hosts more\n", more)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func kindsText(kinds map[kind]uint64) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[k], k))
	}
	return strings.Join(parts, ", ")
}

// writeFile replaces the file in one step, so that nobody reads half a summary.
func (r *report) writeFile(path string) error {
	encoded, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(append(encoded, '\n'))
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(temporary.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) // the first error is the one to tell
	}
	return err
}
