// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import "sync"

// maxFailureKeys bounds the memory of failures that requests ask for; tests use a few keys.
const maxFailureKeys = 4096

// failures counts how often a request that shall fail at first was seen. The zero value is ready to use.
type failures struct {
	mu   sync.Mutex
	seen map[string]int
}

// next returns the number of this request under its key, from 1 on, and whether it is still to fail. The empty key counts
// the whole process. Once maxFailureKeys are in use, requests with a new key do not fail.
func (f *failures) next(key string, first int) (int, bool) {
	if first == 0 {
		return 0, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	number, known := f.seen[key]
	if number >= first || !known && len(f.seen) >= maxFailureKeys {
		return number, false
	}
	f.seen[key] = number + 1
	return number + 1, true
}
