// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEachFailureHasItsKind(t *testing.T) {
	closed := newPlane(t, false, ok)
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	plain := newPlane(t, false, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/half":
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("12345"))
		case "/garbage":
			conn, _, _ := http.NewResponseController(w).Hijack()
			_, _ = conn.Write([]byte("what?\r\n\r\n"))
			_ = conn.Close()
		case "/slow":
			<-r.Context().Done()
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
		default:
			ok(w, r)
		}
	})
	overTLS := newPlane(t, true, ok)
	other := newPlane(t, true, ok)
	for name, c := range map[string]struct {
		target target
		want   kind
	}{
		"nobody listens":      {target{Address: closed.address()}, kindConnect},
		"no handshake":        {target{Address: silent.Addr().String(), Scheme: "https", Insecure: true, Timeout: duration(200 * time.Millisecond)}, kindConnect},
		"no TLS there":        {target{Address: plain.address(), Scheme: "https", Insecure: true}, kindTLS},
		"wrong name":          {target{Address: overTLS.address(), Scheme: "https", CAFile: overTLS.caFile(t)}, kindTLS},
		"closed unanswered":   {target{Address: plain.address(), Path: "/abort"}, kindReset},
		"h2 stream reset":     {target{Address: plain.address(), Path: "/abort", Protocol: "h2"}, kindReset},
		"half an answer":      {target{Address: plain.address(), Path: "/half"}, kindReset},
		"half an answer, h2":  {target{Address: plain.address(), Path: "/half", Protocol: "h2"}, kindReset},
		"not HTTP":            {target{Address: plain.address(), Path: "/garbage"}, kindProtocol},
		"too slow":            {target{Address: plain.address(), Path: "/slow", Timeout: duration(100 * time.Millisecond)}, kindTimeout},
		"another status":      {target{Address: plain.address(), Path: "/redirect"}, kindStatus},
		"another body":        {target{Address: plain.address(), Contains: "excellent"}, kindBody},
		"another certificate": {target{Address: other.address(), Scheme: "https", CAFile: writePEM(t), ServerName: "example.com"}, kindTLS},
		"not gRPC":            {target{Address: plain.address(), Protocol: "grpc"}, kindProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			c.target.Host = "a.example.test"
			one := completed(t, c.target)
			e, err := newExchanger(&one)
			if err != nil {
				t.Fatal(err)
			}
			defer e.close()
			ctx, cancel := context.WithTimeout(t.Context(), min(time.Duration(one.Timeout), 5*time.Second))
			defer cancel()
			if _, got := e.exchange(ctx, false); got == nil || got.kind != c.want || got.reason == "" {
				t.Errorf("got %v, want kind %q", got, c.want)
			}
		})
	}
}

func TestHostNameServerNameAndSource(t *testing.T) {
	p := newPlane(t, true, ok)
	result := send(t, 300*time.Millisecond, target{
		Host: "never-resolved.invalid:8443", Address: p.address(), Scheme: "https", Insecure: true, Rate: 20, Source: "127.0.0.9",
		Path: "/a%2Fb//c?x=1", Headers: map[string]string{"X-A": "1"},
	})
	requests, _ := p.seen()
	if result.Totals.Failures > 0 || len(requests) < 4 {
		t.Fatalf("%d requests, %+v", len(requests), result.Totals)
	}
	r := requests[0]
	if r.Host != "never-resolved.invalid:8443" || r.TLS.ServerName != "never-resolved.invalid" || r.RequestURI != "/a%2Fb//c?x=1" ||
		r.Header.Get("X-A") != "1" || !strings.HasPrefix(r.RemoteAddr, "127.0.0.9:") || r.ProtoMajor != 1 {
		t.Errorf("host %q, SNI %q, path %q, from %s, %s", r.Host, r.TLS.ServerName, r.RequestURI, r.RemoteAddr, r.Proto)
	}
}

func TestVerifiedCertificate(t *testing.T) {
	p := newPlane(t, true, ok)
	result := send(t, 200*time.Millisecond, target{Host: "example.com", Address: p.address(), Scheme: "https", CAFile: p.caFile(t), Rate: 20, Protocol: "h2"})
	requests, _ := p.seen()
	if result.Totals.Failures > 0 || len(requests) == 0 || requests[0].ProtoMajor != 2 {
		t.Errorf("%+v, %d requests", result.Hosts[0], len(requests))
	}
}

func TestShareOfFreshConnections(t *testing.T) {
	for share, most := range map[float64]int{0: 1, 0.25: 11, 1: 1000} {
		p := newPlane(t, false, ok)
		send(t, 400*time.Millisecond, target{Host: "a.example.test", Address: p.address(), Rate: 100, Fresh: &share, Concurrency: 1})
		requests, connections := p.seen()
		if want := int(share * float64(len(requests))); connections < want || connections > min(want+1, most) {
			t.Errorf("share %v: %d requests came on %d connections", share, len(requests), connections)
		}
	}
}

// A server that closes a kept connection at its second request: net/http sends such a request again.
func TestAResentRequestIsCountedApart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go answerOncePerConnection(listener)
	one := completed(t, target{Host: "a.example.test", Address: listener.Addr().String()})
	e, err := newExchanger(&one)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	for i, want := range []int{0, 1, 1} {
		if resent, failure := e.exchange(t.Context(), false); failure != nil || resent != want {
			t.Errorf("request %d: sent again %d times, want %d; %v", i, resent, want, failure)
		}
	}
}

func answerOncePerConnection(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			requests := bufio.NewReader(conn)
			if _, err := http.ReadRequest(requests); err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			_, _ = http.ReadRequest(requests)
		}()
	}
}

func TestGRPCHealth(t *testing.T) {
	answer := func(message, status string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			if message == "" { // an answer of trailers only has them in its headers
				w.Header().Set("Grpc-Status", status)
				return
			}
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = w.Write(grpcFrame([]byte(message)))
			w.Header().Set("Grpc-Status", status)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		overTLS bool
		want    kind
	}{
		"serving": {answer("\x08\x01", "0"), true, ""}, "serving, cleartext": {answer("\x08\x01", "0"), false, ""},
		"not serving": {answer("\x08\x02", "0"), true, kindBody}, "unavailable": {answer("", "14"), true, kindStatus},
		"a proxy's 404": {http.NotFound, true, kindStatus},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlane(t, c.overTLS, c.handler)
			one := target{Host: "a.example.test", Address: p.address(), Protocol: "grpc"}
			if c.overTLS {
				one.Scheme, one.Insecure = "https", true
			}
			one = completed(t, one)
			e, err := newExchanger(&one)
			if err != nil {
				t.Fatal(err)
			}
			defer e.close()
			if _, got := e.exchange(t.Context(), false); (got == nil) != (c.want == "") || got != nil && got.kind != c.want {
				t.Errorf("got %v, want kind %q", got, c.want)
			}
			if requests, _ := p.seen(); requests[0].URL.Path != healthCheckPath || requests[0].Header.Get("Te") != "trailers" {
				t.Errorf("asked %s with %v", requests[0].URL, requests[0].Header)
			}
		})
	}
}
