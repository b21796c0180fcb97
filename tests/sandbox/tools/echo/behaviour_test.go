// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestStatusHeadersAndCookies(t *testing.T) {
	r := start(t)
	query := "?echo-status=302&echo-header=Location:%20/next&echo-header=X-A:1&echo-set-cookie=s%3D1;%20Path=/"
	got := get(t, client(t, "h1"), "http://"+r.http+"/"+query, "echo-set-cookie: ignored=1")
	if got.StatusCode != 302 || got.Header.Get("Location") != "/next" || got.Header.Get("X-A") != "1" {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	if cookies := got.Header["Set-Cookie"]; len(cookies) != 1 || cookies[0] != "s=1; Path=/" {
		t.Errorf("cookies are %q: the query wins over the header", cookies)
	}
}

func TestStandingBehaviourIsTheDefaultOfEachRequest(t *testing.T) {
	r := startWith(t, map[string]string{"ECHO_STATUS": "418", "ECHO_HEADER": "X-A: 1\nX-B: 2"})
	got := get(t, client(t, "h1"), "http://"+r.http+"/")
	if got.StatusCode != 418 || got.Header.Get("X-A") != "1" || got.Header.Get("X-B") != "2" {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	got = get(t, client(t, "h1"), "http://"+r.http+"/", "echo-status: 200", "echo-header: X-C: 3")
	if got.StatusCode != 200 || got.Header.Get("X-A") != "1" || got.Header.Get("X-C") != "3" {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	if got = get(t, client(t, "h1"), "http://"+r.http+"/"); got.Header.Get("X-C") != "" {
		t.Error("one request changed the standing behaviour")
	}
}

func TestDelay(t *testing.T) {
	r := start(t)
	began := time.Now()
	get(t, client(t, "h1"), "http://"+r.http+"/?echo-delay=120ms")
	if took := time.Since(began); took < 120*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

func TestSizeAndChunks(t *testing.T) {
	r := start(t)
	for _, c := range []struct {
		query  string
		length int64 // Content-Length, -1 for none
	}{{"echo-size=100000", 100000}, {"echo-size=100000&echo-chunks=7&echo-chunk-delay=5ms", -1}, {"echo-size=0", 0}} {
		began := time.Now()
		got := get(t, client(t, "h1"), "http://"+r.http+"/?"+c.query)
		var size int
		fmt.Sscanf(c.query, "echo-size=%d", &size)
		if len(got.body) != size || got.ContentLength != c.length {
			t.Errorf("%s: %d bytes, Content-Length %d", c.query, len(got.body), got.ContentLength)
		}
		if strings.Contains(c.query, "delay") && time.Since(began) < 30*time.Millisecond {
			t.Errorf("%s: six pauses of 5 ms took %s", c.query, time.Since(began))
		}
	}
}

func TestClose(t *testing.T) {
	r := start(t)
	for _, protocol := range []string{"h1", "h2"} {
		for _, mode := range []string{"now", "after-body", "mid-body"} {
			got, err := try(client(t, protocol), "http://"+r.http+"/?echo-size=1000&echo-close="+mode)
			if err == nil {
				t.Errorf("%s %s: got a whole answer of %d bytes", protocol, mode, len(got.body))
			}
			if want := map[string]int{"mid-body": 500}[mode]; len(got.body) != want {
				t.Errorf("%s %s: got %d bytes before the end, want %d", protocol, mode, len(got.body), want)
			}
		}
	}
}

func TestFailFirst(t *testing.T) {
	r := start(t)
	for _, c := range []struct {
		uri  string
		want int
	}{{"/a?echo-fail-first=2", 503}, {"/b?echo-fail-first=1&echo-fail-status=500", 500}, {"/a?echo-fail-first=2", 503}, {"/a?echo-fail-first=2", 200}, {"/b?echo-fail-first=1&echo-fail-status=500", 200}, {"/c", 200}} {
		if got := get(t, client(t, "h1"), "http://"+r.http+c.uri); got.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d: %s", c.uri, got.StatusCode, c.want, got.body)
		}
	}
	standing := start(t, "--fail-first", "1")
	for i, want := range []int{503, 200, 200} {
		if got := get(t, client(t, "h1"), fmt.Sprintf("http://%s/%d", standing.http, i)); got.StatusCode != want {
			t.Errorf("standing, request %d: got %d, want %d", i, got.StatusCode, want)
		}
	}
}

func TestFailuresKeepTheirMemoryBounded(t *testing.T) {
	var f failures
	for i := range maxFailureKeys {
		if _, failing := f.next(fmt.Sprint(i), 1); !failing {
			t.Fatalf("key %d did not fail", i)
		}
	}
	if _, failing := f.next("one more", 1); failing || len(f.seen) != maxFailureKeys {
		t.Errorf("%d keys are held", len(f.seen))
	}
}

func TestRefuseHeader(t *testing.T) {
	r := startWith(t, map[string]string{"ECHO_REFUSE_HEADER": "x-envoy-attempt-count,x-b3-traceid"})
	if got := get(t, client(t, "h1"), "http://"+r.http+"/"); got.StatusCode != 200 {
		t.Errorf("without the header: %d", got.StatusCode)
	}
	got := get(t, client(t, "h1"), "http://"+r.http+"/", "X-Envoy-Attempt-Count: 1")
	if got.StatusCode != 403 || got.fields(t)["header"] != "x-envoy-attempt-count" {
		t.Errorf("with it: %d %s", got.StatusCode, got.body)
	}
}

func TestGzip(t *testing.T) {
	r := start(t)
	for _, c := range []struct {
		query, accept string
		want          bool
	}{{"echo-gzip=auto", "br, gzip", true}, {"echo-gzip=auto", "br", false}, {"echo-gzip=always", "br", true}, {"", "gzip", false}} {
		got := get(t, client(t, "h1"), "http://"+r.http+"/?echo-size=5000&"+c.query, "Accept-Encoding: "+c.accept)
		body := got.body
		if compressed := got.Header.Get("Content-Encoding") == "gzip"; compressed != c.want {
			t.Errorf("%v: compressed is %t", c, compressed)
		} else if compressed {
			reader, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			body = string(plain)
		}
		if len(body) != 5000 {
			t.Errorf("%v: %d bytes", c, len(body))
		}
	}
}

func TestServerSentEvents(t *testing.T) {
	r := start(t, "--service", "ticker")
	got := get(t, client(t, "h1"), "http://"+r.http+"/?echo-sse=3&echo-chunk-delay=1ms")
	if got.Header.Get("Content-Type") != "text/event-stream" || strings.Count(got.body, "\n\n") != 3 ||
		!strings.Contains(got.body, "id: 3\ndata: {") || !strings.Contains(got.body, `"service":"ticker"`) {
		t.Errorf("got %v %q", got.Header, got.body)
	}
}

func TestStatusWithoutBody(t *testing.T) {
	r := start(t)
	for _, status := range []int{204, 304} {
		got := get(t, client(t, "h1"), fmt.Sprintf("http://%s/?echo-status=%d", r.http, status))
		if got.StatusCode != status || got.body != "" {
			t.Errorf("%d: got %d %q", status, got.StatusCode, got.body)
		}
	}
	response, err := client(t, "h1").Head("http://" + r.http + "/?echo-size=1234")
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close(); response.ContentLength != 1234 {
		t.Errorf("HEAD has Content-Length %d", response.ContentLength)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	r := start(t)
	for query, want := range map[string]string{
		"echo-dely=1s": `unknown behaviour "echo-dely"`, "echo-delay=1": `invalid echo-delay="1"`, "echo-delay=-1s": "duration",
		"echo-status=99": "200 to 599", "echo-close=maybe": "choose from", "echo-header=nocolon": "Name: value",
		"echo-header=A:x%0d%0aB:1": "Name: value", "echo-size=9999999999999": "whole number", "echo-refuse-header=a%20b": "header names",
		"echo-delay=%zz": `invalid echo-delay="%zz"`,
	} {
		got := get(t, client(t, "h1"), "http://"+r.http+"/?"+query)
		if text, _ := got.fields(t)["error"].(string); got.StatusCode != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: got %d %q, want %q in it", query, got.StatusCode, text, want)
		}
	}
	if got := get(t, client(t, "h1"), "http://"+r.http+"/?a;b=%zz&c"); got.StatusCode != 200 {
		t.Errorf("a query that is not ours: %d %s", got.StatusCode, got.body)
	}
}
