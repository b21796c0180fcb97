// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// content is a body whose length is known before it is written.
type content struct {
	reader io.Reader
	length int64
}

const fillerLine = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.\n"

// filler is an endless text of 64-byte lines.
type filler struct{}

func (filler) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], fillerLine)
	}
	return n, nil
}

// stream writes a body in chunks, each flushed, with a pause between two.
type stream struct {
	w          http.ResponseWriter
	ctx        context.Context
	compress   *gzip.Writer // nil for an uncompressed body
	chunkDelay time.Duration
	cut        bool // close the connection when half of the body is written
}

// write aborts the request when the client is gone, or when the body is to be cut.
func (s *stream) write(body content, chunks int) {
	for i := range int64(chunks) {
		from, to := body.length*i/int64(chunks), body.length*(i+1)/int64(chunks)
		if i > 0 && !wait(s.ctx, s.chunkDelay) {
			panic(http.ErrAbortHandler)
		}
		length := to - from
		if s.cut && to*2 >= body.length {
			s.writeChunk(body.reader, body.length/2-from)
			panic(http.ErrAbortHandler)
		}
		s.writeChunk(body.reader, length)
	}
	if s.compress != nil && s.compress.Close() != nil {
		panic(http.ErrAbortHandler)
	}
}

func (s *stream) writeChunk(source io.Reader, length int64) {
	var target io.Writer = s.w
	if s.compress != nil {
		target = s.compress
	}
	if _, err := io.CopyN(target, source, length); err != nil {
		panic(http.ErrAbortHandler)
	}
	if s.compress != nil && s.compress.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
	if http.NewResponseController(s.w).Flush() != nil {
		panic(http.ErrAbortHandler)
	}
}

// respondEvents sends server-sent events; the data of each is {"sequence": N, "service": ..., "pod": ...}.
func (h *handler) respondEvents(w http.ResponseWriter, how *behaviour, in received) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(how.status)
	out := &stream{w: w, ctx: in.request.Context()}
	for sequence := 1; sequence <= how.events; sequence++ {
		if sequence > 1 && !wait(out.ctx, how.chunkDelay) {
			panic(http.ErrAbortHandler)
		}
		data, err := json.Marshal(map[string]any{"sequence": sequence, "service": h.identity.service, "pod": h.identity.pod})
		if err != nil {
			panic(err) // strings and a number can always be encoded
		}
		event := fmt.Sprintf("id: %d\ndata: %s\n\n", sequence, data)
		out.writeChunk(strings.NewReader(event), int64(len(event)))
	}
}
