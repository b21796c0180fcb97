# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m sandbox.images.ingress_nginx SOURCE_ROOTFS DEST`: make what an ingress-nginx Pod gets as /etc/nginx."""

from __future__ import annotations

import argparse
from pathlib import Path

from sandbox.images.ingress_nginx.edits import EditError
from sandbox.images.ingress_nginx.folder import FolderError, make


def main() -> None:
    """Exit with 1 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python3 -m sandbox.images.ingress_nginx", description=__doc__)
    parser.add_argument("source", type=Path, metavar="SOURCE_ROOTFS", help="the module's rootfs/etc/nginx")
    parser.add_argument("target", type=Path, metavar="DEST", help="folder to make; must not exist")
    parser.add_argument(
        "--debian", type=Path, default=Path("/etc/nginx"), help="where Debian's mime.types is (default: %(default)s)"
    )
    options = parser.parse_args()
    try:
        make(options.source, options.target, debian=options.debian)
    except (EditError, FolderError, OSError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
