// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAnswerTellsWhatWasReceived(t *testing.T) {
	environment := map[string]string{"ECHO_SERVICE": "shop", "POD_NAME": "shop-1", "POD_NAMESPACE": "ns-a"}
	r := startWith(t, environment)
	for _, c := range []struct{ protocol, scheme, proto string }{
		{"h1", "http", "HTTP/1.1"}, {"h2", "http", "HTTP/2.0"}, {"h1", "https", "HTTP/1.1"}, {"h2", "https", "HTTP/2.0"},
	} {
		t.Run(c.protocol+" "+c.scheme, func(t *testing.T) {
			address := r.http
			if c.scheme == "https" {
				address = r.https
			}
			request, err := http.NewRequest(http.MethodPost, c.scheme+"://"+address+"/a%2Fb//c/?x=1&y", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			request.Host = "shop.example.test"
			request.Header["X-Twice"] = []string{"1", "2"}
			response, err := client(t, c.protocol).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			content, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := reply{response, string(content)}.fields(t)
			for name, want := range map[string]any{
				"service": "shop", "pod": "shop-1", "namespace": "ns-a", "method": "POST", "host": "shop.example.test",
				"path": "/a%2Fb//c/?x=1&y", "proto": c.proto, "scheme": c.scheme, "body_length": 5.0,
				"body_sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
			} {
				if got[name] != want {
					t.Errorf("%s is %v, not %v", name, got[name], want)
				}
			}
			if twice := got["headers"].(map[string]any)["x-twice"]; len(twice.([]any)) != 2 {
				t.Errorf("x-twice is %v", twice)
			}
			checkTLS(t, got["tls"], c.scheme)
		})
	}
}

func checkTLS(t *testing.T, got any, scheme string) {
	t.Helper()
	if scheme == "http" {
		if got != nil {
			t.Errorf("tls is %v over cleartext", got)
		}
		return
	}
	if name := got.(map[string]any)["server_name"]; name != "tls.example.test" {
		t.Errorf("server_name is %v", name)
	}
}

func TestFieldsRestrictTheAnswer(t *testing.T) {
	r := startWith(t, map[string]string{"ECHO_FIELDS": "path,service", "ECHO_SERVICE": "shop"})
	got := get(t, client(t, "h1"), "http://"+r.http+"/p?q=1", "X-Any: thing").body
	if want := "{\"path\":\"/p?q=1\",\"service\":\"shop\"}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
