// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// plane is an HTTP server that remembers how it was asked.
type plane struct {
	*httptest.Server
	mu          sync.Mutex
	connections int
	requests    []*http.Request
}

func newPlane(t *testing.T, overTLS bool, handler http.HandlerFunc) *plane {
	t.Helper()
	p := &plane{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests = append(p.requests, r)
		p.mu.Unlock()
		handler(w, r)
	}))
	p.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			p.mu.Lock()
			p.connections++
			p.mu.Unlock()
		}
	}
	p.Config.Protocols = new(http.Protocols)
	p.Config.Protocols.SetHTTP1(true)
	p.Config.Protocols.SetHTTP2(true)
	p.Config.Protocols.SetUnencryptedHTTP2(true)
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail on purpose
	p.EnableHTTP2 = overTLS
	if overTLS {
		p.StartTLS()
	} else {
		p.Start()
	}
	t.Cleanup(p.Close)
	return p
}

func (p *plane) address() string { return p.Listener.Addr().String() }

func (p *plane) seen() (requests []*http.Request, connections int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*http.Request(nil), p.requests...), p.connections
}

// caFile is a file with the certificate of a TLS plane (it names example.com).
func (p *plane) caFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("fine")) }

// echoSocket echoes the messages of a WebSocket, the first limit ones if that is not negative, and then cuts it.
func echoSocket(limit int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for n := 0; n != limit; n++ {
			kind, text, err := conn.Read(context.Background())
			if err != nil || conn.Write(context.Background(), kind, text) != nil {
				return
			}
		}
		_, _, _ = conn.Read(context.Background()) // the message that gets no echo
	}
}

// completed is a target with its defaults.
func completed(t *testing.T, from target) target {
	t.Helper()
	if err := from.complete(); err != nil {
		t.Fatal(err)
	}
	return from
}

// send lets targets run for a time and returns the whole report.
func send(t *testing.T, duration time.Duration, targets ...target) *report {
	t.Helper()
	for i := range targets {
		targets[i] = completed(t, targets[i])
	}
	r := newRunner(1_000_000, 256)
	if _, err := r.add(targets); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(duration, func() { r.stop("the test") })
	defer timer.Stop()
	return r.wait()
}

// echoSilently takes the messages of a WebSocket and echoes none.
func echoSilently(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for {
		if _, _, err := conn.Read(context.Background()); err != nil {
			return
		}
	}
}

// writePEM writes the certificate of nobody's: one that no plane of these tests shows.
func writePEM(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.com"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "other.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
