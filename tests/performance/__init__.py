# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks: figures and ratios measured in one run, never assertions about time."""
