// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// running is a whole process' worth of echo on free loopback ports.
type running struct {
	t                  *testing.T
	http, https, admin string // host:port
	signals            chan os.Signal
	done               chan struct{} // closed at the end
	err                error         // why it ended; to be read when done is closed
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	return startWith(t, nil, args...)
}

func startWith(t *testing.T, environment map[string]string, args ...string) *running {
	t.Helper()
	lookup := func(name string) (string, bool) { value, found := environment[name]; return value, found }
	ports := []string{"--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--admin", "127.0.0.1:0"}
	cfg, err := parseConfig(append(ports, args...), lookup, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := newServer(cfg, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, signals: make(chan os.Signal, 3), done: make(chan struct{})}
	r.http, r.https, r.admin = srv.listeners[0].Addr().String(), srv.listeners[1].Addr().String(), srv.adminSocket.Addr().String()
	go func() {
		defer close(r.done)
		r.err = srv.serve(context.Background(), r.signals)
	}()
	t.Cleanup(func() {
		r.signals <- syscall.SIGTERM
		r.signals <- syscall.SIGTERM // a second one ends the grace
		r.wait(10 * time.Second)
	})
	return r
}

// wait fails the test when the server does not end in time.
func (r *running) wait(limit time.Duration) {
	r.t.Helper()
	select {
	case <-r.done:
		if r.err != nil {
			r.t.Error(r.err)
		}
	case <-time.After(limit):
		r.t.Errorf("the server did not end within %s", limit)
	}
}

// client speaks one protocol: "h1" or "h2", on http and https URLs alike, without keeping connections.
func client(t *testing.T, protocol string) *http.Client {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(protocol == "h1")
	protocols.SetHTTP2(protocol == "h2")
	protocols.SetUnencryptedHTTP2(protocol == "h2")
	transport := &http.Transport{
		Protocols: protocols, DisableCompression: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "tls.example.test"},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reply is a whole response.
type reply struct {
	*http.Response
	body string
}

// fields is the JSON answer.
func (r reply) fields(t *testing.T) map[string]any {
	t.Helper()
	content := map[string]any{}
	if err := json.Unmarshal([]byte(r.body), &content); err != nil {
		t.Fatalf("%v in %q", err, r.body)
	}
	return content
}

func get(t *testing.T, c *http.Client, url string, headers ...string) reply {
	t.Helper()
	result, err := try(c, url, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// try takes headers as "Name: value".
func try(c *http.Client, url string, headers ...string) (reply, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return reply{}, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Add(name, value)
	}
	response, err := c.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response, string(body)}, err
}
