# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway makes of request targets: all pairs were seen on a real one, with MERGE_SLASHES."""

from __future__ import annotations

import pytest
from ansible_collections.sealos.istio_migration.plugins.module_utils._http.uri import BadTargetError
from ansible_collections.sealos.istio_migration.plugins.module_utils._istio.normalisation import normalised_target


@pytest.mark.parametrize(
    ("target", "heard"),
    [
        ("/", "/"),
        ("/e/..", "/"),
        ("/../x", "/x"),
        ("/.%2e/x", "/x"),
        ("/a/...", "/a/..."),
        ("/e/;/../x", "/e/x"),
        ("/e//../x", "/e/x"),
        ("/e///..//x", "/e/x"),
        ("/.//x", "/x"),
        ("//", "//"),
        ("///", "//"),
        ("/e/..//", "//"),
        ("/e/..//x", "/x"),
        ("/%66oo%7E%2D", "/foo~-"),
        ("/foo%2Fbar", "/foo%2Fbar"),
        ("/%2541", "/%2541"),
        ("/%5c..%5cx", "/%5c..%5cx"),
        ("/a\\..\\b", "/b"),
        ("/e/%zz/../x", "/e/x"),
        ("/%zz", "/%zz"),
        ('/a"<>^`{|}b', "/a%22%3C%3E%5E%60%7B%7C%7Db"),
        ("/a+b;c=d,e@f:g!$&'()*[]", "/a+b;c=d,e@f:g!$&'()*[]"),
        ('/a?x=%zz{"<&y=//../%41', '/a?x=%zz{"<&y=//../%41'),
        ("/a?b=%00", "/a?b=%00"),
        ("/a#b?c", "/a"),
        ("/a?b#c", "/a?b"),
    ],
)
def test_what_the_gateway_hears(target: str, heard: str) -> None:
    assert normalised_target(target) == heard
    assert normalised_target(heard) == heard


@pytest.mark.parametrize("target", ["*", "", "/a%00", "/\xe4", "/a?\xe4"])
def test_what_the_gateway_refuses(target: str) -> None:
    with pytest.raises(BadTargetError):
        normalised_target(target)
