// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// Bounds of the counters' memory: requests beyond maxSeries are counted under otherPaths, longer paths are cut.
const (
	maxSeries     = 10_000
	maxPathLength = 256
	otherPaths    = "(other)"
)

// requestKey is what requests are counted by; the path is without its query, as it was escaped on the wire.
type requestKey struct {
	Path     string `json:"path"`
	Method   string `json:"method"`
	Protocol string `json:"protocol"`
}

type requestCount struct {
	requestKey
	Count uint64 `json:"count"`
}

// counters counts the requests of the main ports.
type counters struct {
	mu       sync.Mutex
	counts   map[requestKey]uint64
	inFlight int
}

func newCounters() *counters { return &counters{counts: map[requestKey]uint64{}} }

// begin counts a request and returns the function that ends it.
func (c *counters) begin(key requestKey) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	key.Path = key.Path[:min(len(key.Path), maxPathLength)]
	if _, known := c.counts[key]; !known && len(c.counts) >= maxSeries {
		key = requestKey{otherPaths, otherPaths, otherPaths}
	}
	c.counts[key]++
	c.inFlight++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.inFlight--
	}
}

func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.counts)
}

// snapshot is all counts, sorted, and the number of requests that are being answered.
func (c *counters) snapshot() ([]requestCount, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	result := make([]requestCount, 0, len(c.counts))
	for key, count := range c.counts {
		result = append(result, requestCount{key, count})
	}
	slices.SortFunc(result, func(a, b requestCount) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Protocol, b.Protocol))
	})
	return result, c.inFlight
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// writeMetrics writes the Prometheus text format, version 0.0.4.
func (c *counters) writeMetrics(w io.Writer, openSockets int) error {
	counts, inFlight := c.snapshot()
	var text strings.Builder
	text.WriteString("# HELP echo_requests_total Requests received on the main ports.\n# TYPE echo_requests_total counter\n")
	for _, count := range counts {
		fmt.Fprintf(&text, "echo_requests_total{path=\"%s\",method=\"%s\",protocol=\"%s\"} %d\n",
			labelEscaper.Replace(count.Path), labelEscaper.Replace(count.Method), labelEscaper.Replace(count.Protocol), count.Count)
	}
	fmt.Fprintf(&text, "# HELP echo_requests_in_flight Requests being answered.\n# TYPE echo_requests_in_flight gauge\necho_requests_in_flight %d\n", inFlight)
	fmt.Fprintf(&text, "# HELP echo_websockets_open Open WebSockets.\n# TYPE echo_websockets_open gauge\necho_websockets_open %d\n", openSockets)
	_, err := io.WriteString(w, text.String())
	return err
}
