// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func post(t *testing.T, url string) {
	t.Helper()
	response, err := http.Post(url, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != 200 {
		t.Fatalf("POST %s: %s", url, response.Status)
	}
}

func TestReadySwitch(t *testing.T) {
	r := start(t, "--unready")
	ready := func() int { return get(t, client(t, "h1"), "http://"+r.admin+"/readyz").StatusCode }
	if got := ready(); got != 503 {
		t.Errorf("started unready: %d", got)
	}
	post(t, "http://"+r.admin+"/ready/on")
	if got := ready(); got != 200 {
		t.Errorf("switched on: %d", got)
	}
	post(t, "http://"+r.admin+"/ready/off")
	if got := ready(); got != 503 {
		t.Errorf("switched off: %d", got)
	}
	if got := get(t, client(t, "h1"), "http://"+r.admin+"/healthz").StatusCode; got != 200 {
		t.Errorf("alive: %d", got)
	}
}

func TestCounters(t *testing.T) {
	r := start(t)
	for range 3 {
		get(t, client(t, "h1"), "http://"+r.http+"/a?x=1")
	}
	get(t, client(t, "h2"), "https://"+r.https+"/b%22")
	awaitMetric(t, r, "echo_requests_in_flight 0") // an answer can be read before its handler has returned
	metrics := get(t, client(t, "h1"), "http://"+r.admin+"/metrics").body
	for _, want := range []string{
		`echo_requests_total{path="/a",method="GET",protocol="HTTP/1.1"} 3`,
		`echo_requests_total{path="/b%22",method="GET",protocol="HTTP/2.0"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%s is not in\n%s", want, metrics)
		}
	}
	requests := get(t, client(t, "h1"), "http://"+r.admin+"/counters").fields(t)["requests"].([]any)
	if first := requests[0].(map[string]any); first["path"] != "/a" || first["count"] != 3.0 {
		t.Errorf("got %v", requests)
	}
	post(t, "http://"+r.admin+"/counters/reset")
	if left := get(t, client(t, "h1"), "http://"+r.admin+"/counters").fields(t)["requests"].([]any); len(left) != 0 {
		t.Errorf("after the reset: %v", left)
	}
}

func TestCountersKeepTheirMemoryBounded(t *testing.T) {
	c := newCounters()
	for i := range maxSeries + 5 {
		c.begin(requestKey{Path: fmt.Sprintf("/%d", i), Method: "GET", Protocol: "HTTP/1.1"})()
	}
	c.begin(requestKey{Path: "/" + strings.Repeat("x", 10_000)})()
	if len(c.counts) != maxSeries+1 || c.counts[requestKey{otherPaths, otherPaths, otherPaths}] != 6 {
		t.Errorf("%d series", len(c.counts))
	}
}

func TestMetricLabelsAreEscaped(t *testing.T) {
	c := newCounters()
	c.begin(requestKey{Path: "/a\"b\\c\nd", Method: "GET", Protocol: "HTTP/1.1"})()
	var text strings.Builder
	if err := c.writeMetrics(&text, 0); err != nil || !strings.Contains(text.String(), `path="/a\"b\\c\nd"`) {
		t.Errorf("%v in %s", err, text.String())
	}
}

func TestShutdownFinishesRequestsInFlight(t *testing.T) {
	r := start(t)
	type outcome struct {
		reply
		err error
	}
	slow := make(chan outcome, 1)
	go func() {
		got, err := try(client(t, "h1"), "http://"+r.http+"/slow?echo-delay=400ms")
		slow <- outcome{got, err}
	}()
	awaitMetric(t, r, "echo_requests_in_flight 1")
	r.signals <- syscall.SIGTERM
	if got := <-slow; got.err != nil || got.StatusCode != 200 {
		t.Errorf("the request in flight: %v %v", got.Response, got.err)
	}
	r.wait(5 * time.Second)
	if _, err := net.Dial("tcp", r.http); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the end: %v", err)
	}
}

// awaitMetric asks again until the admin port shows a line, for at most 5 s: there is no event to wait for outside.
func awaitMetric(t *testing.T, r *running, line string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if strings.Contains(get(t, client(t, "h1"), "http://"+r.admin+"/metrics").body, line) {
			return
		}
	}
	t.Fatalf("%s did not come", line)
}

func TestDrainDelayGoesOnAcceptingWhileNotReady(t *testing.T) {
	r := start(t, "--drain-delay", "600ms")
	kept := client(t, "h1")
	get(t, kept, "http://"+r.http+"/")
	r.signals <- syscall.SIGTERM
	for end := time.Now().Add(5 * time.Second); get(t, client(t, "h1"), "http://"+r.admin+"/readyz").StatusCode == 200; {
		if time.Now().After(end) {
			t.Fatal("still ready")
		}
	}
	if got := get(t, kept, "http://"+r.http+"/"); got.StatusCode != 200 || !got.Close {
		t.Errorf("while draining: %d, Connection: close is %t", got.StatusCode, got.Close)
	}
	r.wait(5 * time.Second)
}

func TestWebSocketsAreKeptUntilTheGraceEnds(t *testing.T) {
	r := start(t, "--grace", "500ms")
	conn := dial(t, "ws://"+r.http+"/", nil)
	roundTrip(t, conn, websocket.MessageText, "before")
	r.signals <- syscall.SIGTERM
	began := time.Now()
	roundTrip(t, conn, websocket.MessageText, "during")
	_, _, err := conn.Read(t.Context())
	if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway || time.Since(began) < 400*time.Millisecond {
		t.Errorf("ended with %v (%v) after %s", code, err, time.Since(began))
	}
	r.wait(5 * time.Second)
}

func TestShutdownEndsEarlyWhenTheLastWebSocketCloses(t *testing.T) {
	r := start(t, "--grace", "60s")
	conn := dial(t, "ws://"+r.http+"/", nil)
	roundTrip(t, conn, websocket.MessageText, "before")
	r.signals <- syscall.SIGTERM
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	r.wait(5 * time.Second)
}

func TestConfigurationMistakesAreNamed(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	for want, args := range map[string][]string{
		"unexpected argument": {"serve"}, "invalid address": {"--http", "8080"}, "nothing to serve": {"--http", "none", "--https", "none"},
		"belong together": {"--cert-file", "x"}, "unknown field \"colour\"": {"--fields", "path,colour"}, "200 to 599": {"--status", "1"},
		"must not be negative": {"--grace", "-1s"},
	} {
		if _, err := parseConfig(args, none, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q in it", args, err, want)
		}
	}
	bad := func(name string) (string, bool) { return "soon", name == "ECHO_DELAY" }
	if _, err := parseConfig(nil, bad, io.Discard); err == nil || !strings.Contains(err.Error(), "ECHO_DELAY") {
		t.Errorf("environment: %v", err)
	}
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	lookup := func(name string) (string, bool) { return "from-environment", name == "ECHO_SERVICE" }
	cfg, err := parseConfig([]string{"--service", "from-flag"}, lookup, io.Discard)
	if err != nil || cfg.identity.service != "from-flag" {
		t.Errorf("%q %v", cfg.identity.service, err)
	}
}

func TestTakenPortIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	none := func(string) (string, bool) { return "", false }
	var stderr strings.Builder
	code := run([]string{"--http", taken.Addr().String(), "--https", "none", "--admin", "127.0.0.1:0"}, none, io.Discard, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), taken.Addr().String()) {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
}
