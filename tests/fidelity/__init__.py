# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of nginx, held against recorded answers of a real controller, and both witnesses against each other."""
