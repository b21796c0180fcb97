// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// output is what a command prints, and tells when the run is ready.
type output struct {
	bytes.Buffer
	ready chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("load: ready")) {
		close(o.ready)
	}
	return o.Buffer.Write(p)
}

// background runs "load run" and returns where it listens, and a function that waits for its exit code and output.
func background(t *testing.T, args ...string) (socket string, wait func() (int, string)) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "control")
	out := &output{ready: make(chan struct{})}
	done := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		done <- execute(append([]string{"run", "--control", socket, "--duration", "20s"}, args...), out, &stderr)
	}()
	select {
	case <-out.ready:
	case code := <-done:
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	return socket, func() (int, string) { return <-done, out.String() + stderr.String() }
}

func call(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := execute(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func writeTargets(t *testing.T, targets ...map[string]any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "targets.jsonl")
	var text bytes.Buffer
	for _, one := range targets {
		if err := json.NewEncoder(&text).Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheWholeRunOverTheSocket(t *testing.T) {
	served := make(chan string, 10_000)
	p := newPlane(t, false, func(w http.ResponseWriter, r *http.Request) {
		served <- r.Host
		if r.Host == "b.example.test" {
			http.Error(w, "", http.StatusServiceUnavailable)
		}
	})
	summary := filepath.Join(t.TempDir(), "summary.json")
	socket, wait := background(t, "--summary", summary, "--fail-on-failures")
	file := writeTargets(t,
		map[string]any{"plane": "nginx", "host": "a.example.test", "address": p.address(), "rate": 50},
		map[string]any{"plane": "istio", "host": "b.example.test", "address": p.address(), "rate": 50})
	for _, want := range []string{"added 2, 0 ran already\n", "added 0, 2 ran already\n"} {
		if code, out, stderr := call(t, "add", "--control", socket, file); code != 0 || out != want {
			t.Fatalf("exit %d, %q, %s", code, out, stderr)
		}
	}
	for seen := map[string]bool{}; len(seen) < 2; {
		seen[<-served] = true
	}
	if _, out, _ := call(t, "remove", "--control", socket, "--host", "b.example.test", "--plane", "nginx"); out != "removed 0\n" {
		t.Errorf("remove of no target: %q", out)
	}
	if _, out, _ := call(t, "remove", "--control", socket, "--host", "b.example.test"); out != "removed 1\n" {
		t.Errorf("remove: %q", out)
	}
	var sofar, final report
	if _, out, _ := call(t, "report", "--control", socket, "--series"); json.Unmarshal([]byte(out), &sofar) != nil || len(sofar.Hosts[0].Series) == 0 || sofar.EndedBy != "" {
		t.Errorf("report: %q", out)
	}
	if _, out, _ := call(t, "stop", "--control", socket); json.Unmarshal([]byte(out), &final) != nil || final.EndedBy != "a stop command" {
		t.Errorf("stop: %q", out)
	}
	code, text := wait()
	if code != exitFailures || !strings.Contains(text, "failed: b.example.test on istio: ") || strings.Contains(text, "failed: a.") {
		t.Errorf("exit %d:\n%s", code, text)
	}
	written, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	var fromFile report
	if err := json.Unmarshal(written, &fromFile); err != nil || fromFile.Totals != final.Totals || final.Totals.Failures == 0 || final.Totals.Requests < sofar.Totals.Requests {
		t.Errorf("%v: file %+v, stop %+v, before %+v", err, fromFile.Totals, final.Totals, sofar.Totals)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestMistakesOverTheSocketAreTold(t *testing.T) {
	socket, wait := background(t)
	for want, args := range map[string][]string{
		"remove what?":           {"remove", "--control", socket},
		"\"address\"":            {"add", "--control", socket, writeTargets(t, map[string]any{"host": "a"})},
		"no such file":           {"add", "--control", socket, writeTargets(t, map[string]any{"host": "a.example.test", "address": "127.0.0.1:1", "scheme": "https", "ca_file": "/nonexistent"})},
		"no load runs":           {"report", "--control", socket + "x"},
		"--control is missing":   {"stop"},
		"want 1 arguments":       {"add", "--control", socket},
		"unknown command \"go\"": {"go"},
	} {
		if code, _, stderr := call(t, args...); code == exitOK || code == exitFailures || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, %q, want %q in it", args, code, stderr, want)
		}
	}
	for want, line := range map[string]string{"not a command": "what\n", "unknown command": "{\"command\":\"pause\"}\n", "\"colour\"": "{\"command\":\"stop\",\"colour\":1}\n"} {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		var reply answer
		if err := json.NewDecoder(conn).Decode(&reply); err != nil || !strings.Contains(reply.Error, strings.Trim(want, "\"")) {
			t.Errorf("%q: %+v, %v", line, reply, err)
		}
		conn.Close()
	}
	call(t, "stop", "--control", socket)
	if code, text := wait(); code != exitOK {
		t.Errorf("exit %d: %s", code, text)
	}
}

func TestTheSocketOfARunningLoadIsNotTaken(t *testing.T) {
	socket, wait := background(t)
	if code, _, stderr := call(t, "run", "--control", socket); code != exitRuntime || !strings.Contains(stderr, "belongs to a running process") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	call(t, "stop", "--control", socket)
	wait()
}

func TestAStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false) // as after a kill
	left.Close()
	c, err := listen(path, newRunner(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	c.close()
}

func TestBadFlagsSendNothing(t *testing.T) {
	p := newPlane(t, false, ok)
	good := writeTargets(t, map[string]any{"host": "a.example.test", "address": p.address()})
	for want, args := range map[string][]string{
		"nothing to do": {"run"}, "--duration": {"run", "--targets", good, "--duration", "0s"}, "--max-requests": {"run", "--targets", good, "--max-requests", "0"},
		"at most 107":     {"run", "--control", "/" + strings.Repeat("x", 107)},
		"--max-in-flight": {"run", "--targets", good, "--max-in-flight", "0"}, "not defined": {"run", "--speed", "9"}, "no such file": {"run", "--targets", "/nonexistent"},
	} {
		if code, _, stderr := call(t, args...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, %q", args, code, stderr)
		}
	}
	if requests, _ := p.seen(); len(requests) > 0 {
		t.Errorf("%d requests were sent", len(requests))
	}
}

func TestDurationAndSignalEndARun(t *testing.T) {
	p := newPlane(t, false, ok)
	file := writeTargets(t, map[string]any{"host": "a.example.test", "address": p.address(), "rate": 50})
	code, out, _ := call(t, "run", "--targets", file, "--duration", "300ms", "--fail-on-failures")
	if code != exitOK || !strings.Contains(out, "ended by its duration") {
		t.Errorf("exit %d: %s", code, out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(200*time.Millisecond, cancel) // as signal.NotifyContext does
	defer timer.Stop()
	var text bytes.Buffer
	code, err := run(ctx, runOptions{duration: time.Minute, maxRequests: 100, maxInFlight: 1}, nil, &text)
	if code != exitOK || err != nil || !strings.Contains(text.String(), "ended by a signal") {
		t.Errorf("exit %d, %v: %s", code, err, text.String())
	}
}
