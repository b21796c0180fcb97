// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// handler answers all requests of the main ports; no path of them is special.
type handler struct {
	identity identity
	fields   []string
	standing behaviour
	counters *counters
	failures *failures
	sockets  *sockets
	grpc     http.Handler
	draining *atomic.Bool
	requests *log.Logger // nil when requests are not logged
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protocol := protocolOf(r)
	defer h.counters.begin(requestKey{r.URL.EscapedPath(), r.Method, protocol})()
	if h.requests != nil {
		h.requests.Printf("%s %q %s %s", r.Method, r.RequestURI, protocol, r.RemoteAddr)
	}
	if h.draining.Load() && protocol != protocolWebSocket {
		w.Header().Set("Connection", "close") // HTTP/2 turns it into a GOAWAY
	}
	how, err := behaviourOf(h.standing, r)
	if err != nil {
		fail(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	if how.close == closeNow {
		panic(http.ErrAbortHandler)
	}
	in := received{request: r}
	if protocol != protocolGRPC && protocol != protocolWebSocket {
		if err := in.readBody(); err != nil {
			panic(http.ErrAbortHandler) // the client is gone: there is nobody to answer
		}
	}
	if how.close == closeAfterBody || !wait(r.Context(), how.delay) {
		panic(http.ErrAbortHandler)
	}
	if h.refused(w, &how, r) {
		return
	}
	switch protocol {
	case protocolGRPC:
		h.grpc.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), receivedKey{}, in)))
	case protocolWebSocket:
		h.serveWebSocket(w, &how, in)
	default:
		h.respond(w, &how, in)
	}
}

func (h *handler) refused(w http.ResponseWriter, how *behaviour, r *http.Request) bool {
	if name := how.refusedHeader(r); name != "" {
		text := fmt.Sprintf("this backend refuses every request that carries the header %q", name)
		fail(w, how.refuseStatus, map[string]string{"error": text, "header": name})
		return true
	}
	key := ""
	if how.failFirstAsked {
		key = r.RequestURI
	}
	number, failing := h.failures.next(key, how.failFirst)
	if failing {
		text := fmt.Sprintf("failure %d of the %d that were asked for", number, how.failFirst)
		fail(w, how.failStatus, map[string]string{"error": text})
	}
	return failing
}

// fail answers with an error of our own making, as one JSON object.
func fail(w http.ResponseWriter, status int, content map[string]string) {
	encoded, err := json.Marshal(content)
	if err != nil {
		panic(err) // a map of strings can always be encoded
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(encoded, '\n')) // a client that is gone by now needs no answer
}

func (in *received) readBody() error {
	hash := sha256.New()
	length, err := io.Copy(hash, in.request.Body)
	if err != nil {
		return err
	}
	in.bodyLength, in.bodySHA256 = length, hex.EncodeToString(hash.Sum(nil))
	return nil
}

func (h *handler) respond(w http.ResponseWriter, how *behaviour, in received) {
	for _, field := range how.headers {
		w.Header().Add(field.name, field.value)
	}
	if how.events > 0 {
		h.respondEvents(w, how, in)
		return
	}
	body, err := h.body(w, how, in)
	if err != nil {
		fail(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	out := &stream{w: w, ctx: in.request.Context(), chunkDelay: how.chunkDelay, cut: how.close == closeMidBody}
	if how.gzip == gzipAlways || how.gzip == gzipAuto && acceptsGzip(in.request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Add("Vary", "Accept-Encoding")
		out.compress = gzip.NewWriter(w)
	} else if how.chunks == 1 && !out.cut && statusAllowsBody(how.status) {
		w.Header().Set("Content-Length", strconv.FormatInt(body.length, 10))
	}
	w.WriteHeader(how.status)
	if statusAllowsBody(how.status) {
		out.write(body, how.chunks)
	}
}

// body is the JSON answer, or filler when a size was asked for; it sets the Content-Type unless the request chose one.
func (h *handler) body(w http.ResponseWriter, how *behaviour, in received) (content, error) {
	if how.size >= 0 {
		setContentType(w, "text/plain; charset=utf-8")
		return content{reader: filler{}, length: how.size}, nil
	}
	encoded, err := answer(h.identity, h.fields, in)
	if err != nil {
		return content{}, err
	}
	setContentType(w, "application/json")
	return content{reader: strings.NewReader(string(encoded)), length: int64(len(encoded))}, nil
}

func setContentType(w http.ResponseWriter, value string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", value)
	}
}

func statusAllowsBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

func acceptsGzip(r *http.Request) bool {
	return httpguts.HeaderValuesContainsToken(r.Header.Values("Accept-Encoding"), "gzip")
}

// wait returns false when the client went away before the duration was over.
func wait(ctx context.Context, duration time.Duration) bool {
	if duration == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
